"""Narrative: the text about a finding. And readers of a finding's details, which may be anything."""

from collections.abc import Callable, Mapping
from typing import Any

from flowsentry.emit.owner_names import Names
from flowsentry.emit.plain_text import plain
from flowsentry.findings.finding import Finding, Severity
from flowsentry.value import Value


class Narrative(Value, frozen=True):
    """What happened, why it matters, what to check. `headline` completes a sentence that starts with the subject, and
    names owners with the given function.
    """

    headline: Callable[[Finding, Names], str]
    why: str
    checks: tuple[str, ...]


NarrativeOf = Callable[[Finding], Narrative]
"""The narrative of a finding of one kind."""


WHY = {
    Severity.HIGH: "Act now.",
    Severity.MEDIUM: "Look at this today.",
    Severity.LOW: "Look at this when you have time.",
    Severity.BACKGROUND: "No action needed.",
}
CHECKS = ("Is this expected? If not: what changed on it, and who logged in to it, just before?",)


WHICH_PROCESS = "If not: which process opens these connections, and who logged in to the host before this began?"
ISOLATE_FIRST = "Isolate it (security group without rules) before you restart it: a restart destroys evidence."


def general_narrative(finding: Finding) -> Narrative:
    """For a kind or case without a narrative, as of another version: the title, and what the severity says."""
    return Narrative(_title, WHY[finding.severity], CHECKS)


def _title(finding: Finding, _names: Names) -> str:
    return plain(finding.title, 200)


def always(narrative: Narrative) -> NarrativeOf:
    """For a kind whose findings all have the same narrative."""
    return lambda _finding: narrative


def number_in(details: Mapping[str, Any], name: str) -> int:
    """A number among a finding's details; 0 where there is none."""
    value = details.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def listed_in(details: Mapping[str, Any], name: str) -> list[str]:
    """A list among a finding's details, as text; empty where there is none."""
    values = details.get(name)
    return [plain(value) for value in values] if isinstance(values, list | tuple) else []


def numbers_in(details: Mapping[str, Any], name: str) -> list[int]:
    """A list of numbers among a finding's details; empty where there is none."""
    values = details.get(name)
    listed = values if isinstance(values, list | tuple) else ()
    return [value for value in listed if isinstance(value, int) and not isinstance(value, bool)]


def port_text(details: Mapping[str, Any]) -> str:
    """`5432/tcp`."""
    return f"{plain(details.get('responder_port', '?'))}/{plain(details.get('protocol', '?'))}"
