"""A finding's alert as each channel shows it."""

import json

from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.console_queries import NO_RESOURCES, AccountResources
from flowsentry.findings.finding import Finding
from flowsentry.findings.triage import Earlier, Triage
from local.console.console_data import Alert


def alert_of(
    finding: Finding,
    triage: Triage,
    found_at: int,
    published_at: int | None,
    resources: AccountResources = NO_RESOURCES,
    earlier: Earlier | None = None,
) -> Alert:
    """The alert, with the e-mail, the chat notification and the JSON that the notifier makes of the finding."""
    message = alert_message(finding, resources, earlier)
    return Alert(
        finding,
        triage,
        found_at,
        published_at,
        message.subject,
        message.text,
        json.loads(message.chat),
        json.loads(message.json),
    )
