"""A topic to which nobody is subscribed is noticed within a day, and forgotten soon after somebody confirmed."""

from typing import Any

import pytest

from flowsentry.aws import clients
from flowsentry.aws.notifications.control_item import ControlItem
from flowsentry.aws.notifications.recipients import Recipients, Subscription, subscriptions_of
from flowsentry.aws.upkeep.subscription_check import CHECK_SECONDS, GRACE_SECONDS, RECHECK_SECONDS, SubscriptionCheck
from flowsentry.settings import NotifierSettings
from flowsentry.telemetry import metrics
from tests.aws.notifications.outbox_world import Clock
from tests.moto_world import FINDINGS_TABLE, make_findings_table, make_queue

PENDING = "PendingConfirmation"


class FakeSns:
    """Topics with subscriptions, as SNS lists them; `calls` are the topics that were asked for."""

    def __init__(self, **subscriptions: list[tuple[str, str, str]]) -> None:
        self.subscriptions, self.calls = subscriptions, list[str]()

    def get_paginator(self, _name: str) -> "FakeSns":
        return self

    def paginate(self, *, TopicArn: str) -> Any:  # noqa: N803 - AWS's
        self.calls.append(TopicArn)
        for protocol, endpoint, arn in self.subscriptions[TopicArn]:
            yield {"Subscriptions": [{"Protocol": protocol, "Endpoint": endpoint, "SubscriptionArn": arn}]}


def recipients(sns: FakeSns) -> Recipients:
    return Recipients({name: name for name in sns.subscriptions}, ("event bus security",), sns)  # type: ignore[arg-type]


def emitted() -> list[float]:
    found: list[float] = metrics().metric_set.get("AlertTopicsWithoutSubscription", {}).get("Value", [])
    metrics().clear_metrics()
    return found


@pytest.fixture
def clock() -> Clock:
    make_findings_table()
    metrics().clear_metrics()
    return Clock()


def check(sns: FakeSns, clock: Clock) -> SubscriptionCheck:
    return SubscriptionCheck(ControlItem("subscriptions", FINDINGS_TABLE, clients.dynamodb(), clock), recipients(sns))


def test_people_have_an_hour_to_confirm_before_the_first_check(clock: Clock) -> None:
    sns = FakeSns(alerts=[("email", "a@example.com", PENDING)])
    run = check(sns, clock)
    run.run()
    clock.advance(GRACE_SECONDS - 1)
    run.run()
    assert (sns.calls, emitted()) == ([], [])
    clock.advance(1)
    run.run()
    assert emitted() == [1]


def test_every_sweep_counts_until_somebody_confirmed(clock: Clock) -> None:
    sns = FakeSns(alerts=[("email", "a@example.com", PENDING)], digests=[("sqs", "arn:queue", "arn:one")])
    run = check(sns, clock)
    run.run()
    clock.advance(GRACE_SECONDS)
    for _ in range(3):
        run.run()
    assert emitted() == [1, 1, 1]
    sns.subscriptions["alerts"] = [("email", "a@example.com", "arn:sub")]
    clock.advance(RECHECK_SECONDS)
    run.run()
    run.run()
    assert emitted() == []


def test_topics_with_subscriptions_are_listed_once_a_day(clock: Clock) -> None:
    sns = FakeSns(alerts=[("email", "a@example.com", "arn:sub")])
    run = check(sns, clock)
    for _ in range(3 * 24):
        run.run()
        clock.advance(CHECK_SECONDS // 24)
    assert len(sns.calls) == 3


def test_recipients_are_listed_with_what_they_get_and_without_secrets() -> None:
    sns = FakeSns(
        alerts=[
            ("email", "a@example.com", PENDING),
            ("https", "https://user:pass@hooks.example.com/services/secret?token=x", "arn:sub"),
        ]
    )
    assert recipients(sns).listed() == [
        "topic of alerts: email a@example.com (not confirmed: gets nothing)",
        "topic of alerts: https hooks.example.com/... (confirmed)",
        "event bus security",
    ]


def test_subscriptions_are_those_that_sns_has() -> None:
    topic = clients.sns().create_topic(Name="alerts")["TopicArn"]
    url = make_queue("q")
    arn = clients.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    clients.sns().subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    assert list(subscriptions_of(topic, clients.sns())) == [Subscription("sqs", arn, is_confirmed=True)]


def test_the_topics_and_channels_are_those_of_the_settings() -> None:
    given = NotifierSettings(
        findings_table="f", alert_topic_arn="a", output_bucket="o", chat_topic_arn="c", event_bus="b", security_hub=True
    )
    made = Recipients.of(given)
    assert made.topics == {"alerts": "a", "chats": "c"}
    assert made.others == ("event bus b", "Security Hub")
