"""Who is at each end, and whether that end is ours."""

import polars as pl

from flowsentry.ownership import PUBLIC
from flowsentry.territory import Territory

_OWNER = ("owner_kind", "owner_id", "owner_name")
_KEY = "__key"


def with_owners(flows: pl.DataFrame, territory: Territory) -> pl.DataFrame:
    """Adds `source_address` and `destination_address` as they are in the packet, and for each end `_is_inside` and
    `_owner_kind`, `_owner_id`, `_owner_name`; and `is_ipv6`.

    srcaddr of an egress record is the interface's primary address, and so for dstaddr of an ingress one: the owner is
    found by the packet's address where the format has it. An end is inside when it is in our networks, or is the
    address of an interface that logged it. Addresses are looked up within the VPC (the same address may be in two),
    then as public addresses. What is known is worked out once for each distinct address, then joined.
    """
    ends = flows.with_columns(
        _packet_address(flows, "srcaddr").alias("source_address"),
        _packet_address(flows, "dstaddr").alias("destination_address"),
    ).with_columns(_key("source_address").alias("__source_key"), _key("destination_address").alias("__destination_key"))
    known = _known_ends(ends, territory)
    source, destination = (_found(ends, known, end) for end in ("source", "destination"))
    return (
        ends.drop("__source_key", "__destination_key")
        .hstack(source)
        .hstack(destination.drop("destination_is_ipv6"))
        .rename({"source_is_ipv6": "is_ipv6"})
    )


def _found(ends: pl.DataFrame, known: pl.DataFrame, end: str) -> pl.DataFrame:
    """What is known of this end of each flow, row by row. Only the key is joined: a join copies all columns it has."""
    keys = ends.select(pl.col(f"__{end}_key").alias(_KEY))
    found = keys.join(known, on=_KEY, how="left", maintain_order="left").drop(_KEY)
    facts = pl.col("is_inside", "is_ipv6").fill_null(value=False)
    return found.with_columns(facts).rename({name: f"{end}_{name}" for name in found.columns})


def _packet_address(flows: pl.DataFrame, column: str) -> pl.Expr:
    return pl.coalesce(f"pkt_{column}", column) if f"pkt_{column}" in flows.columns else pl.col(column)


def _key(address: str) -> pl.Expr:
    """One number for (scope, address): joins on one number are several times faster than on two columns."""
    return pl.col("scope").to_physical().cast(pl.UInt64) * (1 << 32) + pl.col(address).to_physical().cast(pl.UInt64)


def _known_ends(flows: pl.DataFrame, territory: Territory) -> pl.DataFrame:
    """A row for each distinct (scope, address) of either end, and perhaps more: whether it is inside, and its owner."""
    ends = pl.concat(_distinct_ends(flows, end) for end in ("source", "destination")).unique(_KEY)
    known = territory.recollection.recall(ends, _KEY, lambda unseen: _looked_up(unseen, territory))
    is_own = ~pl.col("is_inside") & pl.col("address").is_in(_own_addresses(flows).implode())
    if known.select(is_own.any()).item():
        known = known.with_columns((pl.col("is_inside") | is_own).alias("is_inside"))
    return known.drop("scope", "address")


def _distinct_ends(flows: pl.DataFrame, end: str) -> pl.DataFrame:
    address = pl.col(f"{end}_address").alias("address")
    return flows.select(pl.col(f"__{end}_key").alias(_KEY), "scope", address).unique(_KEY).drop_nulls("address")


def _looked_up(ends: pl.DataFrame, territory: Territory) -> pl.DataFrame:
    """What the territory knows of each (scope, address)."""
    public = territory.owners.filter(pl.col("scope") == PUBLIC).drop("scope")
    owned = ends.join(territory.owners, on=["scope", "address"], how="left", maintain_order="left").join(
        public, on="address", how="left", suffix="_public", maintain_order="left"
    )
    is_inside = pl.lit(territory.is_inside(owned["address"]))
    return owned.select(
        _KEY,
        "scope",
        "address",
        (is_inside | pl.coalesce("owner_id", "owner_id_public").is_not_null()).alias("is_inside"),
        pl.lit(owned["address"].cast(pl.String).str.contains(":", literal=True)).alias("is_ipv6"),
        *(pl.coalesce(name, f"{name}_public").alias(name) for name in _OWNER),
    )


def _own_addresses(flows: pl.DataFrame) -> pl.Series:
    """The addresses of the interfaces that logged these flows."""
    ingress, egress = pl.col("direction") == "ingress", pl.col("direction") == "egress"
    own = (
        flows.select(pl.col("dstaddr").filter(ingress).unique()).to_series(),
        flows.select(pl.col("srcaddr").filter(egress).unique()).to_series(),
    )
    return pl.concat(own).rename("address").drop_nulls().unique()
