"""A finding → the message about it: a text for whoever it wakes, JSON for machines, attributes for filter policies."""

import json as jsonlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from flowsentry.emit.plain_text import ascii_line, counted, moment, period, plain
from flowsentry.emit.stories import Story, owner_text, story_of
from flowsentry.findings import Finding
from flowsentry.scopes import PUBLIC

MAX_SUBJECT_LETTERS = 99
"""SNS takes less than 100: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html."""
MAX_SHORT_NAME_LETTERS = 30
MAX_SENTENCE_LETTERS = 400
"""Of a sentence about rules, which holds names from tags. Longer: names can push the facts out of sight. Shorter: an
interface with several groups is not told whole."""
MAX_SAMPLE = 10
MAX_JSON_BYTES = 32 << 10


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """One message to publish. `subject` is printable ASCII."""

    subject: str
    text: str
    json: str
    attributes: Mapping[str, str]


def alert_message(finding: Finding) -> AlertMessage:
    """The message about one finding. The same finding gives the same bytes."""
    story = story_of(finding)
    who = owner_text(finding.details.get("subject_owner"), finding.subject)
    headline = f"{who} {story.happening(finding)}"
    return AlertMessage(
        subject=ascii_line(f"[{finding.severity}] {_short(finding)} {story.happening(finding)}", MAX_SUBJECT_LETTERS),
        text="\n".join(_lines(finding, headline, story)),
        json=_bounded_json(finding),
        attributes={
            "kind": plain(finding.kind) or "unknown",
            "severity": finding.severity.value,
            "scope": plain(finding.scope) or "unknown",
            "subject": plain(finding.subject) or "unknown",
        },
    )


def _lines(finding: Finding, headline: str, story: Story) -> Iterator[str]:
    yield f"{headline}."
    yield story.matter
    yield ""
    yield from (f"{label:<10}{fact}" for label, fact in _facts(finding) if fact)
    yield ""
    yield "Check next"
    yield from (f"{number}. {check}" for number, check in enumerate(story.checks, 1))
    yield ""
    technique = finding.details.get("technique")
    words = (plain(finding.kind), finding.severity.value, *([f"ATT&CK {plain(technique)}"] if technique else []))
    yield f"Finding {plain(finding.id)} ({', '.join(words)})"


def _short(finding: Finding) -> str:
    """Who it is about in as few letters as can be: `web-1 (10.0.1.5)`."""
    owner = finding.details.get("subject_owner") or {}
    name = plain(owner.get("name") or "", MAX_SHORT_NAME_LETTERS)
    return f"{name} ({plain(finding.subject)})" if name not in {"", finding.subject} else plain(finding.subject)


def _facts(finding: Finding) -> Iterator[tuple[str, str]]:
    details = finding.details
    yield "Who", owner_text(details.get("subject_owner"), finding.subject)
    yield "Network", "the internet" if finding.scope == PUBLIC else plain(finding.scope)
    yield "When", period(finding.first_seen, finding.last_seen)
    yield "Failed at", f"{finding.endpoints:,} different host:port" if finding.endpoints > 1 else ""
    yield "Packets", f"{details['packets']:,}" if isinstance(details.get("packets"), int) else ""
    yield "Told by", counted(details["records"], "SKIPDATA record") if isinstance(details.get("records"), int) else ""
    yield from _refusal(details.get("refusal"))
    yield "Tried", _sample(details.get("sample_endpoints"))
    yield "Answered", _sample(details.get("answered_endpoints"))
    yield "Seen at", _sample(details.get("interface_ids"))


def _refusal(refusal: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """What refused it, what would admit it, and how old the rules are that say so."""
    if not refusal:
        return
    sentence = plain(refusal.get("sentence", ""), MAX_SENTENCE_LETTERS)
    yield "Refused", sentence.removeprefix("refused ")
    yield "Unsure", plain(refusal.get("why_unknown", ""), MAX_SENTENCE_LETTERS) if refusal.get("refused_by") else ""
    yield "Change", plain(refusal.get("change", ""), MAX_SENTENCE_LETTERS)
    taken_at = refusal.get("rules_taken_at")
    yield "Rules of", moment(taken_at) if isinstance(taken_at, int) and taken_at else ""


def _sample(values: object) -> str:
    """At most ten of them, and how many more."""
    listed = [plain(value) for value in values] if isinstance(values, list | tuple) else []
    more = len(listed) - MAX_SAMPLE
    return ", ".join(listed[:MAX_SAMPLE]) + (f" and {more} more" if more > 0 else "")


def _bounded_json(finding: Finding) -> str:
    """The finding as JSON; without its details where they are too large to send."""
    text = _json({"type": "finding", **asdict(finding)})
    if len(text.encode()) <= MAX_JSON_BYTES:
        return text
    return _json({"type": "finding", **asdict(finding), "details": {}, "is_cut": True})


def _json(value: Mapping[str, object]) -> str:
    return jsonlib.dumps(value, sort_keys=True)
