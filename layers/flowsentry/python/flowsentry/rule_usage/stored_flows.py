"""Rows of enriched Parquet -> EnrichedFlows, as far as rule usage needs them."""

import polars as pl

from flowsentry.frames import EnrichedFlows

_TEXT = ("interface_id", "srcaddr", "dstaddr", "pkt_srcaddr", "pkt_dstaddr", "action", "direction", "scope", "tgw_id")
_NUMBERS = ("srcport", "dstport", "protocol", "packets", "bytes", "start", "end", "tcp_flags")
STORED_COLUMNS = (*_TEXT, *_NUMBERS)
"""The columns of enriched objects that are read. An object lacks those that its format lacks."""
_PORTS = ("srcport", "dstport", "protocol", "tcp_flags")


def flows_as_stored(rows: pl.DataFrame) -> EnrichedFlows:
    """The flows of rows with any of STORED_COLUMNS. An enriched object does not repeat the packet's addresses, the
    scope of each end and the rejection, which follow from AWS's own fields; records of transit gateways are left out.
    """
    texts = pl.Schema(dict.fromkeys(_TEXT, pl.Categorical()))
    numbers = pl.Schema({name: pl.UInt16() if name in _PORTS else pl.Int64() for name in _NUMBERS})
    typed = rows.select(
        (pl.col(name).cast(type_) if name in rows.columns else pl.lit(None, type_)).alias(name)
        for name, type_ in {**texts, **numbers}.items()
    ).filter(pl.col("tgw_id").is_null(), pl.col("start").is_not_null())
    flags = [] if "tcp_flags" in rows.columns else ["tcp_flags"]
    return EnrichedFlows(
        typed.with_columns(
            pl.coalesce("pkt_srcaddr", "srcaddr").alias("source_address"),
            pl.coalesce("pkt_dstaddr", "dstaddr").alias("destination_address"),
            pl.col("scope").alias("source_scope"),
            pl.col("scope").alias("destination_scope"),
            (pl.col("action") == "REJECT").fill_null(value=False).alias("is_rejected"),
        ).drop("tgw_id", *flags)
    )
