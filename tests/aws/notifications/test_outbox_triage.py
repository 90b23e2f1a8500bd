"""What people said of findings, heeded: silence while they want it, and word when it is over."""

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


def tell(world: OutboxWorld, day: int, severity: Severity = Severity.HIGH) -> None:
    """The finding of that day, as it comes."""
    world.clock.now = NOW + day * DAY
    world.put(finding(f"day-{day}", severity, thread="t", last_seen=NOW + day * DAY))
    world.stream(f"day-{day}")


def test_the_like_of_what_was_acknowledged_is_not_told_day_after_day(world: OutboxWorld) -> None:
    tell(world, 0)
    triage = world.finding_triage.acknowledge("day-0", "alice", "our scanner")
    for day in (1, 2, 3):
        tell(world, day)
    world.sweep_for(HOUR)
    assert world.topic.ids == ["day-0"]
    assert world.waiting == []
    assert [world.finding_triage.entry(f"day-{day}").triage for day in (1, 2, 3)] == [triage] * 3
    assert world.item("day-3")["untold"] == {"S": "acknowledged"}
    assert metrics().metric_set["AlertsSilenced"]["Value"] == [1.0] * 3


def test_what_was_said_in_answer_to_an_older_mail_is_heeded(world: OutboxWorld) -> None:
    tell(world, 0)
    tell(world, 1)
    world.finding_triage.acknowledge("day-0", "alice")
    tell(world, 2)
    assert world.topic.ids == ["day-0", "day-1"]


def test_the_like_of_what_was_reopened_is_told_again(world: OutboxWorld) -> None:
    tell(world, 0)
    world.finding_triage.acknowledge("day-0", "alice")
    tell(world, 1)
    world.clock.pass_(HOUR)
    world.finding_triage.reopen("day-1", "alice")
    tell(world, 2)
    assert world.topic.ids == ["day-0", "day-2"]


def test_an_open_one_before_it_is_told_with_it(world: OutboxWorld) -> None:
    tell(world, 0)
    tell(world, 1)
    assert world.topic.ids == ["day-0", "day-1"]
    (_, first), (_, second) = world.topic.tellings
    assert "Also seen on" in second.message.text
    assert "Also seen on" not in first.message.text


def test_a_snoozed_finding_comes_back_when_its_snooze_ends(world: OutboxWorld) -> None:
    tell(world, 0)
    world.finding_triage.snooze("day-0", int(world.clock()) + HOUR, "alice", "after the audit")
    world.sweep_for(HOUR - SWEEP_SECONDS)
    assert world.topic.ids == ["day-0"]
    world.sweep_for(SWEEP_SECONDS)
    assert world.topic.ids == ["day-0", "day-0"]
    assert "Snoozed until" in world.topic.tellings[1][1].message.text
    assert (world.state("day-0"), world.waiting) == ("open", [])
    world.sweep_for(DAY)
    assert world.topic.ids == ["day-0", "day-0"]


def test_of_a_thread_that_is_snoozed_the_newest_comes_back_and_no_other(world: OutboxWorld) -> None:
    tell(world, 0)
    world.finding_triage.snooze("day-0", NOW + 3 * DAY - HOUR, "alice")
    tell(world, 1)
    tell(world, 2)
    assert world.waiting == ["day-2"]
    world.sweep_for(DAY)
    assert world.topic.ids == ["day-0", "day-2"]
    tell(world, 4)
    assert world.topic.ids == ["day-0", "day-2", "day-4"]


def test_a_snooze_that_became_an_acknowledgement_does_not_end(world: OutboxWorld) -> None:
    tell(world, 0)
    world.finding_triage.snooze("day-0", NOW + HOUR, "alice")
    world.clock.pass_(MINUTE)
    world.finding_triage.acknowledge("day-0", "alice")
    world.sweep_for(DAY)
    assert world.topic.ids == ["day-0"]


def test_who_snoozes_one_and_acknowledges_another_of_its_thread_hears_no_more(world: OutboxWorld) -> None:
    tell(world, 0)
    tell(world, 1)
    world.finding_triage.snooze("day-1", NOW + 2 * DAY, "alice")
    world.clock.pass_(HOUR)
    world.finding_triage.acknowledge("day-0", "alice")
    world.sweep_for(2 * DAY)
    assert world.topic.ids == ["day-0", "day-1"]
    assert world.state("day-1") == "acknowledged"


def test_what_was_resolved_is_told_as_seen_again_the_next_day(world: OutboxWorld) -> None:
    tell(world, 0)
    world.clock.pass_(HOUR)
    world.finding_triage.resolve("day-0", "alice", "patched")
    tell(world, 1)
    assert world.topic.ids == ["day-0", "day-1"]
    assert "Resolved on" in world.topic.tellings[1][1].message.text
    assert "it is seen again" in world.topic.tellings[1][1].message.text
    assert world.state("day-1") == "seen_again"


def test_what_was_resolved_is_told_as_seen_again_on_the_same_day(world: OutboxWorld) -> None:
    tell(world, 0)
    world.clock.pass_(HOUR)
    world.finding_triage.resolve("day-0", "alice", "patched")
    world.clock.pass_(HOUR)
    for seen in (NOW + HOUR, NOW + 2 * HOUR, NOW + 2 * HOUR + 1):
        world.put(finding("day-0", thread="t", last_seen=seen))
    world.sweep_for(HOUR)
    assert world.topic.ids == ["day-0", "day-0"]
    assert "Resolved on" in world.topic.tellings[1][1].message.text
    assert world.finding_triage.entry("day-0").before == Triage(State.RESOLVED, NOW + HOUR, "alice", "patched")
    assert world.state("day-0") == "seen_again"


def test_old_records_that_come_after_something_was_resolved_do_not_open_it_again(world: OutboxWorld) -> None:
    tell(world, 1)
    world.finding_triage.resolve("day-1", "alice")
    world.put(finding("day-0", thread="t", last_seen=NOW))
    world.stream("day-0")
    assert world.state("day-0") == "open"
    assert world.topic.ids == ["day-1", "day-0"]


def test_what_was_acknowledged_is_left_out_of_digests(world: OutboxWorld) -> None:
    tell(world, 0, Severity.BACKGROUND)
    world.sweep_for(2 * HOUR)
    world.finding_triage.acknowledge("day-0", "alice")
    tell(world, 1, Severity.BACKGROUND)
    world.put(finding("other", Severity.LOW))
    world.sweep_for(2 * HOUR)
    assert world.told_together == [["day-0"], ["other"]]
    assert world.state("day-1") == "acknowledged"
    tell(world, 2, Severity.BACKGROUND)
    world.sweep_for(2 * HOUR)
    assert world.topic.summed_up == [1, 1]
    assert metrics().metric_set["AlertsSilenced"]["Value"] == [1.0, 1.0]


def test_a_quiet_finding_comes_back_in_a_digest_when_its_snooze_ends(world: OutboxWorld) -> None:
    world.put(finding("quiet", Severity.LOW))
    world.finding_triage.snooze("quiet", NOW + DAY, "alice")
    world.sweep_for(DAY)
    assert world.topic.summed_up == []
    world.sweep_for(HOUR)
    assert world.topic.summed_up == [1]


def test_a_snooze_that_ends_while_the_topic_is_away_is_told_later(world: OutboxWorld) -> None:
    tell(world, 0)
    world.finding_triage.snooze("day-0", NOW + HOUR, "alice")
    world.topic.error = RetryableError("no SNS")
    world.clock.pass_(HOUR)
    with pytest.raises(RetryableError):
        world.sweep()
    world.topic.error = None
    world.sweep_for(SWEEP_SECONDS)
    assert world.topic.ids == ["day-0", "day-0"]


def test_no_word_of_a_person_gets_lost_in_what_machines_read(world: OutboxWorld) -> None:
    tell(world, 0)
    world.finding_triage.resolve("day-0", "alice", "patched")
    tell(world, 1)
    told = json.loads(world.topic.tellings[1][1].message.json)
    assert told["earlier"]["finding_id"] == "day-0"
    assert told["earlier"]["triage"]["note"] == "patched"


def test_a_snooze_said_while_it_is_being_told_still_ends(world: OutboxWorld) -> None:
    tell_topic = world.topic.tell

    def told_and_snoozed(notification: Notification) -> None:
        tell_topic(notification)
        if len(world.topic.tellings) == 1:
            world.finding_triage.snooze("a", NOW + HOUR, "alice")

    world.put(finding("a"))
    world.topic.tell = told_and_snoozed  # type: ignore[method-assign]
    world.stream()
    assert world.waiting == ["a"]
    world.sweep_for(HOUR)
    assert world.topic.ids == ["a", "a"]
    assert world.waiting == []
