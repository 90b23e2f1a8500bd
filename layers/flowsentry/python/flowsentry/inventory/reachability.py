"""Reachability: in which VPC a private address is, as seen from another VPC, if routes determine it unambiguously."""

import ipaddress
from collections.abc import Iterable
from typing import Self

import polars as pl

from flowsentry.inventory.inventory import RouteTable
from flowsentry.value import Value

_Range = tuple[int, int]
_Ranges = list[tuple[int, int, str | None]]
"""First and last address, as numbers, and the VPC they are in."""


class Reachability(Value, frozen=True):
    """The VPC behind each IPv4 address, as seen from one VPC. `starts` are the first addresses of ranges, as numbers in
    order; `vpc_ids` the VPC of each range, null if there is none or it cannot be determined.
    """

    starts: pl.Series
    vpc_ids: pl.Series

    @classmethod
    def of(cls, vpc_id: str, own_blocks: Iterable[str], tables: Iterable[RouteTable]) -> Self:
        """The reachability from a VPC with these CIDR blocks and route tables. Its own addresses are local whatever
        other routes say (AWS: the local route has priority). Elsewhere the longest prefix decides in each table; if
        tables lead to different VPCs, or one of them to an unknown target, the VPC is null.

        https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html#route-tables-priority
        """
        own: _Ranges = [(*ends, vpc_id) for block in own_blocks if (ends := _range(block))]
        routed: list[_Ranges] = [
            [(*ends, route.vpc_id) for route in table if (ends := _range(route.cidr))] for table in tables
        ]
        edges = {edge for ranges in (own, *routed) for first, last, _ in ranges for edge in (first, last + 1)}
        starts = sorted({0, *(edge for edge in edges if edge < 1 << 32)})
        vpcs = [_local(own, start) or _agreed(routed, start) for start in starts]
        return cls(pl.Series(starts, dtype=pl.UInt32), pl.Series(vpcs, dtype=pl.Categorical()))

    def vpcs(self, numbers: pl.Series) -> pl.Series:
        """The VPC of each address, given as a number; null for null."""
        position = self.starts.search_sorted(numbers.fill_null(0), side="right") - 1
        found = self.vpc_ids.gather(position)
        return found.zip_with(numbers.is_not_null(), pl.Series([None], dtype=pl.Categorical()))


def _range(cidr: str) -> _Range | None:
    """The first and last number of an IPv4 block; None for IPv6, whose addresses are looked up as public ones."""
    network = ipaddress.ip_network(cidr, strict=False)
    return (int(network.network_address), int(network.broadcast_address)) if network.version == 4 else None  # noqa: PLR2004 - IPv4


def _local(own: _Ranges, number: int) -> str | None:
    return next((vpc_id for first, last, vpc_id in own if first <= number <= last), None)


def _agreed(tables: Iterable[_Ranges], number: int) -> str | None:
    """The VPC that all tables with a route to the address agree on; None if they differ."""
    vpc_ids: set[str | None] = set()
    for table in tables:
        fitting = [(last - first, vpc_id) for first, last, vpc_id in table if first <= number <= last]
        if fitting:
            narrowest = min(size for size, _ in fitting)
            vpc_ids |= {vpc_id for size, vpc_id in fitting if size == narrowest}
    return vpc_ids.pop() if len(vpc_ids) == 1 else None


NO_ROUTES = Reachability.of("", (), ())
"""The reachability from a VPC that is not known."""
