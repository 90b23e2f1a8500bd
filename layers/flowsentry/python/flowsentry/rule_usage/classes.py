"""EnrichedFlows -> classes: records that every rule treats alike, added up, with the addresses at their other ends."""

import ipaddress
from typing import NamedTuple

import polars as pl

from flowsentry.frames import EnrichedFlows
from flowsentry.inventory.address_space import PRIVATE_NETWORKS, AddressSpace
from flowsentry.inventory.source_address import PUBLIC
from flowsentry.records.fields import is_of_transit_gateway
from flowsentry.records.ipv4_numbers import ipv4_number
from flowsentry.rule_usage.boundaries import Boundaries
from flowsentry.rule_usage.openers import with_opener
from flowsentry.rule_usage.rule_table import RuleTable

SUMS = ("records", "packets", "bytes")
_TIMES = ("first_seen", "last_seen")
_RECORD = ("interface_id", "is_egress", "protocol", "to_port", "from_port", "is_reply", "sureness", "is_rejected")
_ENDS = ("near_groups", "acl_id", "far_range", "far_groups", "far_may_be_member")
CLASS = (*_RECORD[1:], *_ENDS)
"""Columns of a class. `to_port` and `from_port` are the ranges of its ports; `is_reply` and `sureness` are those of
openers.py. `near_groups` are the security groups of the interface that logged it (a space between), `acl_id` is the
network ACL that it passed there, null for none. The far end has `far_range`; `far_groups`, those of its security groups
that rules reference, empty for a public address; and `far_may_be_member`: its interface is not known, so it may be in
such a group."""
_COLUMNS = (
    *("interface_id", "source_address", "destination_address", "source_scope", "destination_scope"),
    *("srcport", "dstport", "protocol", "packets", "bytes", "start", "end", "is_rejected", "direction"),
)


class Part(NamedTuple):
    """The classes of a chunk: `classes` with SUMS and first_seen and last_seen; `peers` with the records and bytes of
    each class and far `address`; `interfaces`, the ids of those with accepted records; and `unjudged`, the accepted
    records by the reason why no rule is known to have allowed them.
    """

    classes: pl.DataFrame
    peers: pl.DataFrame
    interfaces: pl.DataFrame
    unjudged: dict[str, int]


def classes_of(flows: EnrichedFlows, address_space: AddressSpace, table: RuleTable) -> Part:
    """The classes of a chunk of records. Records of transit gateways and of gateways without an interface are not
    judged: no security group or network ACL of theirs is known.
    """
    tuples, lost = _tuples(flows, table.boundaries)
    known = tuples.join(_interfaces(address_space), on="interface_id", how="left")
    is_known = pl.col("near_groups").is_not_null()
    lost["unknown_interface"] += int(known.filter(~is_known & ~pl.col("is_rejected"))["records"].sum())
    placed = _with_ends(known.filter(is_known), address_space, table)
    by_peer = placed.group_by(*CLASS, "address").agg(pl.col(SUMS).sum(), *_extremes())
    seen = placed.filter(~pl.col("is_rejected")).select("interface_id").unique()
    return Part(added_up([by_peer.drop("address")]), by_peer.select(*CLASS, "address", "records", "bytes"), seen, lost)


def added_up(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """The classes of several parts."""
    return pl.concat(parts).group_by(CLASS).agg(pl.col(SUMS).sum(), *_extremes())


def _extremes() -> list[pl.Expr]:
    return [pl.col("first_seen").min(), pl.col("last_seen").max()]


def _tuples(flows: EnrichedFlows, boundaries: Boundaries) -> tuple[pl.DataFrame, dict[str, int]]:
    """The distinct (interface, direction, far address, protocol, ranges of ports) with their sums."""
    has_interface, has_direction = pl.col("interface_id").is_not_null(), pl.col("direction").is_not_null()
    if is_of_transit_gateway(flows.columns):
        has_interface = pl.lit(value=False)
    accepted = flows.filter(~pl.col("is_rejected"))
    lost = {
        "unknown_interface": accepted.filter(~has_interface).height,
        "unknown_direction": accepted.filter(has_interface & ~has_direction).height,
    }
    present = [name for name in (*_COLUMNS, "tcp_flags") if name in flows.columns]
    seen = with_opener(flows.select(present).filter(has_interface & has_direction)).with_columns(
        (pl.col("direction") == "egress").alias("is_egress"),
        boundaries.of_ports(pl.col("dstport")).alias("to_port"),
        boundaries.of_ports(pl.col("srcport")).alias("from_port"),
        _of_far_end("address"),
        _of_far_end("scope"),
    )
    sums = [pl.len().cast(pl.Int64).alias("records"), pl.col("packets", "bytes").sum()]
    times = [pl.col("start").min().alias("first_seen"), pl.col("end").max().alias("last_seen")]
    return seen.group_by(*_RECORD, "address", "scope").agg(*sums, *times), lost


def _of_far_end(name: str) -> pl.Expr:
    is_egress = pl.col("direction") == "egress"
    return pl.when(is_egress).then(f"destination_{name}").otherwise(f"source_{name}").alias(name)


def _interfaces(address_space: AddressSpace) -> pl.DataFrame:
    """The security groups and the subnet of each interface."""
    primary = address_space.inventory.assignments.filter("is_primary")
    newest = primary.sort("last_seen", maintain_order=True).unique("interface_id", keep="last", maintain_order=True)
    return newest.select(
        "interface_id", pl.col("security_groups").alias("near_groups"), pl.col("subnet_id").alias("near_subnet")
    )


def _with_ends(tuples: pl.DataFrame, address_space: AddressSpace, table: RuleTable) -> pl.DataFrame:
    """The tuples with the columns of both ends."""
    queries = tuples.select("scope", "address", "last_seen").with_row_index("row")
    distinct = queries.select("scope", "address").unique(maintain_order=True).with_row_index("position")
    addresses = distinct["address"]
    is_ipv6 = addresses.cast(pl.String).str.contains(":", literal=True).fill_null(value=False)
    ends = distinct.with_columns(
        table.boundaries.of_addresses(addresses).alias("far_range"),
        (is_ipv6 | _is_private(addresses)).alias("is_private"),
    )
    asked = queries.join(ends.select("scope", "address", "position"), on=["scope", "address"])
    owned = _owned(asked, distinct, address_space)
    placed = tuples.with_row_index("row").join(ends, on=["scope", "address"], how="left", nulls_equal=True)
    return _judged_by(placed.join(owned, on="row", how="left"), table)


def _judged_by(placed: pl.DataFrame, table: RuleTable) -> pl.DataFrame:
    """The tuples with `acl_id`, `far_groups` and `far_may_be_member` instead of the subnet and the groups of both ends:
    traffic within a subnet passes no ACL, and a referenced group covers private addresses only.
    """
    near, is_public = pl.col("near_subnet").cast(pl.String), pl.col("far_is_public").fill_null(value=False)
    is_within = (pl.col("far_subnet").cast(pl.String) == near).fill_null(value=False) & ~is_public
    acls = dict(table.acl_of_subnet.rows())
    groups = placed["far_groups"].unique().drop_nulls().cast(pl.String)
    referenced = set(table.group_rules["peer_group_id"].drop_nulls())
    kept = {text: " ".join(each for each in text.split(" ") if each in referenced) for text in groups}
    far_groups = pl.col("far_groups").cast(pl.String).replace_strict(kept, default=None, return_dtype=pl.String)
    may_be_member = pl.col("far_groups").is_null() & pl.col("is_private").fill_null(value=False)
    return placed.with_columns(
        pl.when(~is_within).then(near.replace_strict(acls, default=None, return_dtype=pl.Categorical)).alias("acl_id"),
        pl.when(is_public)
        .then(pl.lit(""))
        .otherwise(far_groups)
        .fill_null("")
        .cast(pl.Categorical)
        .alias("far_groups"),
        may_be_member.alias("far_may_be_member"),
    )


def _owned(queries: pl.DataFrame, distinct: pl.DataFrame, address_space: AddressSpace) -> pl.DataFrame:
    """The interface that had the far address at the time of each tuple: `far_groups`, `far_subnet`, `far_is_public`."""
    facts = address_space.address_facts(distinct["scope"], distinct["address"])
    assigned = facts.filter(~pl.col("is_pod") & pl.col("owner_kind").is_not_null())
    rows = queries.join(assigned.select("position", "since", "until", "assignment"), on="position")
    at = pl.col("last_seen")
    fitting = rows.filter(pl.col("since") <= at, pl.col("until") >= at).unique("row", keep="first", maintain_order=True)
    known, found = address_space.inventory.assignments, fitting["assignment"]
    return fitting.select("row").with_columns(
        known["security_groups"].gather(found).alias("far_groups"),
        known["subnet_id"].gather(found).alias("far_subnet"),
        (known["scope"] == PUBLIC).gather(found).alias("far_is_public"),
    )


def _is_private(addresses: pl.Series) -> pl.Series:
    """Whether each IPv4 address is in a private network."""
    numbers = ipv4_number(addresses)
    inside = pl.any_horizontal(*(pl.lit(numbers).is_between(first, last) for first, last in _PRIVATE_BLOCKS))
    return pl.select(inside.fill_null(value=False).alias("is_private")).to_series()


def _private_blocks() -> tuple[tuple[int, int], ...]:
    networks = (ipaddress.ip_network(block) for block in PRIVATE_NETWORKS)
    ipv4 = (each for each in networks if isinstance(each, ipaddress.IPv4Network))
    return tuple((int(each.network_address), int(each.broadcast_address)) for each in ipv4)


_PRIVATE_BLOCKS = _private_blocks()
