"""Owners that say where their interfaces are, and not which: an interface is one's only when no other could have it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from flowsentry.owner_kinds import MAX_LETTERS, Owner
from flowsentry.ownership import Interface

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
