"""HIGH is delivered within two minutes in any flood, and all other findings in the end: thousands, in memory."""

import json
import random
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from campaigns.alert_floods import run
from campaigns.emulation.findings_client import FindingsClient, undisturbed
from campaigns.emulation.flood_faults import FaultModel, KilledError, RecordingChannel
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.notifications.channels import Channels, Notification
from flowsentry.aws.notifications.outbox import HIGH_LEFT_OVER_SECONDS, MAX_SUMMARIZED, STREAM_SECONDS, Outbox
from flowsentry.aws.notifications.rate_limit import RateLimit
from flowsentry.emit.console_queries import AccountResources
from flowsentry.errors import RetryableError
from flowsentry.findings.finding import Finding, Severity
from flowsentry.telemetry import metrics
from tests.aws.notifications.outbox_world import HOUR, MINUTE, finding

RUN_SECONDS, DELIVERY_SECONDS = 50, 120


class World:
    """An outbox in memory, where a call takes 2 ms, as in threads; and channels, which may be slow or unreachable."""

    def __init__(self, *more: str, limit: int = 20) -> None:
        metrics().clear_metrics()
        self.clock = FaultModel(random.Random(0), call_seconds=0.002)  # noqa: S311 - nothing is left to chance
        self.client = FindingsClient(self.clock.around)
        self.topic, self.more = Slow("topic", self.clock), [Slow(name, self.clock, may_refuse=True) for name in more]
        people = [self.topic, *(each for each in self.more if each.name == "chat")]
        machines = [each for each in self.more if each.name != "chat"]
        channels = Channels(tuple(people), tuple(machines), (self.topic,))
        table = FindingTable("findings", self.client, self.clock)  # type: ignore[arg-type]
        self.outbox = Outbox(table, channels, AccountResources(), 60, limit, self.clock)
        self.longest = 0.0

    def put(self, *findings: Finding) -> None:
        """Takes no time."""
        self.client.around = undisturbed
        self.outbox.findings.put_new(findings)
        self.client.around = self.clock.around

    def sweep_for(self, seconds: int) -> None:
        """Runs a sweep every minute, which must end before the next."""
        start = self.clock.now
        for minute in range(1, seconds // MINUTE + 1):
            self.clock.now = began = start + minute * MINUTE
            with suppress(RetryableError):
                self.outbox.publish_left_over(RUN_SECONDS)
            self.longest = max(self.longest, self.clock.now - began)
        self.clock.now = start + seconds

    def stream(self, *ids: str) -> None:
        self.outbox.publish_new([dict(self.client.items[each]) for each in ids])

    def delivered_alone_after(self, finding_id: str, put_at: float) -> float:
        return self.topic.alone[finding_id][0] - put_at

    @property
    def waiting(self) -> int:
        return sum("unpublished" in item for item in self.client.items.values())


class Slow(RecordingChannel):
    """A channel that takes `seconds` to answer, and is unreachable while it `is_away`."""

    seconds, is_away = 0.0, False

    def send(self, notification: Notification) -> None:
        self.fault_model.now += self.seconds
        if self.is_away:
            raise RetryableError("away")
        super().send(notification)


def many(count: int, severity: Severity = Severity.MEDIUM, name: str = "n") -> list[Finding]:
    return [finding(f"{name}{number:05}", severity) for number in range(count)]


@pytest.mark.parametrize(("count", "before"), [(600, 0), (600, 600), (20_000, 10_000)])
def test_one_high_left_over_among_thousands_of_medium_is_delivered_alone(count: int, before: int) -> None:
    world, flood = World(), many(count)
    world.put(*flood[:before], finding("loud"), *flood[before:])
    put_at = world.clock.now
    world.sweep_for(2 * MINUTE)
    assert world.delivered_alone_after("loud", put_at) < DELIVERY_SECONDS
    world.sweep_for(10 * MINUTE)
    assert (len(world.topic.alone), sum(world.topic.together)) == (15, count - 14)
    assert len(world.topic.together) == -(-(count - 14) // MAX_SUMMARIZED)
    assert world.waiting == 0
    assert world.longest < MINUTE


def test_one_high_after_medium_used_all_its_slots_has_a_slot() -> None:
    world = World()
    world.put(*many(6_000))
    world.sweep_for(10 * MINUTE)
    for number in range(5):
        put_at = world.clock.now
        world.put(finding(f"loud-{number}"))
        world.sweep_for(2 * MINUTE)
        assert world.delivered_alone_after(f"loud-{number}", put_at) < DELIVERY_SECONDS


@pytest.mark.parametrize("limit", [1, 2, 20])
def test_thousands_of_high_are_delivered_within_two_minutes_mostly_in_summaries(limit: int) -> None:
    world = World(limit=limit)
    world.put(*many(6_000, Severity.HIGH))
    world.sweep_for(2 * MINUTE)
    assert len(world.topic.alone) == limit
    assert len(world.topic.alone) + sum(world.topic.together) == 6_000
    assert world.waiting == 0


def test_high_over_the_limit_is_in_a_summary_each_minute() -> None:
    world = World(limit=1)
    for minute in range(10):
        world.put(*many(3, Severity.HIGH, f"m{minute}-"))
        world.sweep_for(MINUTE)
    assert (len(world.topic.alone), world.topic.together) == (1, [2, *[3] * 9])


def test_high_is_delivered_during_a_flood_of_low_which_is_in_digests() -> None:
    world = World()
    world.put(*many(300, Severity.LOW), finding("loud"))
    put_at = world.clock.now
    world.sweep_for(2 * MINUTE)
    assert world.delivered_alone_after("loud", put_at) < DELIVERY_SECONDS
    world.sweep_for(HOUR + 5 * MINUTE)
    assert (sum(world.topic.together), world.waiting) == (300, 0)


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.MEDIUM])
@pytest.mark.parametrize("is_finding", [True, False])
def test_high_is_delivered_during_a_flood_of_findings_that_can_not_be_rendered(
    severity: Severity,
    is_finding: bool,  # noqa: FBT001
) -> None:
    world = World()
    bad = [replace(each, first_seen=None) for each in many(500, severity)]  # type: ignore[arg-type]
    world.put(*bad, finding("loud"), *many(40, Severity.HIGH, "more"))
    for each in bad:
        text = each.to_json() if is_finding else "no finding"
        world.client.items[each.id]["finding"] = {"S": text}
    put_at = world.clock.now
    world.sweep_for(2 * MINUTE)
    assert world.delivered_alone_after("loud", put_at) < DELIVERY_SECONDS
    assert len(world.topic.alone) + sum(world.topic.together) == 41
    world.sweep_for(10 * MINUTE)
    assert all(world.client.items[each.id]["undelivered_reason"] == {"S": "quarantined"} for each in bad)


def test_high_is_delivered_while_a_hanging_chat_has_thousands_pending() -> None:
    world = World("chat")
    world.more[0].is_away, world.more[0].seconds = True, 18
    world.put(*many(5_100, Severity.HIGH))
    world.sweep_for(5 * MINUTE)
    put_at = world.clock.now
    world.put(finding("loud"))
    before = sum(world.topic.together)
    world.sweep_for(2 * MINUTE)
    assert sum(world.topic.together) > before or world.delivered_alone_after("loud", put_at) < DELIVERY_SECONDS
    world.more[0].is_away, world.more[0].seconds = False, 0
    world.sweep_for(2 * HOUR)
    assert len(world.more[0].alone) + sum(world.more[0].together) == 5_101
    assert world.waiting == 0


@pytest.mark.parametrize("seconds", [2, 5])
def test_high_is_delivered_within_two_minutes_by_a_topic_that_takes_seconds_a_message(seconds: int) -> None:
    world = World()
    world.topic.seconds = seconds
    world.put(*many(100), *many(60, Severity.HIGH, "loud"))
    world.sweep_for(2 * MINUTE)
    alone = [each for each in world.topic.alone if each.startswith("loud")]
    assert len(alone) + world.topic.together[0] == 60


def test_a_machine_that_takes_a_second_a_message_does_not_delay_people() -> None:
    world = World("events")
    world.more[0].seconds = 1
    world.put(*many(300, Severity.HIGH))
    world.sweep_for(MINUTE)
    assert len(world.topic.alone) + sum(world.topic.together) == 300
    world.sweep_for(20 * MINUTE)
    assert (len(world.more[0].alone), world.waiting, world.longest < MINUTE) == (300, 0, True)


def test_high_that_an_earlier_version_put_among_medium_is_delivered_as_high() -> None:
    world = World()
    world.put(*many(6_000), finding("loud"))
    world.client.items["loud"]["unpublished"] = {"S": "urgent"}
    world.client.by_partition["urgent"]["loud"] = world.client.by_partition["high"].pop("loud")
    put_at = world.clock.now
    world.sweep_for(2 * MINUTE)
    assert world.delivered_alone_after("loud", put_at) < DELIVERY_SECONDS


def test_a_stream_batch_delivers_the_most_urgent_first_and_ends_in_time() -> None:
    world = World()
    world.topic.seconds = 3
    world.put(*many(99), finding("loud"))
    began = world.clock.now
    world.stream(*(f"n{number:05}" for number in range(99)), "loud")
    assert next(iter(world.topic.alone)) == "loud"
    assert world.clock.now - began < STREAM_SECONDS + 5
    world.topic.seconds = 0
    world.sweep_for(10 * MINUTE)
    assert (len(world.topic.alone) + sum(world.topic.together), world.waiting) == (100, 0)


def test_a_sweep_leaves_a_claimed_finding_to_the_stream_until_the_claim_ends() -> None:
    world = World()
    world.put(finding("loud"))
    world.clock.now += HIGH_LEFT_OVER_SECONDS
    send = world.topic.send

    def meanwhile(notification: Notification) -> None:
        world.topic.send = send  # type: ignore[method-assign]
        world.outbox.publish_left_over(RUN_SECONDS)
        assert world.topic.alone == {}
        raise KilledError(json.dumps(notification.message.subject))

    world.topic.send = meanwhile  # type: ignore[method-assign]
    put_at = world.clock.now
    with pytest.raises(KilledError):
        world.stream("loud")
    world.sweep_for(2 * MINUTE)
    assert world.delivered_alone_after("loud", put_at) < DELIVERY_SECONDS
    assert len(world.topic.alone["loud"]) == 1


def test_a_sweep_does_not_summarize_what_the_stream_delivers_with_the_last_slot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(limit=1)
    world.put(finding("loud"))
    world.clock.now += HIGH_LEFT_OVER_SECONDS
    take = RateLimit.take

    def meanwhile(rate_limit: RateLimit, reserved: int = 0) -> int | None:
        slot = take(rate_limit, reserved)
        monkeypatch.setattr(RateLimit, "take", take)
        world.outbox.publish_left_over(RUN_SECONDS)
        return slot

    monkeypatch.setattr(RateLimit, "take", meanwhile)
    world.stream("loud")
    world.sweep_for(2 * MINUTE)
    assert (len(world.topic.alone["loud"]), world.topic.together) == (1, [])


def test_random_floods_faults_and_kills_lose_no_finding_and_delay_no_high() -> None:
    tried: Any = run(seconds=4, seed=12)
    assert (tried.failures, tried.lost) == ((), 0)
    assert tried.inputs > 0
