"""Groups rejected flows into classes that every rule treats alike, so that one explanation covers a whole class.

Rules distinguish addresses and ports only at the boundaries of their CIDR blocks and port ranges; between two
boundaries all are equivalent. So are the interfaces of one subnet with the same security groups.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Self

import polars as pl

from flowsentry.inventory.address_space import PRIVATE_NETWORKS, AddressSpace
from flowsentry.inventory.assignment_index import repeated
from flowsentry.inventory.firewall_rules import AclEntry, GroupRule, Rules
from flowsentry.records.ipv4_numbers import ipv4_number
from flowsentry.records.lookup_cache import Intervals
from flowsentry.value import Value

ENDS = ("source", "destination")
_POLICY = ("security_groups", "subnet_id", "vpc_id", "interface_id")


class RuleBoundaries(Value, frozen=True):
    """Boundaries of the rules' CIDR blocks and port ranges, sorted: IPv4 `addresses` as numbers, and `ports`."""

    addresses: pl.Series
    ports: pl.Series

    @classmethod
    def of(cls, rules: Rules) -> Self:
        blocks = {*_cidrs(rules), *PRIVATE_NETWORKS}
        addresses = {edge for block in blocks for edge in _ends_of_block(block)}
        ports = {edge for first, last in _port_ranges(rules) for edge in (first, last + 1)}
        return cls(pl.Series(sorted(addresses), dtype=pl.Int64), pl.Series(sorted(ports), dtype=pl.Int64))

    def classes(self, refused: pl.DataFrame, address_space: AddressSpace) -> pl.DataFrame:
        """The class of each rejected flow, in order: flows with equal rows are treated alike by every rule."""
        ports = refused["dstport"].cast(pl.Int64)
        ends = [each for end in ENDS for each in self._end(end, refused, address_space)]
        own = pl.DataFrame(ends)
        seen_at = [
            (refused["interface_id"] == own[f"{end}_interface_id"]).fill_null(value=False).alias(f"seen_at_{end}")
            for end in ENDS
        ]
        kept = own.drop(f"{end}_interface_id" for end in ENDS)
        return kept.hstack([*seen_at, self.ports.search_sorted(ports.fill_null(-1), side="right").alias("port")])

    def _end(self, end: str, refused: pl.DataFrame, address_space: AddressSpace) -> Iterator[pl.Series]:
        """The range between boundaries that the address is in (an IPv6 address by itself), and its interface's
        attributes that rules depend on.
        """
        addresses = refused[f"{end}_address"]
        numbers = ipv4_number(addresses).cast(pl.Int64)
        yield self.addresses.search_sorted(numbers.fill_null(-1), side="right").alias(f"{end}_range")
        yield addresses.zip_with(numbers.is_null(), pl.Series([None], dtype=addresses.dtype)).alias(f"{end}_ipv6")
        assignments = _assignments(end, refused, address_space)
        known = address_space.inventory.assignments
        is_public = (known["scope"] == "public").gather(assignments)
        yield is_public.alias(f"{end}_is_public")
        yield from (known[name].gather(assignments).alias(f"{end}_{name}") for name in _POLICY)


def _assignments(end: str, refused: pl.DataFrame, address_space: AddressSpace) -> pl.Series:
    """The row of the assignments table for the interface that had each address; null if none is known."""
    if (known := _cached(end, refused, address_space)) is not None:
        return known
    queries = refused.select(
        pl.col(f"{end}_scope").alias("scope"), pl.col(f"{end}_address").alias("address"), "start", "end"
    ).with_row_index("row")
    distinct = queries.select("scope", "address").drop_nulls().unique().with_row_index("position")
    facts = address_space.address_facts(distinct["scope"], distinct["address"])
    assigned = facts.filter(~pl.col("is_pod") & pl.col("owner_kind").is_not_null())
    rows = queries.join(distinct, on=["scope", "address"]).join(
        assigned.select("position", "since", "until", "assignment"), on="position"
    )
    fitting = rows.filter(pl.col("since") <= pl.col("start"), pl.col("until") >= pl.col("end"))
    first = fitting.unique("row", keep="first", maintain_order=True).select("row", "assignment")
    return queries.select("row").join(first, on="row", how="left", maintain_order="left")["assignment"]


def _cached(end: str, refused: pl.DataFrame, address_space: AddressSpace) -> pl.Series | None:
    """The same from the lookup cache, which enrichment filled; None for several scopes or if pods are among them."""
    scopes, cached = refused[f"{end}_scope"].unique(), address_space.lookup_cache
    if len(scopes) != 1:
        return None
    span, scope = Intervals.of(refused["start"], refused["end"]), str(scopes.item())
    rows = cached.rows(
        scope,
        refused[f"{end}_address"],
        span,
        lambda unseen: address_space.address_facts(repeated(scope, unseen), unseen),
    )
    is_pod = cached.flag("is_pod", rows)
    if is_pod is not None and is_pod.any():
        return None
    owners = cached.columns_at(rows, "assignment", "owner_kind")
    return owners.select(pl.when(pl.col("owner_kind").is_not_null()).then("assignment")).to_series()


def _cidrs(rules: Rules) -> Iterator[str]:
    for group in rules.groups:
        yield from (rule.cidr for rule in group.rules if rule.cidr)
    for acl in rules.acls:
        yield from (entry.cidr for entry in acl.entries)
    for each in rules.prefix_lists:
        yield from each.cidrs


def _ends_of_block(cidr: str) -> Iterable[int]:
    network = ipaddress.ip_network(cidr, strict=False)
    if isinstance(network, ipaddress.IPv6Network):
        return ()
    return int(network.network_address), int(network.broadcast_address) + 1


def _port_ranges(rules: Rules) -> Iterator[tuple[int, int]]:
    rules_and_entries: Iterator[GroupRule | AclEntry] = chain(
        (rule for group in rules.groups for rule in group.rules), (entry for acl in rules.acls for entry in acl.entries)
    )
    for each in rules_and_entries:
        if each.first_port is not None and each.last_port is not None:
            yield each.first_port, each.last_port
