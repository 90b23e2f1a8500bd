"""Drafts of findings: all that a detector knows before the owners of the ends are looked up.

Whether a finding is known depends on its id alone. So a batch looks up no owners for known findings, which a scanner
causes every few minutes, and the owners of all new ones at once.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from flowsentry.findings.finding import Finding, Severity
from flowsentry.inventory.address_space import AddressOwner, AddressQuery, AddressSpace
from flowsentry.inventory.assignment_index import INTERFACE
from flowsentry.value import Value

Owners = Sequence[AddressOwner]
"""The owner and the interface of each end of a draft, in order."""


class Draft(Value, frozen=True):
    """A finding that `write` completes with the owners of its `ends`. `id` and `last_seen` are those of the finding,
    and so is `severity`, except where the owner may lower it.

    An end is an address in a scope, or the id of an interface in the scope INTERFACE. Where packets between two hosts
    are explained (see explain/findings.py), the ends are the initiator and the responder.
    """

    id: str
    severity: Severity
    last_seen: int
    ends: tuple[AddressQuery, ...]
    write: Callable[[Owners], Finding]

    @classmethod
    def without_ends(cls, finding: Finding) -> "Draft":
        """The draft of a finding that names no owner."""
        return cls(finding.id, finding.severity, finding.last_seen, (), lambda _: finding)


class NamedFinding(NamedTuple):
    """A finding, and its ends with their owners."""

    finding: Finding
    ends: Sequence[AddressQuery] = ()
    owners: Owners = ()


def named(drafts: Sequence[Draft], address_space: AddressSpace) -> list[NamedFinding]:
    """The finding of each draft, in order. The owners of all ends are looked up in one call, each distinct end once."""
    asked = dict.fromkeys(end for draft in drafts for end in draft.ends)
    ids, addresses = ([end for end in asked if (end.scope == INTERFACE) is is_id] for is_id in (True, False))
    known = dict(zip(addresses, address_space.owners_of(addresses), strict=True))
    if ids:
        known |= zip(ids, address_space.owners_by_id(ids), strict=True)
    return [_named(draft, [known[end] for end in draft.ends]) for draft in drafts]


def _named(draft: Draft, owners: Owners) -> NamedFinding:
    return NamedFinding(draft.write(owners), draft.ends, owners)
