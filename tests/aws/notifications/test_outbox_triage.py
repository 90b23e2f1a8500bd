"""Triage of earlier findings applies: silence while it lasts, and delivery when it ends."""

import json

import pytest

from flowsentry.aws.notifications.channels import Notification
from flowsentry.errors import RetryableError
from flowsentry.findings.finding import Severity
from flowsentry.findings.triage import State, Triage
from flowsentry.telemetry import metrics
from tests.aws.notifications.outbox_world import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SWEEP_SECONDS,
    OutboxWorld,
    finding,
)


@pytest.fixture
def world() -> OutboxWorld:
    metrics().clear_metrics()
    return OutboxWorld()


def deliver(world: OutboxWorld, day: int, severity: Severity = Severity.HIGH) -> None:
    """The finding of that day, put and delivered by the stream."""
    world.clock.now = NOW + day * DAY
    world.put(finding(f"day-{day}", severity, thread="t", last_seen=NOW + day * DAY))
    world.stream(f"day-{day}")


def test_later_findings_of_an_acknowledged_thread_are_not_delivered(world: OutboxWorld) -> None:
    deliver(world, 0)
    triage = world.finding_triage.acknowledge("day-0", "alice", "our scanner")
    for day in (1, 2, 3):
        deliver(world, day)
    world.sweep_for(HOUR)
    assert world.topic.ids == ["day-0"]
    assert world.waiting == []
    assert [world.finding_triage.entry(f"day-{day}").triage for day in (1, 2, 3)] == [triage] * 3
    assert world.item("day-3")["undelivered_reason"] == {"S": "acknowledged"}
    assert metrics().metric_set["AlertsSilenced"]["Value"] == [1.0] * 3


def test_triage_in_answer_to_an_older_mail_applies(world: OutboxWorld) -> None:
    deliver(world, 0)
    deliver(world, 1)
    world.finding_triage.acknowledge("day-0", "alice")
    deliver(world, 2)
    assert world.topic.ids == ["day-0", "day-1"]


def test_later_findings_of_a_reopened_thread_are_delivered_again(world: OutboxWorld) -> None:
    deliver(world, 0)
    world.finding_triage.acknowledge("day-0", "alice")
    deliver(world, 1)
    world.clock.advance(HOUR)
    world.finding_triage.reopen("day-1", "alice")
    deliver(world, 2)
    assert world.topic.ids == ["day-0", "day-2"]


def test_an_alert_mentions_the_open_finding_before_it(world: OutboxWorld) -> None:
    deliver(world, 0)
    deliver(world, 1)
    assert world.topic.ids == ["day-0", "day-1"]
    (_, first), (_, second) = world.topic.sent
    assert "Still open: also reported on" in second.message.text
    assert "Still open: also reported on" not in first.message.text


def test_a_snoozed_finding_comes_back_when_its_snooze_ends(world: OutboxWorld) -> None:
    deliver(world, 0)
    world.finding_triage.snooze("day-0", int(world.clock()) + HOUR, "alice", "after the audit")
    world.sweep_for(HOUR - SWEEP_SECONDS)
    assert world.topic.ids == ["day-0"]
    world.sweep_for(SWEEP_SECONDS)
    assert world.topic.ids == ["day-0", "day-0"]
    assert "Still happening: snoozed until" in world.topic.sent[1][1].message.text
    assert (world.state("day-0"), world.waiting) == ("open", [])
    world.sweep_for(DAY)
    assert world.topic.ids == ["day-0", "day-0"]


def test_of_a_snoozed_thread_only_the_newest_finding_comes_back(world: OutboxWorld) -> None:
    deliver(world, 0)
    world.finding_triage.snooze("day-0", NOW + 3 * DAY - HOUR, "alice")
    deliver(world, 1)
    deliver(world, 2)
    assert world.waiting == ["day-2"]
    world.sweep_for(DAY)
    assert world.topic.ids == ["day-0", "day-2"]
    deliver(world, 4)
    assert world.topic.ids == ["day-0", "day-2", "day-4"]


def test_a_snooze_that_became_an_acknowledgement_does_not_end(world: OutboxWorld) -> None:
    deliver(world, 0)
    world.finding_triage.snooze("day-0", NOW + HOUR, "alice")
    world.clock.advance(MINUTE)
    world.finding_triage.acknowledge("day-0", "alice")
    world.sweep_for(DAY)
    assert world.topic.ids == ["day-0"]


def test_acknowledging_one_finding_of_a_snoozed_thread_ends_its_delivery(world: OutboxWorld) -> None:
    deliver(world, 0)
    deliver(world, 1)
    world.finding_triage.snooze("day-1", NOW + 2 * DAY, "alice")
    world.clock.advance(HOUR)
    world.finding_triage.acknowledge("day-0", "alice")
    world.sweep_for(2 * DAY)
    assert world.topic.ids == ["day-0", "day-1"]
    assert world.state("day-1") == "acknowledged"


def test_a_resolved_finding_is_delivered_as_seen_again_the_next_day(world: OutboxWorld) -> None:
    deliver(world, 0)
    world.clock.advance(HOUR)
    world.finding_triage.resolve("day-0", "alice", "patched")
    deliver(world, 1)
    assert world.topic.ids == ["day-0", "day-1"]
    assert "Seen again: resolved on" in world.topic.sent[1][1].message.text
    assert world.state("day-1") == "seen_again"


def test_a_resolved_finding_is_delivered_as_seen_again_on_the_same_day(world: OutboxWorld) -> None:
    deliver(world, 0)
    world.clock.advance(HOUR)
    world.finding_triage.resolve("day-0", "alice", "patched")
    world.clock.advance(HOUR)
    for seen in (NOW + HOUR, NOW + 2 * HOUR, NOW + 2 * HOUR + 1):
        world.put(finding("day-0", thread="t", last_seen=seen))
    world.sweep_for(HOUR)
    assert world.topic.ids == ["day-0", "day-0"]
    assert "Seen again: resolved on" in world.topic.sent[1][1].message.text
    assert world.finding_triage.entry("day-0").before == Triage(State.RESOLVED, NOW + HOUR, "alice", "patched")
    assert world.state("day-0") == "seen_again"


def test_late_records_of_a_resolved_finding_do_not_open_it_again(world: OutboxWorld) -> None:
    deliver(world, 1)
    world.finding_triage.resolve("day-1", "alice")
    world.put(finding("day-0", thread="t", last_seen=NOW))
    world.stream("day-0")
    assert world.state("day-0") == "open"
    assert world.topic.ids == ["day-1", "day-0"]


def test_acknowledged_threads_are_left_out_of_digests(world: OutboxWorld) -> None:
    deliver(world, 0, Severity.BACKGROUND)
    world.sweep_for(2 * HOUR)
    world.finding_triage.acknowledge("day-0", "alice")
    deliver(world, 1, Severity.BACKGROUND)
    world.put(finding("other", Severity.LOW))
    world.sweep_for(2 * HOUR)
    assert world.delivered_together == [["day-0"], ["other"]]
    assert world.state("day-1") == "acknowledged"
    deliver(world, 2, Severity.BACKGROUND)
    world.sweep_for(2 * HOUR)
    assert world.topic.summary_counts == [1, 1]
    assert metrics().metric_set["AlertsSilenced"]["Value"] == [1.0, 1.0]


def test_a_digest_finding_comes_back_in_a_digest_when_its_snooze_ends(world: OutboxWorld) -> None:
    world.put(finding("quiet", Severity.LOW))
    world.finding_triage.snooze("quiet", NOW + DAY, "alice")
    world.sweep_for(DAY)
    assert world.topic.summary_counts == []
    world.sweep_for(HOUR)
    assert world.topic.summary_counts == [1]


def test_a_snooze_that_ends_while_the_topic_is_unreachable_is_delivered_later(world: OutboxWorld) -> None:
    deliver(world, 0)
    world.finding_triage.snooze("day-0", NOW + HOUR, "alice")
    world.topic.error = RetryableError("no SNS")
    world.clock.advance(HOUR)
    with pytest.raises(RetryableError):
        world.sweep()
    world.topic.error = None
    world.sweep_for(SWEEP_SECONDS)
    assert world.topic.ids == ["day-0", "day-0"]


def test_the_json_contains_the_earlier_finding_s_triage(world: OutboxWorld) -> None:
    deliver(world, 0)
    world.finding_triage.resolve("day-0", "alice", "patched")
    deliver(world, 1)
    message = json.loads(world.topic.sent[1][1].message.json)
    assert message["earlier"]["finding_id"] == "day-0"
    assert message["earlier"]["triage"]["note"] == "patched"


def test_a_snooze_set_during_delivery_still_ends(world: OutboxWorld) -> None:
    tell_topic = world.topic.send

    def told_and_snoozed(notification: Notification) -> None:
        tell_topic(notification)
        if len(world.topic.sent) == 1:
            world.finding_triage.snooze("a", NOW + HOUR, "alice")

    world.put(finding("a"))
    world.topic.send = told_and_snoozed  # type: ignore[method-assign]
    world.stream()
    assert world.waiting == ["a"]
    world.sweep_for(HOUR)
    assert world.topic.ids == ["a", "a"]
    assert world.waiting == []
