"""Explanation: which layer refused packets, by which rule, and what would admit them; or why that can't be told.
Allowance: which layers let packets in, and by which rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MAX_NAMED_RESOURCES = 3
"""Security groups that a sentence names; an interface may have sixteen. More: longer sentences. Fewer: less told."""
MAX_REFUSERS = 20
"""Of the resources in a finding's details: the groups of one interface and a network ACL, and some room."""


class Layer(StrEnum):
    """What can refuse packets."""

    SECURITY_GROUP = "security_group"
    NETWORK_ACL = "network_acl"
    BLOCK_PUBLIC_ACCESS = "block_public_access"
    ENCRYPTION_CONTROLS = "encryption_controls"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """What a layer does with packets, by the rules of the snapshot."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    UNTOLD = "untold"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Resource:
    """A security group, a network ACL or whatever else refuses, by id and name."""

    id: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.id} {self.name}" if self.name and self.name != self.id else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one layer on the way does with packets, and by which rule; `rule` is None where there is none that matches.

    `reason` continues a sentence: `no inbound rule for tcp/5432 from 10.0.3.7`. `change` is what would admit what is
    refused.
    """

    layer: Layer
    is_egress: bool
    verdict: Verdict
    reason: str
    resources: tuple[Resource, ...] = ()
    rule: str | None = None
    change: str = ""

    @property
    def who(self) -> str:
        """`sg-0abc web-tier`, `network acl acl-0abc data-b`."""
        word = "network acl " if self.layer is Layer.NETWORK_ACL else ""
        return word + in_words(self.resources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What refused packets: the judgements of those layers that refuse them, in the order of the way. `layer` and
    `rule` are of the first of them; with `why_unknown`, something about it can't be told.
    """

    layer: Layer
    refused_by: tuple[Judgement, ...] = ()
    why_unknown: str = ""
    rules_taken_at: int = 0

    @property
    def rule(self) -> str | None:
        """A network ACL's rule number (`*` for the last); None for the absence of a rule."""
        return next((each.rule for each in self.refused_by), None)

    @property
    def change(self) -> str:
        """The smallest change that would admit the packets, as a fact; empty when that can't be told."""
        return "; and ".join(each.change for each in self.refused_by if each.change)

    def sentence(self) -> str:
        """One sentence without a capital and a full stop, to be put after a colon."""
        if not self.refused_by:
            return f"what refused it can't be told: {self.why_unknown}"
        return "refused " + ", and ".join(f"by {each.who}: {each.reason}" for each in self.refused_by)

    def as_details(self) -> dict[str, Any]:
        """As plain values for a finding's details, bounded."""
        resources = [each for judgement in self.refused_by for each in judgement.resources]
        return {
            "layer": str(self.layer),
            "rule": self.rule,
            "refused_by": [{"id": each.id, "name": each.name} for each in resources[:MAX_REFUSERS]],
            "sentence": self.sentence(),
            "change": self.change,
            "why_unknown": self.why_unknown,
            "rules_taken_at": self.rules_taken_at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What let packets in: the judgements of the layers that they met where they arrived, the groups' first."""

    judgements: tuple[Judgement, ...] = ()
    rules_taken_at: int = 0

    def sentence(self) -> str:
        """One sentence without a capital and a full stop, to be put after a colon."""
        allowing, refusing, untold = (self._with(each) for each in (Verdict.ALLOWED, Verdict.REFUSED, Verdict.UNTOLD))
        if refusing:
            now = f"{refusing[0].who} refuses it now ({refusing[0].reason}), so the rules changed since"
            return f"what let it in can't be told: {now}"
        if not allowing:
            why = untold[0].reason if untold else "no security group and no network acl is known to be on its way"
            return f"what let it in can't be told: {why}"
        allowed = "allowed " + ", and ".join(f"by {each.who}: {each.reason}" for each in allowing)
        return f"{allowed}; {untold[0].reason}" if untold else allowed

    def as_details(self) -> dict[str, Any]:
        """As plain values for a finding's details, bounded."""
        return {"sentence": self.sentence(), "rules_taken_at": self.rules_taken_at}

    def _with(self, verdict: Verdict) -> list[Judgement]:
        return [each for each in self.judgements if each.verdict is verdict]


def in_words(resources: Iterable[Resource]) -> str:
    """`sg-1 web, sg-2 and 4 more`."""
    named = [str(each) for each in resources]
    if len(named) > MAX_NAMED_RESOURCES:
        named[MAX_NAMED_RESOURCES:] = [f"{len(named) - MAX_NAMED_RESOURCES} more"]
    *most, last = named or [""]
    return f"{', '.join(most)} and {last}" if most else last
