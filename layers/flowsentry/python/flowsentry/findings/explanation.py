"""Explanation: which layer rejected packets, by which rule, and which change would allow them, or why that is unknown.
Allowance: which layers let packets in, and by which rules.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from flowsentry.value import Value

MAX_NAMED_RESOURCES = 3
"""Security groups that a sentence lists; an interface can have sixteen. More: longer sentences. Fewer: less detail."""
MAX_REFUSERS = 20
"""Resources in a finding's details: enough for the groups of one interface and a network ACL."""


class Layer(StrEnum):
    """Layers that can reject packets."""

    SECURITY_GROUP = "security_group"
    NETWORK_ACL = "network_acl"
    BLOCK_PUBLIC_ACCESS = "block_public_access"
    ENCRYPTION_CONTROLS = "encryption_controls"
    UNKNOWN = "unknown"


_LAYER_WORDS = {
    Layer.SECURITY_GROUP: ("security group", "security groups"),
    Layer.NETWORK_ACL: ("network ACL", "network ACLs"),
}
UNKNOWN_PATH = "no security group or network ACL is known on its path"


class Verdict(StrEnum):
    """What a layer does with packets, according to the snapshot of its rules."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNDETERMINED = "undetermined"
    NOT_EVALUATED = "not evaluated"


class Resource(Value, frozen=True):
    """A security group, a network ACL or another control that denies, by id and name."""

    id: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.id} {self.name}" if self.name and self.name != self.id else self.id


class Judgement(Value, frozen=True, kw_only=True):
    """What one layer on the path does with packets, and by which rule; `rule` is None if no rule matches.

    `reason` is part of a sentence: `no inbound rule for tcp/5432 from 10.0.3.7`. `change` is the change that would
    allow rejected packets.
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
        """`security group sg-0abc web-tier`, `network ACL acl-0abc data-b`."""
        words = _LAYER_WORDS.get(self.layer)
        word = f"{words[len(self.resources) > 1]} " if words and self.resources else ""
        return word + in_words(self.resources)


class Explanation(Value, frozen=True, kw_only=True):
    """What rejected packets: the judgements of the layers that reject them, in the order of the packet's path. `layer`
    and `rule` are those of the first. `why_unknown` says why something is unknown.
    """

    layer: Layer
    refused_by: tuple[Judgement, ...] = ()
    why_unknown: str = ""
    rules_taken_at: int = 0

    @property
    def rule(self) -> str | None:
        """The rule number of a network ACL (`*` for the last); None if no rule matches."""
        return next((each.rule for each in self.refused_by), None)

    @property
    def change(self) -> str:
        """The smallest change that would allow the packets; empty if unknown."""
        return "; and ".join(each.change for each in self.refused_by if each.change)

    def sentence(self) -> str:
        """One sentence without a capital and a full stop, to be put after a colon."""
        if not self.refused_by:
            return f"what denied it cannot be determined: {self.why_unknown}"
        return "denied " + ", and ".join(f"by {each.who}: {each.reason}" for each in self.refused_by)

    def as_details(self) -> dict[str, Any]:
        """JSON values for a finding's details, of limited size."""
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


class Allowance(Value, frozen=True, kw_only=True):
    """What let packets in: the judgements of the layers at the destination, security groups first."""

    judgements: tuple[Judgement, ...] = ()
    rules_taken_at: int = 0

    def sentence(self) -> str:
        """One sentence without a capital and a full stop, to be put after a colon."""
        allowing, refusing, undetermined = (
            self._with(each) for each in (Verdict.ALLOWED, Verdict.DENIED, Verdict.UNDETERMINED)
        )
        if refusing:
            now = f"{refusing[0].who} denies it now ({refusing[0].reason}), so the rules have changed since"
            return f"what allowed it cannot be determined: {now}"
        if not allowing:
            why = undetermined[0].reason if undetermined else UNKNOWN_PATH
            return f"what allowed it cannot be determined: {why}"
        allowed = "allowed " + ", and ".join(f"by {each.who}: {each.reason}" for each in allowing)
        return f"{allowed}; {undetermined[0].reason}" if undetermined else allowed

    def as_details(self) -> dict[str, Any]:
        """JSON values for a finding's details, of limited size."""
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
