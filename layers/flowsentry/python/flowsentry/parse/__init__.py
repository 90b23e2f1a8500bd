"""Text or tables -> typed records. Every line becomes a record, or is counted as rejected with a reason."""

from collections.abc import Iterator

import polars as pl

from flowsentry.frames import Flows, LogChunk, LogTable, LogText, Parsed, Records
from flowsentry.parse.mixed import parse_mixed
from flowsentry.parse.table import parse_table
from flowsentry.parse.text import parse
from flowsentry.parse.together import parse_together
from flowsentry.parse.unreadable import unreadable
from flowsentry.records.fields import ADDED_COLUMNS, DEFAULT_NAMES, column_of, dtype_of
from flowsentry.records.log_status import with_inferred_nodata

__all__ = ["count_status", "flows_of", "parse", "parse_chunk", "parse_table", "parse_together", "unreadable"]


def parse_chunk(chunk: LogChunk) -> Iterator[Parsed]:
    """The parsed lines of a chunk, one result for each format in it. Never raises for the content of a line. Of one
    format it is parsed at once, and not held afterwards.
    """
    if isinstance(chunk, LogText):
        return iter((parse(chunk),))
    if isinstance(chunk, LogTable):
        return iter((parse_table(chunk),))
    return parse_mixed(chunk)


def flows_of(records: Records) -> Flows:
    """The records that describe traffic, in their order, with every field of version 2 as a column. NODATA and SKIPDATA
    records are left out. Without log-status, a record without a value in any field of traffic counts as NODATA. Unknown
    fields with the name of a column that enrichment adds are left out.
    """
    flows: pl.DataFrame = records
    with_status = with_inferred_nodata(records)
    if count_status(with_status, "NODATA") or count_status(with_status, "SKIPDATA"):
        flows = records.filter(~with_status["log_status"].is_in(["NODATA", "SKIPDATA"]).fill_null(value=False))
    if added := [name for name in flows.columns if ADDED_COLUMNS.fullmatch(name)]:
        flows = flows.drop(added)
    missing = [name for name in DEFAULT_NAMES if column_of(name) not in flows.columns]
    return Flows(flows.with_columns(pl.lit(None, dtype_of(name)).alias(column_of(name)) for name in missing))


def count_status(records: Records, log_status: str) -> int:
    """The number of records with this log status."""
    return int((records["log_status"] == log_status).sum()) if "log_status" in records.columns else 0
