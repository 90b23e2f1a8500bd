"""Findings → messages: a text for whoever it wakes, JSON for machines, attributes for filter policies."""

import json as jsonlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from flowsentry.emit.plain_text import ascii_line, counted, duration, period, plain
from flowsentry.emit.stories import Story, owner_text, story_of
from flowsentry.findings import Finding
from flowsentry.ownership import PUBLIC

MAX_SUBJECT_LETTERS = 99
"""SNS takes less than 100: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html."""
MAX_SHORT_NAME_LETTERS = 30
MAX_SAMPLE = 10
MAX_DIGEST_LINES = 20
MAX_DIGEST_FINDINGS = 100
"""Findings spelled out in a digest's JSON, some 600 bytes each; SNS takes 256 KB in all."""
MAX_JSON_BYTES = 32 << 10
SEVERAL = "several"


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


def digest_message(findings: Sequence[Finding], window_minutes: int) -> AlertMessage:
    """One message about all background findings of a window, the busiest first. There must be at least one."""
    busiest = sorted(findings, key=lambda finding: (-finding.endpoints, finding.id))
    only_noise = all(finding.details.get("relation") == "outside_background" for finding in findings)
    sources = len({(finding.scope, finding.subject) for finding in findings})
    headline = _noise_headline(sources) if only_noise else f"{counted(len(findings), 'quiet finding')}"
    scopes = {finding.scope for finding in findings}
    return AlertMessage(
        subject=ascii_line(f"[digest] {headline}", MAX_SUBJECT_LETTERS),
        text="\n".join(_digest_lines(busiest, headline, window_minutes)),
        json=_digest_json(busiest, window_minutes),
        attributes={
            "kind": "digest",
            "severity": "background",
            "scope": plain(scopes.pop()) if len(scopes) == 1 else SEVERAL,
            "subject": SEVERAL,
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
    return f"{name} ({plain(finding.subject)})" if name else plain(finding.subject)


def _facts(finding: Finding) -> Iterator[tuple[str, str]]:
    details = finding.details
    yield "Who", owner_text(details.get("subject_owner"), finding.subject)
    yield "Network", "the internet" if finding.scope == PUBLIC else plain(finding.scope)
    yield "When", period(finding.first_seen, finding.last_seen)
    yield "Failed at", f"{finding.endpoints:,} different host:port" if finding.endpoints > 1 else ""
    yield "Packets", f"{details['packets']:,}" if isinstance(details.get("packets"), int) else ""
    yield "Tried", _sample(details.get("sample_endpoints"))
    yield "Answered", _sample(details.get("answered_endpoints"))
    yield "Seen at", _sample(details.get("interface_ids"))


def _sample(values: object) -> str:
    """At most ten of them, and how many more."""
    listed = [plain(value) for value in values] if isinstance(values, list | tuple) else []
    more = len(listed) - MAX_SAMPLE
    return ", ".join(listed[:MAX_SAMPLE]) + (f" and {more} more" if more > 0 else "")


def _noise_headline(number: int) -> str:
    return f"{counted(number, 'outside address')} searched your network and found nothing open"


def _digest_lines(busiest: Sequence[Finding], headline: str, window_minutes: int) -> Iterator[str]:
    first = min(finding.first_seen for finding in busiest)
    last = max(finding.last_seen for finding in busiest)
    yield f"{headline}."
    yield "Nothing to do. Kept so that you recognise an address when it turns up again."
    yield ""
    yield f"{'When':<10}{period(first, last)}"
    yield ""
    told = list(dict.fromkeys((finding.scope, finding.subject) for finding in busiest))
    busiest_day = {(finding.scope, finding.subject): finding for finding in reversed(busiest)}
    yield from (_digest_line(busiest_day[source]) for source in told[:MAX_DIGEST_LINES])
    if len(told) > MAX_DIGEST_LINES:
        yield f"- and {len(told) - MAX_DIGEST_LINES:,} more"
    yield ""
    yield f"There is at most one such digest every {duration(window_minutes * 60)}."


def _digest_line(finding: Finding) -> str:
    story = story_of(finding)
    who = owner_text(finding.details.get("subject_owner"), finding.subject)
    return f"- {who} {story.happening(finding)}"


def _digest_json(busiest: Sequence[Finding], window_minutes: int) -> str:
    listed = [asdict(finding) for finding in busiest[:MAX_DIGEST_FINDINGS]]
    size = MAX_JSON_BYTES + 1
    while size > MAX_JSON_BYTES:
        text = _json({"type": "digest", "window_minutes": window_minutes, "count": len(busiest), "findings": listed})
        size = len(text.encode())
        listed = listed[: len(listed) // 2]
    return text


def _bounded_json(finding: Finding) -> str:
    """The finding as JSON; without its details where they are too large to send."""
    text = _json({"type": "finding", **asdict(finding)})
    if len(text.encode()) <= MAX_JSON_BYTES:
        return text
    return _json({"type": "finding", **asdict(finding), "details": {}, "is_cut": True})


def _json(value: Mapping[str, object]) -> str:
    return jsonlib.dumps(value, sort_keys=True)
