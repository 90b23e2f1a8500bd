"""What services say about their own interfaces → the owner's id and name of an interface that EC2 described."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

from flowsentry.inventory.inventory import Interface
from flowsentry.inventory.owner_kinds import MAX_LETTERS, Owner

MOST_NAMES = 3
"""Of the names that a shared interface is called by. More: alerts that nobody reads to the end."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Someone who has interfaces in these subnets with exactly these security groups. None: with any, in any zone, as
    long as that is being changed; then it stands in the way of others and names nothing wrong.
    """

    owner: Owner
    account_id: str
    subnet_ids: frozenset[str]
    security_groups: frozenset[str] | None = None
    zones: frozenset[str] | None = None

    def fits(self, interface: Interface) -> bool:
        """Whether an interface in its subnets, with its security groups, could be one of its own."""
        is_in_zone = self.zones is None or interface.availability_zone in self.zones
        return is_in_zone and interface.account_id == self.account_id


@dataclass(frozen=True)
class Candidates:
    """All who could have an interface of one kind, by subnet and security groups."""

    _by_place: dict[tuple[str, frozenset[str] | None], list[Candidate]] = field(default_factory=dict)

    @classmethod
    def of(cls, candidates: Iterable[Candidate]) -> Self:
        """These, and there are no others: one left out makes others look like the only one."""
        by_place: dict[tuple[str, frozenset[str] | None], list[Candidate]] = {}
        for candidate in candidates:
            for subnet_id in candidate.subnet_ids:
                by_place.setdefault((subnet_id, candidate.security_groups), []).append(candidate)
        return cls(by_place)

    def fitting(self, interface: Interface) -> list[Owner]:
        """The owners that it could belong to, each once, in order of their names."""
        found = {
            candidate.owner
            for groups in (frozenset(interface.security_groups), None)
            for candidate in self._by_place.get((interface.subnet_id, groups), ())
            if candidate.fits(interface)
        }
        return sorted(found, key=lambda owner: (owner.name, owner.id))


def in_words(names: list[str]) -> str:
    """Several names as one, bounded: `a, b, c and 4 more`."""
    told, rest = names[:MOST_NAMES], len(names) - MOST_NAMES
    last = f" and {rest} more" if rest > 0 else ""
    return ", ".join(name[: MAX_LETTERS // (MOST_NAMES + 1)] for name in told) + last


@dataclass(frozen=True)
class KnownOwners:
    """Owners by what is known of their interfaces. None where two claim the same: it is neither's then.

    `by_interface`: the interface's id. `by_address`: a VPC or subnet and a private address in it. `by_word`: the kind
    and the id that EC2 told. `candidates`: those of one kind who say only where their interfaces are; in `shared` kinds
    one interface may be several owners' at once.
    """

    by_interface: dict[str, Owner | None] = field(default_factory=dict)
    by_address: dict[tuple[str, str], Owner | None] = field(default_factory=dict)
    by_word: dict[tuple[str, str], Owner | None] = field(default_factory=dict)
    candidates: dict[str, Candidates] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()

    def say_interfaces(self, interface_ids: Iterable[str], owner: Owner) -> None:
        """These are the owner's."""
        for interface_id in interface_ids:
            _claim(self.by_interface, interface_id, owner)

    def say_addresses(self, scope: str, addresses: Iterable[str], owner: Owner) -> None:
        """Interfaces of the owner's kind with one of these addresses are the owner's."""
        for address in addresses:
            _claim(self.by_address, (scope, address), owner)

    def say_words(self, kinds: Iterable[str], words: Iterable[str], owner: Owner) -> None:
        """What EC2 tells to belong to one of these words is the owner's."""
        for kind in kinds:
            for word in words:
                _claim(self.by_word, (kind, word), owner)

    def named(self, interface: Interface) -> Interface:
        """The interface with its owner as its service knows it; as it was, where that is not certain."""
        owner = self._owner_of(interface)
        if owner is None or owner == (interface.owner_kind, interface.owner_id, interface.owner_name):
            return interface
        return replace(interface, owner_kind=owner.kind, owner_id=owner.id, owner_name=owner.name or owner.id)

    def _owner_of(self, interface: Interface) -> Owner | None:
        return (
            self.by_interface.get(interface.interface_id)
            or self._at_address(interface)
            or self.by_word.get((interface.owner_kind, interface.owner_id))
            or self._fitting(interface)
        )

    def _at_address(self, interface: Interface) -> Owner | None:
        keys = [(scope, each) for scope in (interface.subnet_id, interface.vpc_id) for each in interface.addresses]
        owners = (self.by_address.get(key) for key in keys) if self.by_address else ()
        return next((owner for owner in owners if owner and owner.kind == interface.owner_kind), None)

    def _fitting(self, interface: Interface) -> Owner | None:
        candidates = self.candidates.get(interface.owner_kind)
        owners = candidates.fitting(interface) if candidates else []
        if len(owners) == 1:
            return owners[0]
        if not owners or interface.owner_kind not in self.shared:
            return None
        return Owner(interface.owner_kind, interface.interface_id, in_words([owner.name for owner in owners]))


Key = TypeVar("Key")


def _claim(claims: dict[Key, Owner | None], key: Key, owner: Owner) -> None:
    if claims.setdefault(key, owner) != owner:
        claims[key] = None
