"""The narratives of what is not known: floods that are recorded in part, and records that AWS skipped."""

from collections.abc import Mapping

from flowsentry.emit.narratives.narrative import Narrative, NarrativeOf, always, number_in
from flowsentry.emit.owner_names import Names
from flowsentry.emit.plain_text import counted, moment, plain
from flowsentry.findings.finding import Finding

MAX_KIND_LETTERS = 40


def number_left_out(finding: Finding) -> int:
    """How many sources or findings a flood left out."""
    return number_in(finding.details, "number")


def hour_of(finding: Finding) -> int:
    """The hour (Unix seconds) that a finding is about."""
    return number_in(finding.details, "hour") or finding.first_seen


def hour_text(seconds: int) -> str:
    """`2026-11-03 03:00 UTC`."""
    return moment(seconds).replace(":00 UTC", " UTC")


def _was_flooded(finding: Finding, _names: Names) -> str:
    number, details = number_left_out(finding), finding.details
    if details.get("left_out") == "sources":
        side = "internal" if details.get("side") == "inside" else "external"
        return f"and others were flooded: {counted(number, f'more {side} source')} than are recorded"
    kind = plain(str(details.get("left_out")), MAX_KIND_LETTERS)
    return f"and others: {counted(number, f'more {kind} finding')} than are reported one by one"


def _lacks_records(finding: Finding, _names: Names) -> str:
    return f"lacks flow log records of the hour from {hour_text(hour_of(finding))}: AWS skipped them"


FLOOD = Narrative(
    _was_flooded,
    "Look at this today. Too much happened at once: only the largest part is recorded; all is in the flow logs.",
    (
        "Is it expected (a load test, your own scanner, a rule change)? Then add a suppression.",
        "If not: the flow logs show who and what. Source addresses may be spoofed: block by port, not by address.",
        "Read the other alerts of this hour first: a flood may be meant to hide something.",
    ),
)
RECORDS_SKIPPED = Narrative(
    _lacks_records,
    "No action needed now. AWS does not deliver the missing records later: a scan may have been missed.",
    (
        "Are you investigating that hour? Then use the flow logs of the other end, or the host's own logs.",
        "Does the same interface appear again and again? Ask AWS Support: the cause is a limit or an error at AWS.",
    ),
)
NARRATIVES: Mapping[str, NarrativeOf] = {"flood": always(FLOOD), "records_skipped": always(RECORDS_SKIPPED)}
