"""Enriched flows -> one Parquet file, and its key: the same for the same source, so a second delivery replaces it."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import polars as pl
from polars.io.plugins import register_io_source

from flowsentry.frames import ExplainedFlows
from flowsentry.records.object_key import Origin

ROW_GROUP_ROWS = 125_000
"""Rows held until they are written. More: fewer, better compressed row groups and more memory. Fewer: larger files."""


_SAID_BY_OTHERS = (
    *("source_address", "destination_address", "source_scope", "destination_scope"),
    *("is_ipv6", "is_rejected"),
)
"""Columns of ours that repeat AWS's own (pkt-srcaddr, else srcaddr; tgw-src-vpc-id, else the scope; action): a fifth of
a file of the default format."""


_TEXT = pl.Categorical()


def enriched_key(source: str, at: int) -> str:
    """The key of the enriched object of a source (an object's URL, or a log stream with its first event): by the day of
    `at`, Unix seconds, so that Athena reads only the days asked for.
    """
    digest = hashlib.blake2b(source.encode(), digest_size=16).hexdigest()
    return f"enriched/day={datetime.fromtimestamp(at, UTC):%Y-%m-%d}/{digest}.parquet"


class EnrichedFile(NamedTuple):
    """Where the enriched rows of a source are written, and where they come from."""

    path: Path
    origin: Origin | None = None


def write_enriched(chunks: Iterable[ExplainedFlows], file: EnrichedFile) -> int:
    """The number of rows written to one Parquet file, chunk by chunk, so that memory is bounded by a row
    group; no file when there are none. Types are those that Athena reads: no unsigned ones. Columns are those of the
    first chunk with rows: of a source of several formats, what only later chunks have is left out, and what they do not
    have is null. What the origin tells and the format does not is in columns too: `account_id`, `region`, and
    `flow_log_id`, which no format has.
    """
    waiting = iter(chunks)
    first = next((chunk for chunk in waiting if len(chunk)), None)
    if first is None:
        return 0
    rows = _Rows(chain([first], waiting), file.origin, _athena_types(first, file.origin).schema)
    frame = register_io_source(rows.produced, schema=rows.schema, is_pure=False)
    # Statistics would take a quarter of the time of writing (0.08 of 0.33 s for a million records, November 2026), and
    # a five-minute object is read whole: its day is in its key.
    frame.sink_parquet(
        file.path, row_group_size=ROW_GROUP_ROWS, compression="zstd", compression_level=1, statistics=False
    )
    return rows.count


class _Rows:
    """The chunks in the form in which polars asks for them, counted."""

    def __init__(self, chunks: Iterable[pl.DataFrame], origin: Origin | None, schema: pl.Schema) -> None:
        self.count = 0
        self._origin = origin
        self.schema = schema
        self._chunks = chunks

    def produced(
        self, columns: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _batch: int | None
    ) -> Iterator[pl.DataFrame]:
        for chunk in self._chunks:
            self.count += len(chunk)
            typed = _athena_types(chunk, self._origin)
            fitting = typed.match_to_schema(self.schema, missing_columns="insert", extra_columns="ignore")
            yield fitting if columns is None else fitting.select(columns)


def _athena_types(chunk: pl.DataFrame, origin: Origin | None) -> pl.DataFrame:
    told = asdict(origin) if origin else {}
    missing = {name: value for name, value in told.items() if value is not None and _is_untold(name, chunk)}
    return chunk.drop(_SAID_BY_OTHERS).with_columns(
        pl.col(pl.UInt8, pl.UInt16).cast(pl.Int32), **{name: pl.lit(value, _TEXT) for name, value in missing.items()}
    )


def _is_untold(name: str, chunk: pl.DataFrame) -> bool:
    """Whether a column is not there, or without a value since the format does not have its field."""
    return name not in chunk.columns or chunk[name].null_count() == len(chunk)
