"""What services say about their own interfaces → the owner's id and name of an interface that EC2 described."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from flowsentry.owner_candidates import Candidates, in_words
from flowsentry.owner_kinds import Owner
from flowsentry.ownership import Interface


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
