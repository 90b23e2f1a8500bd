"""Finds the interface in an inventory snapshot for an endpoint given as an address, a name or an id."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from flowsentry.findings.rejected_packet import End
from flowsentry.inventory.address_space import PRIVATE_NETWORKS
from flowsentry.inventory.inventory import Interface, Inventory
from flowsentry.inventory.owner_kinds import KUBERNETES_POD

MAX_NAMED = 10
"""Candidates listed for an ambiguous endpoint. Higher: longer messages. Lower: fewer to choose from."""


class UnclearEndError(ValueError):
    """An endpoint is unknown or ambiguous; the message is a sentence for the user."""


@dataclass(frozen=True)
class NamedEndpoint:
    """An endpoint as the user wrote it, and its ends: at most one per IP version, the preferred version first."""

    text: str
    ends: tuple[End, ...]

    @property
    def versions(self) -> list[int]:
        return [_version(end) for end in self.ends]

    def of_version(self, version: int) -> End:
        return next(end for end in self.ends if _version(end) == version)


@dataclass(frozen=True)
class EndsInSnapshot:
    """Finds endpoints among the interfaces that existed at the latest discovery. `vpc_id`, if given, selects among
    several matches.
    """

    inventory: Inventory
    vpc_id: str | None = None

    def pair(self, source: str, destination: str) -> tuple[End, End]:
        """Both ends, with addresses of the same IP version. Raises UnclearEndError."""
        named = self._named(source), self._named(destination)
        if not any(end.interface for each in named for end in each.ends):
            raise UnclearEndError(f"neither {source} nor {destination} is in the inventory")
        version = next((each for each in named[0].versions if each in named[1].versions), None)
        if version is None:
            raise UnclearEndError(f"{source} and {destination} have no IP version in common")
        return named[0].of_version(version), named[1].of_version(version)

    def _named(self, text: str) -> NamedEndpoint:
        try:
            address = str(ipaddress.ip_address(text))
        except ValueError:
            interface = self._only_one(text, self._called(text))
            return NamedEndpoint(text, tuple(End(each, interface) for each in _by_version(interface)))
        found = self._found(pl.col("address") == address)
        if not found and self._is_outside(address):
            return NamedEndpoint(text, (End(address),))
        return NamedEndpoint(text, (End(address, self._only_one(text, found)),))

    def _only_one(self, text: str, found: list[Interface]) -> Interface:
        if not found:
            raise UnclearEndError(f"{text} is not in the inventory")
        here = [each for each in found if each.vpc_id == self.vpc_id] or found
        if len(here) > 1:
            named = [_in_words(each) for each in here[:MAX_NAMED]] + ["…"] * (len(here) > MAX_NAMED)
            by_vpc = "; choose with --vpc" if len({each.vpc_id for each in here}) == len(here) else ""
            raise UnclearEndError(f"{text} is ambiguous: {', '.join(named)}{by_vpc}")
        return here[0]

    def _called(self, text: str) -> list[Interface]:
        """Matches by id, else by name: anybody who may set a Name tag could copy another resource's id into it."""
        ids = (pl.col("interface_id") == text) | (pl.col("owner_id") == text)
        return self._found(ids) or self._found(pl.col("owner_name") == text)

    def _found(self, condition: pl.Expr) -> list[Interface]:
        """The matching interfaces: pods before the node that runs them; owners with an address but no interface only
        when nothing else matches.
        """
        rows = self._current.filter(condition).unique(["interface_id", "vpc_id", "owner_id"], maintain_order=True)
        pods = rows.filter(pl.col("owner_kind") == KUBERNETES_POD)
        of_interfaces = rows.filter(pl.col("interface_id").is_not_null())
        chosen = next((each for each in (pods, of_interfaces) if each.height), rows)
        return [self._with_node(each) for each in self.inventory.interfaces_in(chosen["row"].to_list())]

    def _with_node(self, interface: Interface) -> Interface:
        """A pod, with the id and security groups of the node's interface that has the pod's address."""
        if interface.interface_id:
            return interface
        has_address = pl.col("address").is_in(interface.addresses) & (pl.col("vpc_id") == interface.vpc_id)
        rows = self._current.filter(has_address & pl.col("interface_id").is_not_null())["row"]
        if len(rows) != 1:
            return interface
        return replace(
            self.inventory.interfaces_in(rows.to_list())[0],
            addresses=interface.addresses,
            owner_kind=interface.owner_kind,
            owner_id=interface.owner_id,
            owner_name=interface.owner_name,
        )

    @cached_property
    def _current(self) -> pl.DataFrame:
        """The address assignments that existed at the latest discovery of their target."""
        discoveries = [(target, target_state.taken_at) for target, target_state in self.inventory.target_states.items()]
        discovered_at = pl.DataFrame(
            discoveries, {"target": pl.Categorical(), "discovered_at": pl.Int64()}, orient="row"
        )
        rows = self.inventory.assignments.with_row_index("row")
        rows = rows.join(discovered_at, on="target", how="left", maintain_order="left")
        return rows.filter(pl.col("last_seen") >= pl.col("discovered_at").fill_null(0))

    def _is_outside(self, address: str) -> bool:
        """Whether an address is on the internet: neither private nor in one of the inventory's VPCs."""
        blocks = [block for blocks in self.inventory.networks.values() for block in blocks]
        networks = (ipaddress.ip_network(block, strict=False) for block in (*PRIVATE_NETWORKS, *blocks))
        return not any(ipaddress.ip_address(address) in network for network in networks)


def _by_version(interface: Interface) -> Iterator[str]:
    """The first address of each IP version, IPv4 before IPv6."""
    addresses = interface.addresses or interface.public_addresses
    for is_ipv6 in (False, True):
        yield from [each for each in addresses if (":" in each) is is_ipv6][:1]


def _version(end: End) -> int:
    return ipaddress.ip_address(end.address).version


def _in_words(interface: Interface) -> str:
    address = next(iter((*interface.addresses, *interface.public_addresses)), "")
    named = " ".join(each for each in (interface.interface_id, address) if each)
    return f"{named} in {interface.vpc_id}" if interface.vpc_id else named
