"""What a process that does nothing but decode and parse made of an object, and the most memory it held.

Run as a program: `python peak_memory.py NAME` reads the object NAME of OBJECTS from standard input and prints an
Outcome as JSON.
"""

import io
import json
import struct
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import chain, repeat
from pathlib import Path
from subprocess import PIPE

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
    """What becomes of the object with this name, in a process that only reads it."""
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'flowsentry' / 'python'}"}
    command = [sys.executable, str(Path(__file__)), name]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, cwd=ROOT, env=environment) as reader:  # noqa: S603
        assert reader.stdin
        with suppress(BrokenPipeError):  # of an object that it does not read to the end
            reader.stdin.writelines(OBJECTS[name]())
        found, _ = reader.communicate()
    return Outcome(**json.loads(found))


def _peak_kib() -> int:
    """The most memory this program held. What getrusage tells includes the process that it was forked from."""
    (found,) = (each for each in STATUS.read_text().splitlines() if each.startswith("VmHWM:"))
    return int(found.split()[1])


def times(block: bytes, total: int) -> Iterator[bytes]:
    return repeat(block, total // len(block))


def gzipped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """One member, in which a repeated block is compressed once: after a full flush nothing refers to earlier bytes."""
    packer, packed, length, checksum = zlib.compressobj(1, wbits=-15), dict[int, tuple[bytes, bytes]](), 0, 0
    yield b"\x1f\x8b\x08" + bytes(7)
    for block in blocks:
        if id(block) not in packed:
            packed[id(block)] = block, packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
        length, checksum = length + len(block), zlib.crc32(block, checksum)
        yield packed[id(block)][1]
    yield packer.flush() + struct.pack("<II", checksum, length % (1 << 32))


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
    "headers": lambda: gzipped(times(HEADER * 9000, 8 * MIB)),
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


def main(name: str) -> None:
    blocks = iter(lambda: sys.stdin.buffer.read(MIB), b"")
    sys.stdout.write(json.dumps(asdict(read(blocks, [DEFAULT_LOG_FORMAT] if name in WITHOUT_HEADER else []))))


if __name__ == "__main__":
    main(*sys.argv[1:])
