"""The inbox of the demo: e-mails and queue messages that the alert topic delivers."""

from collections.abc import Iterator

import pytest

from flowsentry.aws.notifications.channels import Notification
from flowsentry.aws.notifications.sns import SnsTopic
from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.digest import digest_message
from flowsentry.emit.overflow import overflow_message
from flowsentry.findings.finding import Severity
from local.aws.embedded import EmbeddedAws
from local.demo.account import ADDRESS
from local.demo.alerts import Delivered, Inbox
from tests.local.demo.fakes import NOON, finding

DETAILS = {"relation": "inside_to_inside", "hosts": 1, "ports": 12, "sample_endpoints": [], "answered_endpoints": []}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws.in_process() as running:
        yield running


@pytest.fixture(scope="module")
def topic(aws: EmbeddedAws) -> SnsTopic:
    arn = str(aws.client("sns").create_topic(Name="alerts")["TopicArn"])
    aws.client("sns").subscribe(TopicArn=arn, Protocol="email", Endpoint=ADDRESS)
    return SnsTopic(arn, aws.client("sns"))


def test_alerts_and_digests_are_distinguished_and_every_mail_is_shown(aws: EmbeddedAws, topic: SnsTopic) -> None:
    shown: list[Delivered] = []
    urgent = [finding(f"10.20.0.{number}", details={**DETAILS, "ports": number}) for number in range(10, 25)]
    background = finding(
        "203.0.113.9", severity=Severity.BACKGROUND, details={**DETAILS, "relation": "outside_background"}
    )
    gap = finding("eni-1", "records_skipped", Severity.BACKGROUND, details={"hour": NOON, "records": 1})
    with Inbox(aws, shown.append) as inbox:
        for each in urgent:
            topic.send(Notification(alert_message(each)))
        topic.send(Notification(digest_message([background, gap], 1)))
        topic.send(Notification(overflow_message(urgent[:2], 1)))
        delivered = inbox.drained()
    assert sorted(each.id for each, _ in delivered) == sorted(each.id for each in urgent)
    assert {each.id: each for each, _ in delivered} == {each.id: each for each in urgent}
    assert (inbox.digests, inbox.digested) == (1, {"port_scan": 1, "records_skipped": 1})
    assert len(shown) == len(urgent) + 2
    assert inbox.mails == [each.text for each in shown]
    assert {each.subject for each in shown} >= {alert_message(urgent[0]).subject}
    published = inbox.published.messages()
    assert sorted((each.subject, each.text) for each in published) == sorted(
        (each.subject, each.text) for each in shown
    )
    assert len(aws.failures()) == 0
