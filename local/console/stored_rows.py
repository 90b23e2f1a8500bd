"""Rows of enriched records -> EnrichedFlows, as the bill and rule usage take them; those of a time range."""

from collections.abc import Iterator

import polars as pl

from flowsentry.frames import EnrichedFlows, Records
from flowsentry.records.fields import is_of_transit_gateway
from flowsentry.rule_usage.stored_flows import flows_as_stored
from local.console.span import Span
from local.reading.log_reading import Coverage


def rows_within(rows: pl.DataFrame, span: Span | None) -> pl.DataFrame:
    """The records that began in a time range; all of them without one."""
    if span is None or rows.is_empty():
        return rows
    return rows.filter((pl.col("start") >= span.start) & (pl.col("start") < span.end))


def coverage_within(everything: Coverage, rows: pl.DataFrame, span: Span | None) -> Coverage:
    """The time that is covered in a time range: `everything` where the range has all of it, else that of the `rows` in
    it, which are records with traffic.
    """
    first, last = everything.first, everything.last
    if span is None or (first is not None and last is not None and span.start <= first and last < span.end):
        return everything
    coverage = Coverage()
    coverage.add(Records(rows))
    return coverage


def flows_for_bill(rows: pl.DataFrame) -> Iterator[EnrichedFlows]:
    """The flows of VPCs, and those of transit gateways, which are billed apart."""
    gateway_columns = [name for name in rows.columns if is_of_transit_gateway([name])]
    is_of_gateway = pl.any_horizontal(pl.lit(value=False), pl.col("^tgw_id$").is_not_null())
    of_vpcs, of_gateways = rows.filter(~is_of_gateway).drop(gateway_columns), rows.filter(is_of_gateway)
    yield from (_with_rejections(part) for part in (of_vpcs, of_gateways) if not part.is_empty())


def flows_for_rules(rows: pl.DataFrame) -> Iterator[EnrichedFlows]:
    """The flows of VPCs; those of formats with and without tcp-flags apart, since a connection is told otherwise."""
    if "tcp_flags" not in rows.columns:
        parts = [rows]
    else:
        has_flags = pl.col("tcp_flags").is_not_null()
        parts = [rows.filter(has_flags), rows.filter(~has_flags).drop("tcp_flags")]
    yield from (flows_as_stored(part) for part in parts if not part.is_empty())


def _with_rejections(rows: pl.DataFrame) -> EnrichedFlows:
    """The rows with `is_rejected`, which stored rows do not repeat."""
    is_rejected = (pl.col("action") == "REJECT").fill_null(value=False).alias("is_rejected")
    return EnrichedFlows(rows.with_columns(is_rejected))
