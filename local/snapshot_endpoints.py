"""What a person calls an end (an address, a name, an id) → the interface in a snapshot of the inventory."""

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
"""Of interfaces that a word may mean, when it may mean several. More: longer messages. Fewer: less to choose from."""


class UnclearEndError(ValueError):
    """A word means no end, or several; the message says so in a sentence."""


@dataclass(frozen=True)
class Word:
    """What was asked for and what it may mean: ends of both versions of IP, the first to be preferred."""

    text: str
    ends: tuple[End, ...]

    @property
    def versions(self) -> list[int]:
        return [_version(end) for end in self.ends]

    def of_version(self, version: int) -> End:
        return next(end for end in self.ends if _version(end) == version)


@dataclass(frozen=True)
class EndsInSnapshot:
    """Looks ends up among those that were there at the last look; `vpc_id`, where given, says which of several is
    meant.
    """

    inventory: Inventory
    vpc_id: str | None = None

    def pair(self, source: str, destination: str) -> tuple[End, End]:
        """Both ends, with addresses of one version of IP. Raises UnclearEndError."""
        words = self._word(source), self._word(destination)
        if not any(end.interface for word in words for end in word.ends):
            raise UnclearEndError(f"neither {source} nor {destination} is in the inventory")
        version = next((each for each in words[0].versions if each in words[1].versions), None)
        if version is None:
            raise UnclearEndError(f"{source} and {destination} have no version of IP in common")
        return words[0].of_version(version), words[1].of_version(version)

    def _word(self, text: str) -> Word:
        try:
            address = str(ipaddress.ip_address(text))
        except ValueError:
            interface = self._only_one(text, self._called(text))
            return Word(text, tuple(End(each, interface) for each in _by_version(interface)))
        found = self._found(pl.col("address") == address)
        if not found and self._is_outside(address):
            return Word(text, (End(address),))
        return Word(text, (End(address, self._only_one(text, found)),))

    def _only_one(self, text: str, found: list[Interface]) -> Interface:
        if not found:
            raise UnclearEndError(f"{text} is not in the inventory")
        here = [each for each in found if each.vpc_id == self.vpc_id] or found
        if len(here) > 1:
            named = [_in_words(each) for each in here[:MAX_NAMED]] + ["…"] * (len(here) > MAX_NAMED)
            by_vpc = "; --vpc says which" if len({each.vpc_id for each in here}) == len(here) else ""
            raise UnclearEndError(f"{text} may be any of {', '.join(named)}{by_vpc}")
        return here[0]

    def _called(self, text: str) -> list[Interface]:
        """By an id before a name: whoever may name things could name one like another's id."""
        ids = (pl.col("interface_id") == text) | (pl.col("owner_id") == text)
        return self._found(ids) or self._found(pl.col("owner_name") == text)

    def _found(self, condition: pl.Expr) -> list[Interface]:
        """Each that fits: a pod before the node that carries it, and what has an address but no interface only where
        nothing else fits.
        """
        rows = self._there_now.filter(condition).unique(["interface_id", "vpc_id", "owner_id"], maintain_order=True)
        pods = rows.filter(pl.col("owner_kind") == KUBERNETES_POD)
        of_interfaces = rows.filter(pl.col("interface_id").is_not_null())
        chosen = next((each for each in (pods, of_interfaces) if each.height), rows)
        return [self._carried(each) for each in self.inventory.interfaces_in(chosen["row"].to_list())]

    def _carried(self, interface: Interface) -> Interface:
        """A pod, with the interface of its node that has its address, and so the groups of that."""
        if interface.interface_id:
            return interface
        has_address = pl.col("address").is_in(interface.addresses) & (pl.col("vpc_id") == interface.vpc_id)
        rows = self._there_now.filter(has_address & pl.col("interface_id").is_not_null())["row"]
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
    def _there_now(self) -> pl.DataFrame:
        """The holdings, but those that were gone at the last look at their place."""
        looks = [(target, target_state.taken_at) for target, target_state in self.inventory.target_states.items()]
        looked_at = pl.DataFrame(looks, {"target": pl.Categorical(), "looked_at": pl.Int64()}, orient="row")
        rows = self.inventory.assignments.with_row_index("row")
        rows = rows.join(looked_at, on="target", how="left", maintain_order="left")
        return rows.filter(pl.col("last_seen") >= pl.col("looked_at").fill_null(0))

    def _is_outside(self, address: str) -> bool:
        """Whether it is an address of the internet, which no inventory has: not a private one, nor one of our VPCs."""
        blocks = [block for blocks in self.inventory.networks.values() for block in blocks]
        networks = (ipaddress.ip_network(block, strict=False) for block in (*PRIVATE_NETWORKS, *blocks))
        return not any(ipaddress.ip_address(address) in network for network in networks)


def _by_version(interface: Interface) -> Iterator[str]:
    """The first address of each version of IP, IPv4 before IPv6."""
    addresses = interface.addresses or interface.public_addresses
    for is_ipv6 in (False, True):
        yield from [each for each in addresses if (":" in each) is is_ipv6][:1]


def _version(end: End) -> int:
    return ipaddress.ip_address(end.address).version


def _in_words(interface: Interface) -> str:
    address = next(iter((*interface.addresses, *interface.public_addresses)), "")
    named = " ".join(each for each in (interface.interface_id, address) if each)
    return f"{named} in {interface.vpc_id}" if interface.vpc_id else named
