"""Territory: which networks, interfaces and addresses are ours, as tables to look up in."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

import polars as pl

from flowsentry.ownership import PUBLIC, Interface, Inventory
from flowsentry.recollection import Recollection

PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Addresses that are someone's own wherever they are seen: RFC 1918, RFC 6598 (used by EKS), RFC 4193."""

OWNERS = pl.Schema(dict.fromkeys(("scope", "address", "owner_kind", "owner_id", "owner_name"), pl.Categorical()))
INTERFACES = pl.Schema(dict.fromkeys(("interface_id", "interface_vpc_id", "interface_address"), pl.Categorical()))


@dataclass(frozen=True, slots=True)
class Territory:
    """`owners`: who has an address, unique by (scope, address). `interfaces`: the VPC and primary address of each
    interface. `ranges`: first and last IPv4 address of our networks, as numbers; `ipv6_networks` the others.
    """

    owners: pl.DataFrame
    interfaces: pl.DataFrame
    ranges: tuple[tuple[int, int], ...]
    ipv6_networks: tuple[ipaddress.IPv6Network, ...]
    recollection: Recollection = field(default_factory=Recollection)
    """What was looked up before: each address is looked up once a snapshot, not once a batch."""

    @classmethod
    def of(cls, inventory: Inventory, inside_networks: Iterable[str] = PRIVATE_NETWORKS) -> Self:
        """The look-up tables of an inventory; made once a snapshot, not once a batch."""
        blocks = [block for vpc in inventory.networks.values() for block in vpc]
        networks = [ipaddress.ip_network(block, strict=False) for block in (*inside_networks, *blocks)]
        v4 = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv4Network))
        v6 = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv6Network))
        return cls(
            pl.DataFrame(_owner_rows(inventory.interfaces), OWNERS, orient="row").unique(
                ["scope", "address"], keep="first", maintain_order=True
            ),
            pl.DataFrame(_interface_rows(inventory.interfaces), INTERFACES, orient="row"),
            tuple((int(network.network_address), int(network.broadcast_address)) for network in v4),
            tuple(v6),
        )

    def is_inside(self, addresses: pl.Series) -> pl.Series:
        """Whether each address (as text) is in one of our networks; false for what is no address."""
        number = ipv4_number(addresses)
        inside = pl.any_horizontal(
            pl.lit(value=False), *(pl.lit(number).is_between(first, last) for first, last in self.ranges)
        )
        inside_v4 = pl.select(inside.fill_null(value=False).alias("inside")).to_series()
        if number.null_count() == 0 or not self.ipv6_networks:
            return inside_v4
        inside_v6 = [
            number is None and self._is_inside_v6(text) for text, number in zip(addresses, number, strict=True)
        ]
        return inside_v4 | pl.Series(inside_v6)

    def _is_inside_v6(self, text: str | None) -> bool:
        try:
            address = ipaddress.IPv6Address(text or "")
        except ValueError:
            return False
        return any(address in network for network in self.ipv6_networks)


def ipv4_number(addresses: pl.Series) -> pl.Series:
    """IPv4 addresses as numbers; null for anything else."""
    parts = addresses.cast(pl.String).str.split_exact(".", 3).struct.unnest()
    octets = [part.cast(pl.UInt8, strict=False).cast(pl.UInt32) for part in parts.iter_columns()]
    return ((octets[0] * 256 + octets[1]) * 256 + octets[2]) * 256 + octets[3]


def _owner_rows(interfaces: Iterable[Interface]) -> Iterator[tuple[str, str, str, str, str]]:
    for row in interfaces:
        owner = (row.owner_kind, row.owner_id, row.owner_name)
        yield from ((row.vpc_id, address, *owner) for address in row.addresses)
        yield from ((PUBLIC, address, *owner) for address in row.public_addresses)


def _interface_rows(interfaces: Iterable[Interface]) -> Iterator[tuple[str, str, str | None]]:
    for row in interfaces:
        yield row.interface_id, row.vpc_id, next(iter(row.addresses), None)
