"""A finding → the message about it: a text for whoever it wakes, JSON for machines, a notification for chats,
attributes for filter policies.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from flowsentry.emit.chat import Chat, chat_notification
from flowsentry.emit.console_queries import NO_RESOURCES, AccountResources
from flowsentry.emit.facts import facts_of
from flowsentry.emit.investigation import Investigation, investigation
from flowsentry.emit.machine_json import SCHEMA_VERSION, finding_json
from flowsentry.emit.party_names import owner_text, short_owner_text, subject_text
from flowsentry.emit.plain_text import ascii_line, moment, plain
from flowsentry.emit.stories.chapters import story_of
from flowsentry.emit.stories.story import Story, listed_in
from flowsentry.findings.finding import Audience, Finding
from flowsentry.findings.triage import MAX_NOTE_LETTERS, Earlier, State, Triage

MAX_SUBJECT_LETTERS = 99
"""SNS takes less than 100: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html."""
MAX_HEADLINE_LETTERS = 400
DEFAULT_DEPLOYMENT = NO_RESOURCES.deployment


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """One message to publish. `subject` is printable ASCII, `json` and `chat` are JSON."""

    subject: str
    text: str
    json: str
    chat: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Told:
    """What all forms of the message are made of."""

    finding: Finding
    resources: AccountResources
    story: Story
    headline: str
    earlier: str
    closer: Investigation


def alert_message(
    finding: Finding, resources: AccountResources = NO_RESOURCES, earlier: Earlier | None = None
) -> AlertMessage:
    """The message about one finding, which may point to the places, and says what people made of the one `earlier`. The
    same gives the same bytes.
    """
    story = story_of(finding)
    told = _Told(
        finding=finding,
        resources=resources,
        story=story,
        headline=plain(f"{subject_text(finding)} {story.happening(finding, owner_text)}", MAX_HEADLINE_LETTERS),
        earlier=earlier_text(earlier) if earlier else "",
        closer=investigation(finding, resources),
    )
    return AlertMessage(
        subject=subject_line(finding),
        text="\n".join(_lines(told)),
        json=_json(told, earlier),
        chat=chat_notification(_chat(told)),
        attributes=attributes(
            kind=finding.kind,
            severity=finding.severity.value,
            audience=finding.audience,
            scope=finding.scope,
            subject=finding.subject,
        ),
    )


def subject_line(finding: Finding) -> str:
    """`[high] web-1 (10.0.1.5) is searching your network: it tried port 22/tcp on 12 hosts`."""
    happening = story_of(finding).happening(finding, short_owner_text)
    line = f"[{finding.severity}] {subject_text(finding, short_owner_text)} {happening}"
    return ascii_line(line, MAX_SUBJECT_LETTERS)


def attributes(*, kind: str, severity: str, audience: Audience, scope: str, subject: str) -> dict[str, str]:
    """What filter policies may judge by; never empty, since SNS takes no empty ones, and few: it takes ten with some
    forms of delivery.
    """
    told = {"kind": kind, "severity": severity, "scope": scope, "subject": subject}
    words = {name: plain(value) or "unknown" for name, value in told.items()}
    return {**words, "audience": audience.value, "schema": SCHEMA_VERSION}


def findings_command(resources: AccountResources, words: str) -> str:
    """`flowsentry findings list`, of the deployment where it has another name; empty where nothing is deployed, as in a
    replay.
    """
    if not resources.region:
        return ""
    name = plain(resources.deployment)
    return f"flowsentry findings {words}" + ("" if name == DEFAULT_DEPLOYMENT else f" --deployment {name}")


def _lines(told: _Told) -> Iterator[str]:
    yield f"{told.headline}."
    yield told.story.matter
    if told.earlier:
        yield told.earlier
    yield ""
    yield from (f"{label:<10}{fact}" for label, fact in facts_of(told.finding))
    yield ""
    yield "Check next"
    yield from (f"{number}. {check}" for number, check in enumerate(told.story.checks, 1))
    if look := list(told.closer.lines(plain(told.resources.athena_workgroup))):
        yield ""
        yield "Look closer"
        yield from look
    yield ""
    if answer := findings_command(told.resources, f"acknowledge|snooze|resolve {plain(told.finding.id)}"):
        yield f"Say what you made of it: {answer} (to snooze, add --days 7)"
    technique = told.finding.details.get("technique")
    words = (
        plain(told.finding.kind),
        told.finding.severity.value,
        *([f"ATT&CK {plain(technique)}"] if technique else []),
    )
    yield f"Finding {plain(told.finding.id)} ({', '.join(words)})"


def _json(told: _Told, earlier: Earlier | None) -> str:
    more = {
        "headline": told.headline,
        "investigation": asdict(told.closer),
        "earlier": asdict(earlier) if earlier else None,
    }
    return finding_json(told.finding, more)


def _chat(told: _Told) -> Chat:
    finding, resources = told.finding, told.resources
    facts = [f"{label}: {fact}" for label, fact in facts_of(finding)]
    return Chat(
        id=finding.id,
        thread=finding.thread,
        kind=finding.kind,
        title=f"[{finding.severity}] {told.headline}",
        lines=[told.story.matter, *([told.earlier] if told.earlier else []), *facts],
        link=told.closer.insights_link,
        steps=told.story.checks,
        keywords=[finding.kind, finding.severity.value, finding.scope],
        resources=[finding.subject, *listed_in(finding.details, "interface_ids")],
        context={
            "finding": finding.id,
            "kind": finding.kind,
            "severity": finding.severity.value,
            "deployment": resources.deployment,
            "region": resources.region,
            "account": resources.account_id,
        },
    )


def earlier_text(earlier: Earlier) -> str:
    """`Resolved on 2026-11-01 09:12:00 UTC by maria (an old password); it is seen again.`."""
    triage = earlier.triage
    who_and_why = _by(triage) + _note(triage)
    if triage.state is State.RESOLVED:
        return f"Resolved on {moment(triage.changed_at)}{who_and_why}; it is seen again."
    if triage.state is State.SNOOZED:
        return f"Snoozed until {moment(triage.until or 0)}{who_and_why}; that is over, and it still happens."
    if triage.state is State.ACKNOWLEDGED:
        return f"Acknowledged on {moment(triage.changed_at)}{who_and_why}; still so."
    return f"Also seen on {moment(earlier.found_at)}, still open (finding {plain(earlier.finding_id)})."


def _by(triage: Triage) -> str:
    return f" by {plain(triage.by)}" if triage.by else ""


def _note(triage: Triage) -> str:
    return f" ({plain(triage.note, MAX_NOTE_LETTERS)})" if triage.note else ""
