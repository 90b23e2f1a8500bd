"""What a process that does nothing but decode and parse made of an object, and the most memory it held.

Run as a program: `python peak_memory.py make NAME` writes the object NAME of OBJECTS, `python peak_memory.py read NAME`
reads it from standard input and prints an Outcome as JSON.
"""

import io
import json
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, repeat
from pathlib import Path

import polars as pl

from flowsentry.decode import object_texts
from flowsentry.errors import PoisonError
from flowsentry.parse import parse_chunk
from flowsentry.records.fields import DEFAULT_LOG_FORMAT, FIELDS
from tests.builders import V2, flow_log, line

ROOT = Path(__file__).resolve().parents[2]
STATUS = Path("/proc/self/status")
MIB = 1 << 20
GIB = 1 << 30
HEADER = flow_log([], V2)
RECORD = f"{line(V2)}\n".encode()
RECORDS = RECORD * (MIB // len(RECORD))


@dataclass(frozen=True)
class Outcome:
    """`poison` is the reason where there is one; `rejected` counts lines by their reasons."""

    peak_mib: int
    lines: int
    records: int
    rejected: dict[str, int]
    poison: str | None


def outcome_of(name: str) -> Outcome:
    """What becomes of the object with this name. One process makes it, another reads it."""
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'flowsentry' / 'python'}"}
    command = [sys.executable, str(Path(__file__))]
    with subprocess.Popen([*command, "make", name], stdout=subprocess.PIPE, cwd=ROOT, env=environment) as maker:  # noqa: S603
        found = subprocess.run(  # noqa: S603
            [*command, "read", name], check=True, stdin=maker.stdout, stdout=subprocess.PIPE, cwd=ROOT, env=environment
        )
    return Outcome(**json.loads(found.stdout))


def _peak_kib() -> int:
    """The most memory this program held. What getrusage tells includes the process that it was forked from."""
    (found,) = (each for each in STATUS.read_text().splitlines() if each.startswith("VmHWM:"))
    return int(found.split()[1])


def times(block: bytes, total: int) -> Iterator[bytes]:
    return repeat(block, total // len(block))


def gzipped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, wbits=31)
    for block in blocks:
        yield packer.compress(block)
    yield packer.flush()


def parquet_of(column: pl.Series, rows: int) -> Iterator[bytes]:
    """A file of one row group whose rows are this column, over and over."""
    file = io.BytesIO()
    pl.DataFrame({"srcaddr": column.new_from_index(0, rows) if len(column) == 1 else column}).write_parquet(
        file, row_group_size=rows
    )
    yield file.getvalue()


def parquet_of_every_field(rows: int) -> Iterator[bytes]:
    """A file of one row group with the fields up to version 5, of values all over the place."""
    number = pl.int_range(rows, eager=True)
    columns = {
        field.column: (number.hash(seed) % 200).cast(pl.Int32)
        if field.parquet_type != "STRING"
        else "10.0." + (number.hash(seed) % 200).cast(pl.String) + "." + (number.hash(seed + 99) % 200).cast(pl.String)
        for seed, field in enumerate(FIELDS)
        if field.version <= 5
    }
    columns |= {name: pl.repeat(None, rows, dtype=pl.String, eager=True) for name in ("action", "log_status")}
    columns["flow_direction"] = columns["action"]
    file = io.BytesIO()
    pl.DataFrame(columns).write_parquet(file, compression="gzip", compression_level=1, row_group_size=rows)
    yield file.getvalue()


def parquet_of_values(number: int) -> Iterator[bytes]:
    """A file whose footer is a list of so many numbers."""
    length = b"".join(bytes([number >> shift & 127 | 128]) for shift in (0, 7, 14, 21)) + b"\x00"
    yield b"PAR1\x19\xf5" + length
    yield from times(bytes(MIB), number)
    yield b"\x00" + (number + 8).to_bytes(4, "little") + b"PAR1"


LONG = b"x" * MIB
WIDE = " ".join((*V2, *(f"field-{number}" for number in range(512 - len(V2))))).encode() + b"\n"
KEYED = json.dumps({field.name: "1" for field in FIELDS}).encode() + b"\n"
EVENTS = b'{"messageType":"DATA_MESSAGE","logEvents":[{}'
OBJECTS: dict[str, Callable[[], Iterable[bytes]]] = {
    "zeros": lambda: gzipped(times(bytes(MIB), GIB)),
    "newlines": lambda: gzipped(chain([HEADER], times(b"\n" * MIB, 4 * MIB))),
    "records": lambda: gzipped(chain([HEADER], times(RECORDS, 256 * MIB))),
    "headers": lambda: gzipped(times(HEADER * 9000, 32 * MIB)),
    "line": lambda: times(LONG, 100 * MIB),
    "line_below_header": lambda: chain([HEADER], times(LONG, 100 * MIB)),
    "line_among_records": lambda: chain([HEADER, RECORD], times(LONG, 100 * MIB), [b"\n", RECORD]),
    "gzip_line": lambda: gzipped(times(LONG, 100 * MIB)),
    "gzip_line_below_header": lambda: gzipped(chain([HEADER], times(LONG, 100 * MIB))),
    "words": lambda: gzipped(times(b"version " * (MIB // 8), 100 * MIB)),
    "json_object": lambda: gzipped(chain([b'{"message": "'], times(LONG, GIB), [b'"}'])),
    "json_brackets": lambda: gzipped(chain([b'{"a": '], times(b"[" * MIB, 64 * MIB))),
    "json_lines": lambda: gzipped(times(b'{"message": "%s"}\n' % RECORD[:-1] * 6000, 64 * MIB)),
    "json_run_together": lambda: gzipped(times(b'{"message":"%s"}' % RECORD[:-1] * 6000, 64 * MIB)),
    "json_newlines": lambda: gzipped(chain([b"{}\n"], times(b"\n" * MIB, 4 * MIB))),
    "wide_header": lambda: gzipped(chain([WIDE], times(b"\n" * MIB, 4 * MIB))),
    "short_lines": lambda: gzipped(chain([WIDE], times(b"-\n" * (MIB // 2), 4 * MIB))),
    "too_wide_header": lambda: gzipped(chain([b" ".join([WIDE[:-1], b"last\n"])], times(b"\n" * MIB, 4 * MIB))),
    "json_empty_objects": lambda: gzipped(chain([KEYED], times(b"{}\n" * (MIB // 3), 2 * MIB))),
    "json_values": lambda: gzipped(chain([EVENTS], times(b",{}" * MIB, 24 * MIB), [b"]}"])),
    "parquet_footer": lambda: gzipped(parquet_of_values(100 * MIB)),
    "parquet_rows": lambda: parquet_of(pl.Series(["x" * 64]), 16_000_000),
    "parquet_long_values": lambda: parquet_of(pl.Series(["x" * MIB]), 1000),
    "parquet_long_value": lambda: parquet_of(pl.Series(["x" * (160 * MIB)]), 1),
    "parquet_different_values": lambda: parquet_of(pl.Series(["x" * MIB + str(number) for number in range(300)]), 300),
    "parquet_every_field": lambda: parquet_of_every_field(500_000),
}
"""Objects that are larger than they look, and one that is as it should be."""

WITHOUT_HEADER = ("json_object", "json_brackets", "json_lines", "json_run_together", "json_newlines", "json_values")


def read(blocks: Iterable[bytes], log_formats: Sequence[str]) -> Outcome:
    lines = records = 0
    rejected: Counter[str] = Counter()
    poison = None
    try:
        for parsed in (each for chunk in object_texts(blocks, log_formats) for each in parse_chunk(chunk)):
            lines, records = lines + parsed.lines, records + len(parsed.records)
            rejected += parsed.rejected.counts
    except PoisonError as error:
        poison = error.reason
    peak_mib = _peak_kib() // 1024
    return Outcome(peak_mib, lines, records, dict(rejected), poison)


def main(task: str, name: str) -> None:
    if task == "make":
        sys.stdout.buffer.writelines(OBJECTS[name]())
    else:
        blocks = iter(lambda: sys.stdin.buffer.read(MIB), b"")
        sys.stdout.write(json.dumps(asdict(read(blocks, [DEFAULT_LOG_FORMAT] if name in WITHOUT_HEADER else []))))


if __name__ == "__main__":
    main(*sys.argv[1:])
