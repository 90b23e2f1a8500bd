"""Owners that AWS services report for their own interfaces, matched to the interfaces that EC2 describes."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Self, TypeVar

from msgspec import field

from flowsentry.inventory.inventory import Interface
from flowsentry.inventory.owner_kinds import MAX_LETTERS, Owner
from flowsentry.value import Value

MAX_NAMES = 3
"""Names listed for the owner of a shared interface. Higher: longer alerts. Lower: fewer owners are named."""


class Candidate(Value, frozen=True):
    """A possible owner of interfaces in these subnets with exactly these security groups. None: any groups (or any
    zone), while these are being changed; it then makes matches ambiguous instead of wrong.
    """

    owner: Owner
    account_id: str
    subnet_ids: frozenset[str]
    security_groups: frozenset[str] | None = None
    zones: frozenset[str] | None = None

    def fits(self, interface: Interface) -> bool:
        """Whether an interface in its subnets with its security groups can be its own, by zone and account."""
        is_in_zone = self.zones is None or interface.availability_zone in self.zones
        return is_in_zone and interface.account_id == self.account_id


class Candidates(Value, frozen=True):
    """All possible owners of interfaces of one kind, by subnet and security groups."""

    _by_subnet_and_groups: dict[tuple[str, frozenset[str] | None], list[Candidate]] = field(default_factory=dict)

    @classmethod
    def of(cls, candidates: Iterable[Candidate]) -> Self:
        """Of all candidates there are: if one is missing, another seems to be the only one."""
        by_subnet_and_groups: dict[tuple[str, frozenset[str] | None], list[Candidate]] = {}
        for candidate in candidates:
            for subnet_id in candidate.subnet_ids:
                by_subnet_and_groups.setdefault((subnet_id, candidate.security_groups), []).append(candidate)
        return cls(by_subnet_and_groups)

    def fitting(self, interface: Interface) -> list[Owner]:
        """The owners that the interface can belong to, each once, ordered by name."""
        found = {
            candidate.owner
            for groups in (frozenset(interface.security_groups), None)
            for candidate in self._by_subnet_and_groups.get((interface.subnet_id, groups), ())
            if candidate.fits(interface)
        }
        return sorted(found, key=lambda owner: (owner.name, owner.id))


def in_words(names: list[str]) -> str:
    """Several names as one text of bounded length: `a, b, c and 4 more`."""
    shown, remainder = names[:MAX_NAMES], len(names) - MAX_NAMES
    last = f" and {remainder} more" if remainder > 0 else ""
    return ", ".join(name[: MAX_LETTERS // (MAX_NAMES + 1)] for name in shown) + last


class KnownOwners(Value, frozen=True):
    """Owners reported by services. None if two owners claim the same key, which then identifies neither.

    Keys: `by_interface`: the interface's id. `by_address`: a VPC or subnet id and a private address in it. `by_id`: the
    kind and the id that EC2 describes. `candidates`: for each kind, owners for which only subnets and security groups
    are known; in `shared` kinds one interface may have several owners.
    """

    by_interface: dict[str, Owner | None] = field(default_factory=dict)
    by_address: dict[tuple[str, str], Owner | None] = field(default_factory=dict)
    by_id: dict[tuple[str, str], Owner | None] = field(default_factory=dict)
    candidates: dict[str, Candidates] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()

    def add_interfaces(self, interface_ids: Iterable[str], owner: Owner) -> None:
        """Records that these interfaces have the owner."""
        for interface_id in interface_ids:
            _claim(self.by_interface, interface_id, owner)

    def add_addresses(self, scope: str, addresses: Iterable[str], owner: Owner) -> None:
        """Records that interfaces of the owner's kind with one of these addresses have the owner."""
        for address in addresses:
            _claim(self.by_address, (scope, address), owner)

    def add_ids(self, kinds: Iterable[str], ids: Iterable[str], owner: Owner) -> None:
        """Records that interfaces of these kinds that EC2 describes with one of these ids have the owner."""
        for kind in kinds:
            for id_ in ids:
                _claim(self.by_id, (kind, id_), owner)

    def with_owner(self, interface: Interface) -> Interface:
        """The interface with the owner that its service reports; unchanged if that is not certain."""
        owner = self._owner_of(interface)
        if owner is None or owner == (interface.owner_kind, interface.owner_id, interface.owner_name):
            return interface
        return replace(interface, owner_kind=owner.kind, owner_id=owner.id, owner_name=owner.name or owner.id)

    def _owner_of(self, interface: Interface) -> Owner | None:
        return (
            self.by_interface.get(interface.interface_id)
            or self._at_address(interface)
            or self.by_id.get((interface.owner_kind, interface.owner_id))
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
