"""A finding → its alert: text for people, JSON for machines, a chat notification, attributes for filter policies."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from flowsentry.emit.chat import Chat, chat_notification
from flowsentry.emit.console_queries import NO_RESOURCES, AccountResources
from flowsentry.emit.facts import fact_line, facts_of
from flowsentry.emit.investigation import Investigation, investigation
from flowsentry.emit.machine_json import SCHEMA_VERSION, finding_json
from flowsentry.emit.narratives.by_kind import narrative_of
from flowsentry.emit.narratives.narrative import Narrative, listed_in
from flowsentry.emit.owner_names import owner_text, short_owner_text, subject_text
from flowsentry.emit.plain_text import ascii_line, moment, plain
from flowsentry.findings.finding import Audience, Finding
from flowsentry.findings.triage import MAX_NOTE_LETTERS, Earlier, State, Triage
from flowsentry.value import Value

MAX_SUBJECT_LETTERS = 99
"""SNS takes less than 100: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html."""
MAX_HEADLINE_LETTERS = 400
SEVERAL = "several"
"""The `scope` and `subject` of a message about several findings."""
DEFAULT_DEPLOYMENT = NO_RESOURCES.deployment


class AlertMessage(Value, frozen=True):
    """One message to publish. `subject` is printable ASCII, `json` and `chat` are JSON."""

    subject: str
    text: str
    json: str
    chat: str
    attributes: Mapping[str, str]


class _Content(Value, frozen=True):
    """What all forms of the message have in common."""

    finding: Finding
    resources: AccountResources
    narrative: Narrative
    headline: str
    earlier: str
    investigation: Investigation


def alert_message(
    finding: Finding, resources: AccountResources = NO_RESOURCES, earlier: Earlier | None = None
) -> AlertMessage:
    """The message about one finding, with links to the account's resources and the triage of the `earlier` finding of
    the same thread. The same input gives the same bytes.
    """
    narrative = narrative_of(finding)
    content = _Content(
        finding=finding,
        resources=resources,
        narrative=narrative,
        headline=plain(f"{subject_text(finding)} {narrative.headline(finding, owner_text)}", MAX_HEADLINE_LETTERS),
        earlier=earlier_text(earlier) if earlier else "",
        investigation=investigation(finding, resources),
    )
    return AlertMessage(
        subject=subject_line(finding),
        text="\n".join(_lines(content)),
        json=_json(content, earlier),
        chat=chat_notification(_chat(content)),
        attributes=attributes_of(finding),
    )


def subject_line(finding: Finding) -> str:
    """`[high] web-1 (10.0.1.5) is scanning your network: port 22/tcp on 12 hosts`."""
    headline = narrative_of(finding).headline(finding, short_owner_text)
    line = f"[{finding.severity}] {subject_text(finding, short_owner_text)} {headline}"
    return ascii_line(line, MAX_SUBJECT_LETTERS)


def attributes_of(finding: Finding) -> dict[str, str]:
    """The attributes of the message about one finding."""
    return attributes(
        kind=finding.kind,
        severity=finding.severity.value,
        audience=finding.audience,
        scope=finding.scope,
        subject=finding.subject,
    )


def attributes(*, kind: str, severity: str, audience: Audience, scope: str, subject: str) -> dict[str, str]:
    """The attributes for filter policies. None is empty, which SNS refuses, and there are fewer than ten, the limit of
    raw message delivery (https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html).
    """
    given = {"kind": kind, "severity": severity, "scope": scope, "subject": subject}
    values = {name: plain(value) or "unknown" for name, value in given.items()}
    return {**values, "audience": audience.value, "schema": SCHEMA_VERSION}


def findings_command(resources: AccountResources, arguments: str) -> str:
    """`flowsentry findings list`, with `--deployment` where it has another name; empty where nothing is deployed, as in
    a replay.
    """
    if not resources.region:
        return ""
    name = plain(resources.deployment)
    return f"flowsentry findings {arguments}" + ("" if name == DEFAULT_DEPLOYMENT else f" --deployment {name}")


def _lines(content: _Content) -> Iterator[str]:
    yield f"{content.headline}."
    yield content.narrative.why
    if content.earlier:
        yield content.earlier
    yield ""
    yield from (fact_line(label, fact) for label, fact in facts_of(content.finding))
    yield ""
    yield "What to check"
    yield from (f"{number}. {check}" for number, check in enumerate(content.narrative.checks, 1))
    if where := list(content.investigation.lines(plain(content.resources.athena_workgroup))):
        yield ""
        yield "Where to look"
        yield from where
    yield ""
    if command := findings_command(content.resources, f"acknowledge|snooze|resolve {plain(content.finding.id)}"):
        yield f"Triage: {command} (to snooze, add --days 7)"
    yield f"Finding {plain(content.finding.id)} ({', '.join(_labels(content.finding))})"


def _labels(finding: Finding) -> Iterator[str]:
    yield plain(finding.kind)
    yield finding.severity.value
    if technique := finding.details.get("technique"):
        yield f"ATT&CK {plain(technique)}"


def _json(content: _Content, earlier: Earlier | None) -> str:
    more = {
        "headline": content.headline,
        "investigation": asdict(content.investigation),
        "earlier": asdict(earlier) if earlier else None,
    }
    return finding_json(content.finding, more)


def _chat(content: _Content) -> Chat:
    finding, resources = content.finding, content.resources
    facts = [f"{label}: {fact}" for label, fact in facts_of(finding)]
    return Chat(
        id=finding.id,
        thread=finding.thread,
        kind=finding.kind,
        title=f"[{finding.severity}] {content.headline}",
        lines=[content.narrative.why, *([content.earlier] if content.earlier else []), *facts],
        link=content.investigation.insights_link,
        steps=content.narrative.checks,
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
    """`Seen again: resolved on 2026-11-01 09:12:00 UTC by maria (an old password).`."""
    triage = earlier.triage
    by_whom_and_why = _by(triage) + _note(triage)
    if triage.state is State.RESOLVED:
        return f"Seen again: resolved on {moment(triage.changed_at)}{by_whom_and_why}."
    if triage.state is State.SNOOZED:
        return f"Still happening: snoozed until {moment(triage.until or 0)}{by_whom_and_why}."
    if triage.state is State.ACKNOWLEDGED:
        return f"Still happening: acknowledged on {moment(triage.changed_at)}{by_whom_and_why}."
    return f"Still open: also reported on {moment(earlier.found_at)} (finding {plain(earlier.finding_id)})."


def _by(triage: Triage) -> str:
    return f" by {plain(triage.by)}" if triage.by else ""


def _note(triage: Triage) -> str:
    return f" ({plain(triage.note, MAX_NOTE_LETTERS)})" if triage.note else ""
