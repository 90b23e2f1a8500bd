"""How the bytes of a record get to another VPC, which decides on which meter they are charged."""

import polars as pl

from flowsentry.enrich.observers import ObservedFlows
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Through
from flowsentry.inventory.source_address import UNKNOWN_SCOPE

PEERING, INTER_REGION, TRANSIT = Through.PEERING.value, "inter-region peering", Through.TRANSIT_GATEWAY.value
CONNECTION = pl.Enum([PEERING, INTER_REGION, TRANSIT])
IN_VPC, PATH_OF_PEERING, PATH_OF_INTER_REGION_PEERING = 1, 4, 5
"""Values of traffic-path. 1: through another resource of the VPC; to another VPC that is a transit gateway's interface.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html"""
_PAIR = ("scope", "destination_owner_vpc_id")


def is_between_vpcs(seen: ObservedFlows) -> pl.Series:
    """Whether the destination has an interface in another VPC than the one that logged the record."""
    scope = seen.flows["scope"]
    is_other = (seen.flows["destination_owner_vpc_id"] != scope) & seen.sent
    if not is_other.any():
        return seen.never
    return (is_other & (scope != UNKNOWN_SCOPE) & ~seen.is_public("destination")).fill_null(value=False)


def connections(seen: ObservedFlows, address_space: AddressSpace) -> pl.Series | None:
    """What carries the packets of each sender's record to another VPC, by traffic-path, else by the routes between the
    two VPCs. Null within a VPC, and where it is unknown; None if it is null for all.
    """
    between = is_between_vpcs(seen)
    by_path = _by_path(seen, between) if "traffic_path" in seen.flows.columns else {}
    if not between.any() and not by_path:
        return None
    found = pl.Series([None], dtype=CONNECTION).new_from_index(0, len(seen.flows))
    if between.any():
        found = found.scatter(between.arg_true(), _routed(seen, between, address_space))
    for name, rows in by_path.items():
        found = pl.Series([name], dtype=CONNECTION).zip_with(rows, found)
    return found


def _by_path(seen: ObservedFlows, between: pl.Series) -> dict[str, pl.Series]:
    """The records of each connection that traffic-path names."""
    path = seen.flows["traffic_path"]
    paths = ((PATH_OF_PEERING, PEERING, seen.sent), (PATH_OF_INTER_REGION_PEERING, INTER_REGION, seen.sent))
    named = {name: rows & (path == number) for number, name, rows in (*paths, (IN_VPC, TRANSIT, between))}
    return {name: rows.fill_null(value=False) for name, rows in named.items() if rows.any()}


def _routed(seen: ObservedFlows, between: pl.Series, address_space: AddressSpace) -> pl.Series:
    """The connection of each record between two VPCs, by their routes; a chunk has few pairs of VPCs."""
    rows = seen.flows.select(*_PAIR, regions_differ(seen).alias("regions_differ")).filter(between)
    pairs = rows.group_by(_PAIR).agg(pl.col("regions_differ").any())
    facts = address_space.charge_facts
    found = [
        INTER_REGION if (by := facts.connection(vpc_id, other)) == PEERING and differ else by
        for vpc_id, other, differ in pairs.iter_rows()
    ]
    known = pairs.select(*_PAIR, pl.Series("connection", found, CONNECTION))
    return rows.join(known, on=_PAIR, how="left", maintain_order="left")["connection"]


def regions_differ(seen: ObservedFlows) -> pl.Series:
    """Whether the destination is in another Region than the interface that logged the record; null if unknown."""
    return _region(seen.zone) != _region(seen.flows["destination_owner_az_id"])


def _region(zones: pl.Series) -> pl.Series:
    """The Region's part of an Availability Zone id: `use1` of `use1-az2`, and of `use1-bos1-az1`, a Local Zone."""
    return zones.cast(pl.String).str.extract("^([a-z0-9]+)-")
