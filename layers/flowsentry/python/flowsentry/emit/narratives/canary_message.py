"""A test alert → its message, which says who gets it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from flowsentry.emit.alert_message import MAX_SUBJECT_LETTERS, AlertMessage, attributes_of
from flowsentry.emit.chat import Chat, chat_notification
from flowsentry.emit.console_queries import NO_RESOURCES, AccountResources
from flowsentry.emit.investigation import Investigation
from flowsentry.emit.machine_json import finding_json
from flowsentry.emit.plain_text import ascii_line, moment, plain
from flowsentry.findings.canary import WAY_IN_WORDS, Way
from flowsentry.findings.finding import Finding

MAX_RECIPIENTS, MAX_RECIPIENT_LETTERS = 20, 200
"""Recipients that the message lists. More: a longer message. Fewer: somebody is not named."""
NO_ACTION = "This is a test of Flowsentry's own alerts, and no action is needed."


def canary_message(
    finding: Finding, recipients: Sequence[str], resources: AccountResources = NO_RESOURCES
) -> AlertMessage:
    """The message of a test alert. `recipients` are the subscriptions and other channels, one text each."""
    headline = f"Test alert: a record that was written to {_where(finding)} came through"
    more = {"headline": headline, "investigation": asdict(Investigation()), "earlier": None}
    return AlertMessage(
        subject=ascii_line(f"[test] {plain(resources.deployment)}: alerts arrive", MAX_SUBJECT_LETTERS),
        text="\n".join(_lines(finding, headline, recipients, resources)),
        json=finding_json(finding, {**more, "recipients": _listed(recipients)}),
        chat=chat_notification(_chat(finding, headline, recipients, resources)),
        attributes=attributes_of(finding),
    )


def _where(finding: Finding) -> str:
    way = finding.details.get("way")
    return WAY_IN_WORDS[Way(way)] if way in tuple(Way) else "the flow logs"


def _listed(recipients: Sequence[str]) -> list[str]:
    shown = [plain(each, MAX_RECIPIENT_LETTERS) for each in recipients[:MAX_RECIPIENTS]]
    left_out = len(recipients) - len(shown)
    return [*shown, f"and {left_out:,} more"] if left_out > 0 else shown


def _lines(finding: Finding, headline: str, recipients: Sequence[str], resources: AccountResources) -> Iterator[str]:
    yield f"{headline}."
    yield NO_ACTION
    yield ""
    yield f"Deployment   {plain(resources.deployment)}"
    if resources.region:
        yield f"Region       {plain(resources.region)}, account {plain(resources.account_id) or 'unknown'}"
    yield f"Written      {moment(finding.first_seen)}"
    yield ""
    yield "Who gets alerts"
    yield from (f"- {each}" for each in _listed(recipients) or ["nobody"])
    yield ""
    yield f"Finding {plain(finding.id)} ({plain(finding.kind)})"


def _chat(finding: Finding, headline: str, recipients: Sequence[str], resources: AccountResources) -> Chat:
    return Chat(
        id=finding.id,
        thread="",
        kind=finding.kind,
        title=f"[test] {headline}",
        lines=[NO_ACTION, *(f"Goes to: {each}" for each in _listed(recipients))],
        keywords=[finding.kind],
        context={
            "finding": finding.id,
            "kind": finding.kind,
            "severity": finding.severity.value,
            "deployment": resources.deployment,
            "region": resources.region,
            "account": resources.account_id,
        },
    )
