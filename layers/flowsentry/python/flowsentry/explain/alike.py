"""Which rejected flows all rules treat alike, so that one explanation is of all of them.

Rules tell addresses and ports apart only at the ends of their blocks and ranges. Between two such ends all are alike;
so are the interfaces of one subnet that have the same groups.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Self

import polars as pl

from flowsentry.inventory.address_space import PRIVATE_NETWORKS, AddressSpace, ipv4_number
from flowsentry.inventory.assignment_index import every
from flowsentry.inventory.firewall_rules import AclEntry, GroupRule, Rules
from flowsentry.records.lookup_cache import Span

ENDS = ("source", "destination")
_POLICY = ("security_groups", "subnet_id", "vpc_id", "interface_id")


@dataclass(frozen=True, slots=True)
class Edges:
    """Where rules begin and end: `addresses` of IPv4 as numbers, and `ports`, each in order."""

    addresses: pl.Series
    ports: pl.Series

    @classmethod
    def of(cls, rules: Rules) -> Self:
        blocks = {*_cidrs(rules), *PRIVATE_NETWORKS}
        addresses = {edge for block in blocks for edge in _ends_of_block(block)}
        ports = {edge for first, last in _port_ranges(rules) for edge in (first, last + 1)}
        return cls(pl.Series(sorted(addresses), dtype=pl.Int64), pl.Series(sorted(ports), dtype=pl.Int64))

    def alike(self, refused: pl.DataFrame, address_space: AddressSpace) -> pl.DataFrame:
        """For each of the rejected flows, in order, what makes it different from others as far as rules go."""
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
        """Where the address is between the ends of blocks, one of IPv6 by itself; and what its interface has."""
        addresses = refused[f"{end}_address"]
        numbers = ipv4_number(addresses).cast(pl.Int64)
        yield self.addresses.search_sorted(numbers.fill_null(-1), side="right").alias(f"{end}_stretch")
        yield addresses.zip_with(numbers.is_null(), pl.Series([None], dtype=addresses.dtype)).alias(f"{end}_by_itself")
        assignments = _assignments(end, refused, address_space)
        known = address_space.inventory.assignments
        is_public = (known["scope"] == "public").gather(assignments)
        yield is_public.alias(f"{end}_is_public")
        yield from (known[name].gather(assignments).alias(f"{end}_{name}") for name in _POLICY)


def _assignments(end: str, refused: pl.DataFrame, address_space: AddressSpace) -> pl.Series:
    """The row of the table of holdings of the interface that had each address; null where nobody is known to."""
    if (known := _recalled(end, refused, address_space)) is not None:
        return known
    asked = refused.select(
        pl.col(f"{end}_scope").alias("scope"), pl.col(f"{end}_address").alias("address"), "start", "end"
    ).with_row_index("row")
    distinct = asked.select("scope", "address").drop_nulls().unique().with_row_index("asked")
    facts = address_space.facts_of_addresses(distinct["scope"], distinct["address"])
    held = facts.filter(~pl.col("is_pod") & pl.col("owner_kind").is_not_null())
    rows = asked.join(distinct, on=["scope", "address"]).join(
        held.select("asked", "since", "until", "holding"), on="asked"
    )
    fitting = rows.filter(pl.col("since") <= pl.col("start"), pl.col("until") >= pl.col("end"))
    first = fitting.unique("row", keep="first", maintain_order=True).select("row", "holding")
    return asked.select("row").join(first, on="row", how="left", maintain_order="left")["holding"]


def _recalled(end: str, refused: pl.DataFrame, address_space: AddressSpace) -> pl.Series | None:
    """The same, as it was looked up when the flows were enriched; None where it was not, or pods are among them."""
    scopes, recalled = refused[f"{end}_scope"].unique(), address_space.lookup_cache
    if len(scopes) != 1:
        return None
    span, scope = Span(refused["start"], refused["end"]), str(scopes.item())
    rows = recalled.rows(
        scope,
        refused[f"{end}_address"],
        span,
        lambda unseen: address_space.facts_of_addresses(every(scope, unseen), unseen),
    )
    is_pod = recalled.is_so("is_pod", rows)
    if is_pod is not None and is_pod.any():
        return None
    told = recalled.told(rows, "holding", "owner_kind")
    return told.select(pl.when(pl.col("owner_kind").is_not_null()).then("holding")).to_series()


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
    every: Iterator[GroupRule | AclEntry] = chain(
        (rule for group in rules.groups for rule in group.rules), (entry for acl in rules.acls for entry in acl.entries)
    )
    for each in every:
        if each.first_port is not None and each.last_port is not None:
            yield each.first_port, each.last_port
