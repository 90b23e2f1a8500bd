"""The owner of each end at the time of the flow, and whether the end is inside our networks."""

from collections.abc import Collection

import polars as pl

from flowsentry.enrich.record_attribution import ENDS, OwnEnds, own_ends, with_record_attribution
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.assignment_index import INTERFACE, OWNER, constant, key, repeated
from flowsentry.inventory.geoip import GEOGRAPHY
from flowsentry.records.fields import is_of_transit_gateway
from flowsentry.records.lookup_cache import Intervals

MAX_CACHED_SCOPES = 32
"""VPCs of a chunk whose addresses are cached, each in a table with a slot for every category of the process; with more
VPCs a join is used. Higher: 150,000 records of 1,000 VPCs and 300,000 addresses take 7 s with the cache, and 0.15 s
with the join (November 2026). Lower: the join caches nothing, and takes 0.08 s for 17 VPCs, which take 0.03 s
cached."""


def with_owners(flows: pl.DataFrame, address_space: AddressSpace) -> pl.DataFrame:
    """Adds `source_address` and `destination_address` of the packet, for each end `_is_inside` and the columns of OWNER
    and GEOGRAPHY, and `is_ipv6`.

    The owner is the one at the time of the flow. The end that logged the record is identified by its interface: srcaddr
    of an egress record, and dstaddr of an ingress one, is the primary address of that interface. Where the packet has
    another address there, that address identifies the owner: the interface forwarded the packet, or has several
    addresses. The other end is identified by its address, within its scope (two VPCs may use the same address) or as a
    public address. An end is inside when it is in our networks, or is the address of an interface that logged it.
    """
    address_space.lookup_cache.evict()
    address_space.look_up_all()
    ends = flows.hstack([_packet_address(flows, column).alias(f"{end}_address") for end, (column, _) in ENDS.items()])
    is_of_gateway = is_of_transit_gateway(flows.columns)
    own = None if is_of_gateway else own_ends(ends)
    known = ends.hstack(_columns_of_both_ends(ends, own, address_space))
    attributed = _without_nulls(with_record_attribution(known, own, address_space))
    return attributed if own is None else _with_own_inside(attributed, own)


def _packet_address(flows: pl.DataFrame, column: str) -> pl.Series:
    """The address of the packet, else of the interface."""
    if f"pkt_{column}" not in flows.columns:
        return flows[column]
    address = flows[f"pkt_{column}"]
    return address.zip_with(address.is_not_null(), flows[column]) if address.null_count() else address


def _without_nulls(flows: pl.DataFrame) -> pl.DataFrame:
    """The flows, in which an end without an address is outside, and not of IPv6."""
    names = ("source_is_inside", "destination_is_inside", "is_ipv6")
    unknown = [name for name in names if flows[name].null_count()]
    return flows.with_columns(pl.col(unknown).fill_null(value=False)) if unknown else flows


def _columns_of_both_ends(flows: pl.DataFrame, own: OwnEnds | None, address_space: AddressSpace) -> list[pl.Series]:
    """The columns of both ends, and `is_ipv6`, which they are both or neither."""
    cache, span = address_space.lookup_cache, Intervals.of(flows["start"], flows["end"])
    rows = _rows_of_both_ends(flows, span, address_space)
    is_ipv6 = cache.flag("is_ipv6", rows["source"])
    columns = [_all_false(flows, "is_ipv6") if is_ipv6 is None else is_ipv6.alias("is_ipv6")]
    by_interface = None if own is None else _interface_rows(flows, span, address_space)
    for end, by_address in rows.items():
        is_own = None if own is None else own[end]
        owner = (
            by_address
            if is_own is None or by_interface is None
            else _own(is_own, by_interface, by_address, address_space)
        )
        facts = [
            *cache.columns_at(owner, *OWNER),
            *cache.columns_at(by_address, "is_inside", *address_space.geography_columns),
        ]
        columns += [each.alias(f"{end}_{each.name}") for each in facts]
        columns += _null_columns(end, len(flows), set(GEOGRAPHY) - set(address_space.geography_columns))
        if (is_public := cache.flag("is_public", by_address)) is not None:
            columns.append(is_public.fill_null(value=False).alias(f"{end}_is_public"))
    return columns


def _rows_of_both_ends(flows: pl.DataFrame, span: Intervals, address_space: AddressSpace) -> dict[str, pl.Series]:
    """The rows of facts of each end's address. The ends of an interface's records share the scope, so that their
    addresses are looked up together.
    """
    if is_of_transit_gateway(flows.columns):
        return {end: _address_rows(flows[f"{end}_scope"], flows[f"{end}_address"], span, address_space) for end in ENDS}
    twice = Intervals(pl.concat([span.starts] * 2), pl.concat([span.ends] * 2), span.earliest, span.latest)
    scopes, addresses = (pl.concat(flows[f"{end}_{name}"] for end in ENDS) for name in ("scope", "address"))
    rows = _address_rows(scopes, addresses, twice, address_space)
    return {"source": rows.head(len(flows)), "destination": rows.tail(len(flows))}


def _all_false(flows: pl.DataFrame, name: str) -> pl.Series:
    return constant(name, False, pl.Boolean(), len(flows))  # noqa: FBT003 - a value


def _null_columns(end: str, rows: int, columns: Collection[str]) -> list[pl.Series]:
    return [constant(f"{end}_{name}", None, GEOGRAPHY[name], rows) for name in GEOGRAPHY if name in columns]


def _interface_rows(flows: pl.DataFrame, span: Intervals, address_space: AddressSpace) -> pl.Series:
    """The row of facts of the interface that logged each record; null where it is unknown."""
    cache = address_space.lookup_cache
    rows = cache.rows(INTERFACE, flows["interface_id"], span, address_space.interface_facts)
    is_assigned = cache.flag("is_assigned", rows)
    unknown = pl.Series([None], dtype=rows.dtype)
    return rows.zip_with(is_assigned, unknown) if is_assigned is not None else unknown.new_from_index(0, len(rows))


def _own(is_own: pl.Series, by_interface: pl.Series, by_address: pl.Series, address_space: AddressSpace) -> pl.Series:
    """The rows of facts: by interface where this end is the interface that logged the record, else by address. A pod
    has precedence over the interface of its node.
    """
    is_known = is_own & by_interface.is_not_null() if by_interface.null_count() else is_own
    if (is_pod := address_space.lookup_cache.flag("is_pod", by_address)) is not None:
        is_known &= ~is_pod.fill_null(value=False)
    return by_interface.zip_with(is_known, by_address)


def _address_rows(scopes: pl.Series, addresses: pl.Series, span: Intervals, address_space: AddressSpace) -> pl.Series:
    """The row of facts of each address within its scope. An interface's flows are nearly always of one VPC; a transit
    gateway joins thousands at most.
    """
    distinct = scopes.unique()
    if len(distinct) <= 1:
        return _rows_within(str(distinct.first()), addresses, span, address_space)
    ends = pl.DataFrame({"scope": scopes, "address": addresses, "start": span.starts, "end": span.ends})
    if len(distinct) > MAX_CACHED_SCOPES:
        return _rows_across(ends, span, address_space)
    parts = [
        pl.DataFrame({"at": part["at"], "row": _rows_of_part(part, address_space)})
        for part in ends.with_row_index("at").partition_by("scope", maintain_order=False)
    ]
    return pl.concat(parts).sort("at")["row"]


def _rows_of_part(part: pl.DataFrame, address_space: AddressSpace) -> pl.Series:
    return _rows_within(
        str(part["scope"].first()), part["address"], Intervals.of(part["start"], part["end"]), address_space
    )


def _rows_within(scope: str, addresses: pl.Series, span: Intervals, address_space: AddressSpace) -> pl.Series:
    return address_space.lookup_cache.rows(
        scope, addresses, span, lambda unseen: address_space.address_facts(repeated(scope, unseen), unseen)
    )


def _rows_across(ends: pl.DataFrame, span: Intervals, address_space: AddressSpace) -> pl.Series:
    """The same for many scopes at once, by a join and without the cache."""
    keyed = ends.select("scope", "address", key("scope", "address"))
    distinct = keyed.unique("key").with_row_index("position")
    asked = keyed.select("key").join(distinct.select("key", "position"), on="key", how="left", maintain_order="left")
    facts = address_space.address_facts(distinct["scope"], distinct["address"])
    return address_space.lookup_cache.uncached_rows(facts, asked["position"], span)


def _with_own_inside(flows: pl.DataFrame, own: OwnEnds) -> pl.DataFrame:
    """The flows, in which an end is also inside when its address is that of an interface that logged some of them in
    the same VPC, even though it is in no network and has no known owner.
    """
    are_outside = {end: is_own & ~flows[f"{end}_is_inside"] for end, is_own in own.items()}
    if not any(are.any() for are in are_outside.values()):
        return flows
    ends = {end: flows.select("scope", address=f"{end}_address") for end in ENDS}
    found = pl.concat(ends[end].filter(are) for end, are in are_outside.items()).unique().with_columns(is_own=True)
    return flows.with_columns(
        (pl.col(f"{end}_is_inside") | pl.lit(_are_among(ends[end], found))).alias(f"{end}_is_inside") for end in ENDS
    )


def _are_among(ends: pl.DataFrame, found: pl.DataFrame) -> pl.Series:
    """Whether each end is among those that were found."""
    joined = ends.join(found, on=("scope", "address"), how="left", maintain_order="left")
    return joined["is_own"].fill_null(value=False)
