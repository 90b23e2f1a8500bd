"""Which way a flow went, as its interface sees it, and in which VPC."""

import polars as pl

from flowsentry.fields import DIRECTION
from flowsentry.territory import Territory

UNKNOWN_SCOPE = "unknown"


def with_direction(flows: pl.DataFrame, territory: Territory) -> pl.DataFrame:
    """Adds `direction` and `scope`.

    flow-direction says it from version 5 on. Else the end that is the interface's own address tells; it is known from
    the inventory, or learned: it is in every record of its interface. Where both ends are (a single peer), the
    direction stays null.
    """
    known = flows.with_columns(
        _column_or_null(flows, "flow_direction", DIRECTION).alias("direction"),
        _column_or_null(flows, "vpc_id", pl.Categorical()).alias("scope"),
    )
    if known["direction"].null_count() or known["scope"].null_count():
        known = _from_interface(known, territory)
    return known.with_columns(pl.col("scope").fill_null(pl.lit(UNKNOWN_SCOPE, pl.Categorical())))


def _column_or_null(flows: pl.DataFrame, column: str, dtype: pl.DataType) -> pl.Expr:
    return pl.col(column) if column in flows.columns else pl.lit(None, dtype)


def _from_interface(flows: pl.DataFrame, territory: Territory) -> pl.DataFrame:
    """Fills what is missing from what is known of the interface."""
    known = flows.select("interface_id").join(
        territory.interfaces, on="interface_id", how="left", maintain_order="left"
    )
    joined = flows.hstack(known.drop("interface_id"))
    if joined["interface_address"].null_count():
        joined = joined.join(_learned_addresses(flows, territory), on="interface_id", how="left", maintain_order="left")
        joined = joined.with_columns(pl.coalesce("interface_address", "learned_address")).drop("learned_address")
    own = pl.col("interface_address")
    is_source, is_destination = own == pl.col("srcaddr"), own == pl.col("dstaddr")
    derived = (
        pl.when(is_destination & ~is_source)
        .then(pl.lit("ingress", DIRECTION))
        .when(is_source & ~is_destination)
        .then(pl.lit("egress", DIRECTION))
    )
    return joined.with_columns(
        pl.coalesce("direction", derived).alias("direction"), pl.coalesce("scope", "interface_vpc_id").alias("scope")
    ).drop("interface_vpc_id", "interface_address")


def _learned_addresses(flows: pl.DataFrame, territory: Territory) -> pl.DataFrame:
    """The address that every record of an interface has at one end; where both ends are always the same, the one
    inside our networks when that is only one of them.
    """
    first = flows.group_by("interface_id").agg(
        pl.col("srcaddr").first().alias("one"), pl.col("dstaddr").first().alias("other")
    )
    rows = flows.select("interface_id", "srcaddr", "dstaddr").join(first, on="interface_id", how="left")
    has = {end: (pl.col("srcaddr") == pl.col(end)) | (pl.col("dstaddr") == pl.col(end)) for end in ("one", "other")}
    always = rows.group_by("interface_id").agg(
        pl.col("one").first(), pl.col("other").first(), *(has[end].all().alias(f"always_{end}") for end in has)
    )
    always = always.with_columns(
        territory.is_inside(always["one"]).alias("one_inside"),
        territory.is_inside(always["other"]).alias("other_inside"),
    )
    is_one = pl.col("always_one") & (~pl.col("always_other") | (pl.col("one_inside") & ~pl.col("other_inside")))
    is_other = pl.col("always_other") & (~pl.col("always_one") | (pl.col("other_inside") & ~pl.col("one_inside")))
    learned = pl.when(is_one).then("one").when(is_other).then("other")
    return always.select("interface_id", learned.alias("learned_address"))
