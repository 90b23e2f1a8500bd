"""The inbox: what was sent about a finding, what would be, and digests; of a deployment and of a replay."""

import json
from datetime import UTC, datetime
from typing import Any

from flowsentry.emit.alert_message import AlertMessage, alert_message
from flowsentry.emit.digest import digest_message
from flowsentry.emit.overflow import overflow_message
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.triage import State
from local.console.inbox.inbox import AlertInbox
from local.console.inbox.published import PublishedMessages
from local.console.inbox.replayed import replayed_inbox
from local.console.inbox.triage_in_memory import TriageInMemory
from tests.aws.notifications.outbox_world import DAY, NOW, Clock, finding

LOUD, QUIET = finding("loud"), finding("quiet", Severity.BACKGROUND, subject="203.0.113.9")
LATER = finding("later", Severity.LOW, subject="203.0.113.10", last_seen=NOW + DAY)
SUPPRESSED = finding("hushed", suppressed_by="our scanner")


def publish(published: PublishedMessages, id_: str, message: AlertMessage, at: int = NOW) -> None:
    """Delivers a message as SNS does, in its three forms."""
    timestamp = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.000Z"

    def delivery(message_id: str, text: str) -> dict[str, Any]:
        return {"Type": "Notification", "MessageId": message_id, "Message": text, "Timestamp": timestamp}

    published.add_mail({"message_id": id_, "subject": message.subject, "text": message.text})
    published.add_delivery(delivery(id_, message.json))
    published.add_delivery(delivery(f"{id_}-chat", message.chat))


def inbox_of(published: PublishedMessages, *findings: Finding) -> AlertInbox:
    store = TriageInMemory()
    store.put(findings)
    return AlertInbox(store, published.messages)


def test_the_forms_of_a_published_message_are_put_together_byte_for_byte() -> None:
    published = PublishedMessages()
    for at, message in enumerate([alert_message(LOUD), digest_message([QUIET], 60), overflow_message([LOUD], 20)]):
        publish(published, f"message-{at}", message, NOW + at)
        put_together = published.messages()[at]
        assert (put_together.subject, put_together.text) == (message.subject, message.text)
        assert (put_together.json, put_together.chat) == (json.loads(message.json), json.loads(message.chat))
        assert (put_together.at, put_together.is_sent) == (NOW + at, True)
    assert [each.type for each in published.messages()] == ["finding", "digest", "overflow"]
    assert [each.severity for each in published.messages()] == ["high", "background", "high"]


def test_a_message_is_there_once_its_mail_and_its_json_have_arrived() -> None:
    published = PublishedMessages()
    published.add_mail({"message_id": "1", "subject": "s", "text": "t"})
    assert published.messages() == []


def test_the_last_message_about_a_finding_is_shown() -> None:
    published = PublishedMessages()
    inbox = inbox_of(published, LOUD)
    assert inbox.message_about(inbox.entry("loud")).is_sent is False
    publish(published, "first", alert_message(LOUD))
    publish(published, "second", alert_message(LOUD), NOW + 60)
    assert inbox.message_about(inbox.entry("loud")).id == "second"
    assert inbox.summaries() == []


def test_without_a_message_of_its_own_a_finding_has_the_alert_that_show_prints_and_its_digest() -> None:
    published = PublishedMessages()
    publish(published, "digest", digest_message([QUIET], 60))
    inbox = inbox_of(published, QUIET)
    message = inbox.message_about(inbox.entry("quiet"))
    assert (message.text, message.is_sent) == (alert_message(QUIET).text, False)
    summary = inbox.summary_with(inbox.entry("quiet"))
    assert summary is not None
    assert (summary.id, summary.number_of_findings, summary.finding_ids) == ("digest", 1, ["quiet"])


def test_a_replay_has_the_alerts_that_replay_prints_and_a_digest_for_each_day() -> None:
    inbox = replayed_inbox([LOUD, QUIET, LATER, SUPPRESSED])
    assert inbox.message_about(inbox.entry("loud")).text == alert_message(LOUD).text
    assert [(each.type, each.at, list(each.finding_ids)) for each in inbox.summaries()] == [
        ("digest", NOW + DAY, ["later"]),
        ("digest", NOW, ["quiet"]),
    ]
    assert [each.severity for each in inbox.summaries()] == ["low", "background"]
    delivery = {each.finding.id: inbox.delivery_of(each) for each in inbox.entries()}
    assert delivery["hushed"] == "not sent: suppressed (our scanner)"
    assert delivery["loud"] == "not sent, because a replay sends nothing; a deployment sends it as one message"
    assert delivery["quiet"].endswith("a deployment sends it in a digest")


def test_a_snooze_ends_after_whole_days() -> None:
    clock = Clock()
    inbox = replayed_inbox([LOUD], clock)
    triage = inbox.triage("loud", "snooze", "alice", "audit", 3)
    assert (triage.state, triage.until, triage.by, triage.note) == (State.SNOOZED, NOW + 3 * DAY, "alice", "audit")
    assert inbox.triage("loud", "reopen", "bob", "", 0).state is State.OPEN
