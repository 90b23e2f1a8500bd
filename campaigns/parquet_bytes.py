"""Damaged Parquet files: each is read or raises PoisonError, and the next file is read correctly."""

import io
import random
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from pathlib import Path

import polars as pl

from campaigns import worker
from campaigns.inputs.damage import damaged
from campaigns.report import Report
from flowsentry.aws.ingest.parquet_trial import tried
from flowsentry.decode import object_texts
from flowsentry.decode.parquet_pages import TAIL_BYTES
from flowsentry.decode.thrift import Reader
from flowsentry.errors import PoisonError
from flowsentry.parse import parse_chunk
from flowsentry.records.fields import FIELDS

ROWS = 240
COMPRESSIONS = ("gzip", "zstd", "snappy", "uncompressed", "lz4")
GOOD_EVERY = 50
"""Damaged files between two valid ones."""


def run(seconds: float, seed: int) -> Report:
    """The report of damaged files for about `seconds`. A failure is a process that died or exceeded its time or memory,
    an unexpected exception, or a valid file that was not read.
    """
    return worker.run("parquet_bytes", seconds, seed)


def try_one(chance: random.Random, path: Path) -> str:
    """The result of one damaged file: `read` or the reason."""
    data, resources = chance.choice(_files())
    changed = damaged(data, chance, resources)
    path.write_bytes(changed)
    try:
        _records_in(changed)
    except PoisonError as poison:
        what = "ended the trial" if "ended the process" in str(poison) else poison.reason
    else:
        what = "read"
    if chance.randrange(GOOD_EVERY) == 0:
        path.write_bytes(data)
        assert _records_in(data) == ROWS, "a good file was not read"  # noqa: S101 - what is looked for
    return what


def _records_in(data: bytes) -> int:
    return sum(len(each.records) for chunk in object_texts([data], trial=tried) for each in parse_chunk(chunk))


@lru_cache(maxsize=1)
def _files() -> Sequence[tuple[bytes, Sequence[int]]]:
    """Files as AWS and other writers create them, with the offsets of their footers and page headers."""
    frames = (_rows(version) for version in (2, 5))
    variants = product(frames, COMPRESSIONS, (ROWS, 100))
    return [(data, _size_offsets(data)) for data in (_written(*variant) for variant in variants)]


def _written(rows: pl.DataFrame, compression: str, row_group_size: int) -> bytes:
    file = io.BytesIO()
    rows.write_parquet(file, compression=compression, row_group_size=row_group_size)  # type: ignore[arg-type]
    return file.getvalue()


def _rows(version: int) -> pl.DataFrame:
    """Records with all fields up to a version."""
    number = pl.int_range(ROWS, eager=True)
    values = {
        "version": pl.lit(version, pl.Int32),
        "action": pl.lit("ACCEPT"),
        "log_status": pl.lit("OK"),
        "flow_direction": pl.lit("ingress"),
        **{column: "10.0." + (pl.lit(number) % 7).cast(pl.String) + ".1" for column in ("srcaddr", "dstaddr")},
        **{column: "10.0.0." + (pl.lit(number) % 9).cast(pl.String) for column in ("pkt_srcaddr", "pkt_dstaddr")},
    }
    plain = {"STRING": pl.when(pl.lit(number) % 5 > 0).then(pl.lit("a-1")), "INT_64": pl.lit(number) * 1000}
    fields = [field for field in FIELDS if field.version <= version]
    return pl.select(
        values.get(field.column, plain.get(field.parquet_type, (pl.lit(number) % 200).cast(pl.Int32))).alias(
            field.column
        )
        for field in fields
    )


def _size_offsets(data: bytes) -> Sequence[int]:
    """The offsets that hold sizes: the footer, its length, and the page headers."""
    start = len(data) - TAIL_BYTES - int.from_bytes(data[-TAIL_BYTES:-4], "little")
    resources = list(range(start, len(data)))
    for group in Reader(data, start).struct()[4]:
        for column in group[1]:
            reader = Reader(data, min(filter(None, (column[3].get(11), column[3][9]))))
            end = reader.position + column[3][7]
            while reader.position < end:
                first, page = reader.position, reader.struct()
                resources += [*range(first, reader.position)] * 4
                reader.position += page[3]
    return resources
