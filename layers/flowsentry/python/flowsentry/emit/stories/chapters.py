"""What each kind of finding means to people: what happens, whether it matters, what to check next."""

from collections.abc import Mapping

from flowsentry.emit.party_names import Names
from flowsentry.emit.plain_text import moment, plain
from flowsentry.emit.stories.floods import FLOOD
from flowsentry.emit.stories.logins import login_story
from flowsentry.emit.stories.rejects import (
    BLOCKED_EGRESS,
    BLOCKED_EGRESS_BY_KNOWN,
    BLOCKED_INTERNAL,
    BLOCKED_INTERNAL_BY_KNOWN,
    DENIED_BY_ACL_REPLY,
    DENIED_BY_ACL_REPLY_BY_KNOWN,
)
from flowsentry.emit.stories.scans import SCAN_STORIES, SCANS
from flowsentry.emit.stories.services import SERVICE_DOWN
from flowsentry.emit.stories.story import Story, number_in
from flowsentry.findings.finding import Finding, Severity


def story_of(finding: Finding) -> Story:
    """The story of a finding; for a kind without one, its title and what its severity says."""
    if finding.kind in SCANS and (story := SCAN_STORIES.get(str(finding.details.get("relation", "")))):
        return story
    refusal = finding.details.get("refusal")
    is_known = isinstance(refusal, Mapping) and bool(refusal.get("refused_by"))
    return (
        (REFUSED_BY_KNOWN.get(finding.kind) if is_known else None)
        or STORIES.get(finding.kind)
        or login_story(finding)
        or Story(_title, MATTER[finding.severity], CHECKS_FOR_ANY)
    )


def hour_of(finding: Finding) -> int:
    """The hour (Unix seconds) that a finding is about."""
    return number_in(finding.details, "hour") or finding.first_seen


def hour_in_words(seconds: int) -> str:
    """`2026-11-03 03:00 UTC`."""
    return moment(seconds).replace(":00 UTC", " UTC")


def _has_a_gap(finding: Finding, _names: Names) -> str:
    return f"has a gap in its flow logs: AWS left out records of the hour from {hour_in_words(hour_of(finding))}"


def _title(finding: Finding, _names: Names) -> str:
    return plain(finding.title, 200)


STORIES: dict[str, Story] = {
    "blocked_internal": BLOCKED_INTERNAL,
    "blocked_egress": BLOCKED_EGRESS,
    "denied_by_acl_reply": DENIED_BY_ACL_REPLY,
    "service_down": SERVICE_DOWN,
    "flood": FLOOD,
    "records_skipped": Story(
        _has_a_gap,
        "Nothing to do now. What passed there is not known and does not come later: a scan may have gone unseen.",
        (
            "Do you look into something of that hour? Then ask the flow logs of the other end, or the machine itself.",
            "Does the same interface come again and again? Ask AWS Support: the limit or error is one of AWS's own.",
        ),
    ),
}
REFUSED_BY_KNOWN: dict[str, Story] = {
    "blocked_internal": BLOCKED_INTERNAL_BY_KNOWN,
    "blocked_egress": BLOCKED_EGRESS_BY_KNOWN,
    "denied_by_acl_reply": DENIED_BY_ACL_REPLY_BY_KNOWN,
}
MATTER = {
    Severity.HIGH: "This matters now.",
    Severity.MEDIUM: "Look at it today.",
    Severity.LOW: "Look at it when you have time.",
    Severity.BACKGROUND: "Nothing to do.",
}
CHECKS_FOR_ANY = ("Is this expected of it? If not: what changed on it, and who was there, just before?",)
