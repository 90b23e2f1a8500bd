"""The process that tries Parquet files: `python -m flowsentry.aws.ingest.parquet_child`, started by parquet_trial.

It reads files from standard input, the length of each before it, and answers with a line for each part that it could
read, and one at the end. Whatever a file does to it, it does to it alone.
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
"""What the process may hold. A file at all bounds of decode/parquet.py needs some 900 MB: 256 as stored, 128 of pages,
packed and not, 64 of rows. More: a file that lies about its sizes takes the memory of the function. Less: such files
are set aside."""
_LIKELIEST_TO_END = "1000"
_OWN_SCORE = Path("/proc/self/oom_score_adj")


def bound_memory() -> None:
    """Asking for more memory ends this process; and where all memory is gone, Linux ends it before its parent.

    https://man7.org/linux/man-pages/man5/proc_pid_oom_score_adj.5.html
    """
    with suppress(ValueError, OSError):  # macOS knows the limit and heeds it not
        resource.setrlimit(resource.RLIMIT_DATA, (MAX_BYTES, MAX_BYTES))
    with suppress(OSError):
        _OWN_SCORE.write_text(_LIKELIEST_TO_END)


def answers(data: bytes) -> Iterator[str]:
    """What becomes of one file: as many times READ as it has parts and one more for its schema, then DONE, or why not,
    as JSON.
    """
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
    _tell(READY)
    while len(length := sys.stdin.buffer.read(LENGTH.size)) == LENGTH.size:
        data = sys.stdin.buffer.read(LENGTH.unpack(length)[0])
        for answer in answers(data):
            _tell(answer)
        del data


def _tell(answer: str) -> None:
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
