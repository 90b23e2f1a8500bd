"""Boundaries of the addresses and ports that rules name: between two of them, every rule treats all alike.

So an address or a port becomes the number of its range, a CIDR block becomes an interval of such numbers, and a day of
records becomes a few thousand classes, whatever the number of clients and of their ports.
"""

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, Self

import polars as pl

from flowsentry.records.ipv4_numbers import ipv4_number
from flowsentry.value import Value

LAST_RANGE = (1 << 31) - 1
"""A number after that of every range."""
NO_ADDRESS = -1
"""The range of what is no address: no block covers it."""


class Span(NamedTuple):
    """The first and the last range that a block or a port range covers."""

    first: int
    last: int


EVERYTHING = Span(0, LAST_RANGE)


class Boundaries(Value, frozen=True):
    """Where blocks and port ranges begin, and where they have ended: sorted numbers. Ranges of IPv6 addresses follow
    those of IPv4 addresses.
    """

    ipv4: tuple[int, ...]
    ipv6: tuple[int, ...]
    ports: tuple[int, ...]

    @classmethod
    def of(cls, blocks: Iterable[str], port_ranges: Iterable[tuple[int, int]]) -> Self:
        """The boundaries of these CIDR blocks and (first, last) port ranges."""
        networks = [ipaddress.ip_network(block, strict=False) for block in set(blocks)]
        edges: dict[int, set[int]] = {4: set(), 6: set()}
        for network in networks:
            edges[network.version] |= {int(network.network_address), int(network.broadcast_address) + 1}
        ports = {edge for first, last in port_ranges for edge in (first, last + 1)}
        return cls(tuple(sorted(edges[4])), tuple(sorted(edges[6])), tuple(sorted(ports)))

    def block(self, cidr: str) -> Span:
        """The ranges of a block that the boundaries were made of."""
        network = ipaddress.ip_network(cidr, strict=False)
        first, last = int(network.network_address), int(network.broadcast_address)
        if isinstance(network, ipaddress.IPv4Network):
            return Span(bisect_right(self.ipv4, first), bisect_right(self.ipv4, last))
        return Span(self._of_ipv6(first), self._of_ipv6(last))

    def port_range(self, first: int, last: int) -> Span:
        """The ranges of a port range that the boundaries were made of."""
        return Span(bisect_right(self.ports, first), bisect_right(self.ports, last))

    def of_ports(self, ports: pl.Expr) -> pl.Expr:
        """The range of each port; of a missing one, that of port 0."""
        edges = pl.Series(self.ports, dtype=pl.Int64)
        return pl.lit(edges).search_sorted(ports.cast(pl.Int64).fill_null(0), side="right").cast(pl.Int32)

    def of_addresses(self, addresses: pl.Series) -> pl.Series:
        """The range of each of these distinct addresses."""
        numbers = ipv4_number(addresses).cast(pl.Int64)
        found = pl.Series(self.ipv4, dtype=pl.Int64).search_sorted(numbers.fill_null(0), side="right").cast(pl.Int64)
        others = numbers.is_null().arg_true()
        if others.is_empty():
            return found
        texts = addresses.gather(others).cast(pl.String)
        return found.scatter(others, [self._of_other(text) for text in texts])

    def _of_other(self, text: str | None) -> int:
        number = _ipv6_number(text or "")
        return NO_ADDRESS if number is None else self._of_ipv6(number)

    def _of_ipv6(self, number: int) -> int:
        return len(self.ipv4) + 1 + bisect_right(self.ipv6, number)


@lru_cache(maxsize=1 << 16)
def _ipv6_number(text: str) -> int | None:
    try:
        return int(ipaddress.IPv6Address(text))
    except ValueError:
        return None
