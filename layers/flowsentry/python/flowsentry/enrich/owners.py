"""Who is at each end, and whether that end is ours."""

import polars as pl

from flowsentry.ownership import PUBLIC
from flowsentry.territory import Territory
from flowsentry.transit_gateways import is_of_transit_gateway

_OWNER = ("owner_kind", "owner_id", "owner_name")
MAX_SCOPES_RECALLED = 32
"""VPCs of a chunk whose addresses are recalled, each in a table with a place for every category of the process. More:
150,000 records of 1,000 VPCs and 300,000 addresses took 7 s so, and 0.15 s by a join (November 2026). Fewer: the join
forgets, and takes 0.08 s where 17 VPCs recalled take 0.03 s."""


def with_owners(flows: pl.DataFrame, territory: Territory) -> pl.DataFrame:
    """Adds `source_address` and `destination_address` as they are in the packet, and for each end `_is_inside` and
    `_owner_kind`, `_owner_id`, `_owner_name`; and `is_ipv6`.

    srcaddr of an egress record is the interface's primary address, and so for dstaddr of an ingress one: the owner is
    found by the packet's address where the format has it. An end is inside when it is in our networks, or is the
    address of an interface that logged it. Addresses are looked up within the scope of their end (the same address may
    be in two VPCs), then as public addresses.
    """
    ends = flows.with_columns(
        _packet_address(flows, "srcaddr").alias("source_address"),
        _packet_address(flows, "dstaddr").alias("destination_address"),
    )
    source, destination = (
        _facts(ends[f"{end}_scope"], ends[f"{end}_address"], territory) for end in ("source", "destination")
    )
    known = ends.hstack(
        [
            *(column.alias(f"source_{column.name}") for column in source.drop("is_ipv6").iter_columns()),
            source["is_ipv6"],
            *(column.alias(f"destination_{column.name}") for column in destination.drop("is_ipv6").iter_columns()),
        ]
    ).with_columns(pl.col("source_is_inside", "destination_is_inside", "is_ipv6").fill_null(value=False))
    return known if is_of_transit_gateway(flows.columns) else _with_own_inside(known)


def _packet_address(flows: pl.DataFrame, column: str) -> pl.Expr:
    return pl.coalesce(f"pkt_{column}", column) if f"pkt_{column}" in flows.columns else pl.col(column)


def _with_own_inside(flows: pl.DataFrame) -> pl.DataFrame:
    """The flows, with those ends inside too that are the address of an interface that logged some of them, although no
    network or owner of ours has it.
    """
    senders = (pl.col("direction") == "egress") & ~pl.col("source_is_inside") & _is_own("source", "srcaddr")
    receivers = (
        (pl.col("direction") == "ingress") & ~pl.col("destination_is_inside") & _is_own("destination", "dstaddr")
    )
    own = pl.concat(
        [
            flows.select(pl.col("source_address").filter(senders).alias("own")),
            flows.select(pl.col("destination_address").filter(receivers).alias("own")),
        ]
    )["own"].unique()
    if own.is_empty():
        return flows
    return flows.with_columns(
        (pl.col(f"{end}_is_inside") | pl.col(f"{end}_address").is_in(own.implode())).alias(f"{end}_is_inside")
        for end in ("source", "destination")
    )


def _is_own(end: str, column: str) -> pl.Expr:
    return pl.col(f"{end}_address") == pl.col(column)


def _facts(scopes: pl.Series, addresses: pl.Series, territory: Territory) -> pl.DataFrame:
    """What the territory knows of each address within its scope. An interface's flows are nearly always of one VPC; a
    transit gateway joins thousands at most.
    """
    distinct = scopes.unique()
    if len(distinct) <= 1:
        return _facts_within(str(distinct.first()), addresses, territory)
    ends = pl.DataFrame({"scope": scopes, "address": addresses})
    if len(distinct) > MAX_SCOPES_RECALLED:
        return _facts_across(ends, territory)
    parts = [
        _facts_within(str(part["scope"].first()), part["address"], territory).hstack([part["row"]])
        for part in ends.with_row_index("row").partition_by("scope", maintain_order=False)
    ]
    return pl.concat(parts).sort("row").drop("row")


def _facts_within(scope: str, addresses: pl.Series, territory: Territory) -> pl.DataFrame:
    def look_up(unseen: pl.Series) -> pl.DataFrame:
        ends = pl.DataFrame({"address": unseen}).with_columns(pl.lit(scope, pl.Categorical()).alias("scope"))
        return _looked_up(ends, territory)

    return territory.recollection.facts(scope, addresses, look_up)


def _facts_across(ends: pl.DataFrame, territory: Territory) -> pl.DataFrame:
    """The same for many scopes at once, by a join and without a memory. Joined are numbers: twice as fast as texts."""
    scope, address = (pl.col(name).to_physical().cast(pl.UInt64) for name in ("scope", "address"))
    numbered = ends.with_columns((scope * (1 << 32) + address).alias("number"))
    distinct = numbered.unique("number")
    facts = _looked_up(distinct, territory).hstack([distinct["number"]])
    return numbered.select("number").join(facts, on="number", how="left", maintain_order="left").drop("number")


def _looked_up(ends: pl.DataFrame, territory: Territory) -> pl.DataFrame:
    """A row for each `address` and `scope`: whether it is in our networks or has an owner, and the owner."""
    public = territory.owners.filter(pl.col("scope") == PUBLIC).drop("scope")
    owned = ends.join(territory.owners, on=["scope", "address"], how="left", maintain_order="left").join(
        public, on="address", how="left", suffix="_public", maintain_order="left"
    )
    is_owned = pl.coalesce("owner_id", "owner_id_public").is_not_null()
    return owned.select(
        (pl.lit(territory.is_inside(owned["address"])) | is_owned).alias("is_inside"),
        pl.col("address").cast(pl.String).str.contains(":", literal=True).alias("is_ipv6"),
        *(pl.coalesce(name, f"{name}_public").alias(name) for name in _OWNER),
    )
