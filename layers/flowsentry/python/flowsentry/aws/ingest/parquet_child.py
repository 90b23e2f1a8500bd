"""The child process that test-reads Parquet files: `python -m flowsentry.aws.ingest.parquet_child`.

parquet_trial starts it. It reads files from standard input, each after its length, and answers with a line for each
part that it could read and one at the end. A file that crashes it does not affect the function.
"""

import json
import resource
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from flowsentry.decode.parquet import tables
from flowsentry.errors import PoisonError

LENGTH = struct.Struct(">Q")
READY, READ, DONE = "ready", "read", "done"
MAX_BYTES = 1_280 << 20
"""Memory limit of the process. A file at all limits of decode/parquet.py needs some 900 MB: 256 as stored, 128 of
pages, compressed and not, 64 of rows. Higher: a file with false sizes takes the memory of the function. Lower: valid
files of that size are set aside."""
_LIKELIEST_TO_END = "1000"
_OWN_SCORE = Path("/proc/self/oom_score_adj")


def bound_memory() -> None:
    """Limits the memory of this process, and makes Linux kill it before its parent when memory runs out.

    https://man7.org/linux/man-pages/man5/proc_pid_oom_score_adj.5.html
    """
    with suppress(ValueError, OSError):  # macOS accepts the limit and ignores it
        resource.setrlimit(resource.RLIMIT_DATA, (MAX_BYTES, MAX_BYTES))
    with suppress(OSError):
        _OWN_SCORE.write_text(_LIKELIEST_TO_END)


def answers(data: bytes) -> Iterator[str]:
    """The answers about one file: READ for its schema and for each part, then DONE, or `[reason, sentence]` as JSON."""
    try:
        parts = tables([data])
        yield READ
        for _ in parts:
            yield READ
    except PoisonError as poison:
        yield json.dumps([poison.reason, str(poison)])
    else:
        yield DONE


def main() -> None:
    bound_memory()
    _send(READY)
    while len(length := sys.stdin.buffer.read(LENGTH.size)) == LENGTH.size:
        data = sys.stdin.buffer.read(LENGTH.unpack(length)[0])
        for answer in answers(data):
            _send(answer)
        del data


def _send(answer: str) -> None:
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
