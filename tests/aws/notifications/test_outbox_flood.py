"""The rate limit: N messages an hour, the most urgent first, the others in one summary, and none lost."""

from typing import Any

import pytest

from flowsentry.errors import RetryableError
from flowsentry.findings.finding import Finding, Severity
from flowsentry.telemetry import metrics
from tests.aws.notifications.outbox_world import HOUR, MINUTE, SWEEP_SECONDS, OutboxWorld, finding
from tests.moto_world import FINDINGS_TABLE, items_of


@pytest.fixture
def world() -> OutboxWorld:
    metrics().clear_metrics()
    return OutboxWorld("chat", "events", limit=20)


def many(number: int, name: str = "n", severity: Severity = Severity.MEDIUM) -> list[Finding]:
    return [finding(f"{name}{each:03}", severity) for each in range(number)]


def ids(number: int, name: str = "n", start: int = 0) -> list[str]:
    return [f"{name}{each:03}" for each in range(start, number)]


def test_of_200_medium_at_once_15_are_delivered_alone_and_the_others_in_one_summary(world: OutboxWorld) -> None:
    world.put(*many(200))
    world.stream()
    world.sweep_for(30 * MINUTE)
    assert world.topic.ids == ids(15)
    assert world.topic.summary_counts == [185]
    assert world.delivered_together == [ids(200, start=15)]
    assert world.waiting == []
    assert all("published_at" in item for item in items_of(FINDINGS_TABLE) if "finding" in item)


def test_findings_after_a_summary_wait_an_hour_for_the_next(world: OutboxWorld) -> None:
    world.put(*many(30))
    world.stream()
    world.sweep_for(SWEEP_SECONDS)
    world.put(*many(15, "later"))
    world.stream(*ids(15, "later"))
    world.sweep_for(HOUR - SWEEP_SECONDS)
    assert (world.topic.ids, world.topic.summary_counts) == (ids(15), [15])
    world.sweep_for(2 * SWEEP_SECONDS)
    assert (world.topic.ids, world.topic.summary_counts) == (ids(15), [15, 15])
    assert world.delivered_together == [ids(30, start=15), ids(15, "later")]
    assert world.waiting == []
    assert metrics().metric_set["AlertsRateLimited"]["Value"] == [15, 15]
    assert metrics().metric_set["OverflowsPublished"]["Value"] == [1, 1]


def test_after_an_hour_alerts_are_delivered_one_by_one_again(world: OutboxWorld) -> None:
    world.put(*many(30))
    world.stream()
    world.sweep_for(HOUR)
    world.put(*many(30, "later"))
    world.stream(*ids(30, "later"))
    assert world.topic.ids == [*ids(15), *ids(15, "later")]
    assert world.topic.most_in_an_hour() == 15


def test_the_most_urgent_are_delivered_first(world: OutboxWorld) -> None:
    world.put(*many(25), *many(25, "loud", Severity.HIGH))
    world.stream()
    assert world.topic.ids == ids(20, "loud")
    world.sweep_for(SWEEP_SECONDS)
    (_, high), (_, medium) = [notification for notification in world.topic.sent if not notification[1].finding]
    assert (high.message.subject[:6], medium.message.subject[:8]) == ("[high]", "[medium]")
    assert world.topic.summary_counts == [5, 25]


def test_machines_receive_each_finding_at_once(world: OutboxWorld) -> None:
    world.put(*many(50))
    world.stream()
    assert world.more["events"].ids == ids(50)
    assert world.more["chat"].ids == ids(15)
    world.sweep_for(SWEEP_SECONDS)
    assert (world.more["events"].ids, world.more["events"].summary_counts) == (ids(50), [])
    assert world.more["chat"].summary_counts == world.topic.summary_counts == [35]


def test_a_machine_that_fails_in_a_flood_receives_rate_limited_findings_later(world: OutboxWorld) -> None:
    world.put(*many(50))
    world.more["events"].error = RetryableError("no bus")
    with pytest.raises(RetryableError, match="50 alerts stay"):
        world.stream()
    world.more["events"].error = None
    world.sweep_for(HOUR)
    assert sorted(world.more["events"].ids) == ids(50)
    assert world.topic.ids == ids(15)
    assert world.topic.summary_counts == [35]
    assert world.waiting == []


def test_two_concurrent_notifiers_deliver_no_more_than_one_would(world: OutboxWorld) -> None:
    """The second delivers its findings during the first's first message."""
    world.put(*many(40))
    first, pending = world.topic.send, [True]

    def interrupted(notification: Any) -> None:
        if pending:
            pending.clear()
            world.stream(*ids(40, start=20))
        first(notification)

    world.topic.send = interrupted  # type: ignore[method-assign]
    world.stream(*ids(20))
    assert len(world.topic.ids) == 15
    world.sweep_for(SWEEP_SECONDS)
    assert sorted([*world.topic.ids, *world.delivered_together[0]]) == ids(40)


def test_a_failed_summary_is_sent_by_the_next_run(world: OutboxWorld) -> None:
    world.put(*many(30))
    world.stream()
    world.topic.error = RetryableError("no SNS")
    world.clock.advance(SWEEP_SECONDS)
    with pytest.raises(RetryableError, match="15 findings were not delivered to topic"):
        world.sweep()
    assert world.more["chat"].summary_counts == [15]
    world.topic.error = None
    world.sweep_for(SWEEP_SECONDS)
    assert world.topic.summary_counts == world.more["chat"].summary_counts == [15]
    assert world.waiting == []


def test_a_notifier_that_dies_after_a_summary_sends_it_again_an_hour_later(world: OutboxWorld) -> None:
    world.put(*many(30))
    world.stream()
    world.clock.advance(SWEEP_SECONDS)
    world.topic.after = SystemExit()
    with pytest.raises(SystemExit):
        world.sweep()
    world.topic.after = None
    world.sweep_for(HOUR)
    assert world.topic.summary_counts == [15, 15]
    assert world.waiting == []


def test_an_outage_takes_no_slots(world: OutboxWorld) -> None:
    world.topic.error = world.more["chat"].error = RetryableError("no SNS")
    world.put(*many(15))
    for _ in range(20):
        world.clock.advance(2 * MINUTE)
        with pytest.raises(RetryableError):
            world.sweep()
    world.topic.error = world.more["chat"].error = None
    world.sweep_for(SWEEP_SECONDS)
    assert world.topic.ids == ids(15)
