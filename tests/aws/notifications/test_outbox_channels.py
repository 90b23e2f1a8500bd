"""Several channels: each receives a finding once, and a failure or refusal does not affect the others."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings.finding import Severity
from flowsentry.telemetry import metrics
from tests.aws.notifications.outbox_world import HOUR, SWEEP_SECONDS, FakeChannel, OutboxWorld, finding

MORE = ("chat", "events", "security-hub")
NOT_ENABLED: Any = {"Error": {"Code": "InvalidAccessException"}, "ResponseMetadata": {"HTTPStatusCode": 401}}


@pytest.fixture
def world() -> OutboxWorld:
    metrics().clear_metrics()
    return OutboxWorld(*MORE)


def all_of(world: OutboxWorld) -> dict[str, FakeChannel]:
    return {"topic": world.topic, **world.more}


def test_every_channel_receives_urgent_findings(world: OutboxWorld) -> None:
    world.put(finding("a"))
    world.stream()
    assert {name: channel.ids for name, channel in all_of(world).items()} == {name: ["a"] for name in ("topic", *MORE)}
    assert world.waiting == []
    assert "delivered_to" not in world.item("a")
    assert metrics().metric_set["AlertsPublished"]["Value"] == [1.0]


@pytest.mark.parametrize("name", ["topic", *MORE])
def test_a_failed_channel_does_not_stop_others_and_receives_the_finding_later(world: OutboxWorld, name: str) -> None:
    failing = all_of(world)[name]
    failing.error = RetryableError("away")
    world.put(finding("a"), finding("b"))
    with pytest.raises(RetryableError, match="2 alerts stay in the outbox"):
        world.stream()
    assert failing.tries == 1
    assert set(world.item("a")["delivered_to"]["SS"]) == {"topic", *MORE} - {name}
    failing.error = None
    world.sweep_for(HOUR)
    assert all(channel.ids == ["a", "b"] for channel in all_of(world).values())
    assert world.waiting == []


@pytest.mark.parametrize("name", ["topic", *MORE])
def test_a_crash_between_delivery_and_marking_repeats_that_channel_only(world: OutboxWorld, name: str) -> None:
    dying = all_of(world)[name]
    dying.after = SystemExit()
    world.put(finding("a"))
    with pytest.raises(SystemExit):
        world.stream()
    dying.after = None
    world.sweep_for(HOUR)
    assert {each: len(channel.ids) for each, channel in all_of(world).items()} == {
        **dict.fromkeys(("topic", *MORE), 1),
        name: 2,
    }
    assert world.waiting == []


@pytest.mark.parametrize("error", [ClientError(NOT_ENABLED, "BatchImportFindings"), PoisonError("no", "never")])
@pytest.mark.parametrize("name", MORE)
def test_a_permanent_refusal_keeps_no_finding_in_the_outbox(
    world: OutboxWorld, name: str, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    world.more[name].error = error
    world.put(finding("a"))
    world.stream()
    assert world.waiting == []
    assert world.topic.ids == ["a"]
    assert metrics().metric_set["ChannelRefusals"]["Value"] == [1.0]
    assert f'"channel":"{name}"' in capsys.readouterr().out.replace(" ", "")


def test_a_finding_leaves_the_outbox_when_its_pending_channel_is_removed(world: OutboxWorld) -> None:
    world.more["events"].error = RetryableError("away")
    world.put(finding("a"))
    with pytest.raises(RetryableError):
        world.stream()
    del world.more["events"]
    world.sweep_for(SWEEP_SECONDS)
    assert world.waiting == []
    assert world.topic.ids == ["a"]


def test_a_digest_is_delivered_once_to_topic_chat_and_bus(world: OutboxWorld) -> None:
    world.put(finding("a", Severity.LOW), finding("b", Severity.BACKGROUND))
    world.sweep_for(3 * HOUR)
    assert {name: channel.summary_counts for name, channel in all_of(world).items()} == {
        "topic": [2],
        "chat": [2],
        "events": [2],
        "security-hub": [],
    }
    assert world.delivered_together == [["a", "b"]]
    assert metrics().metric_set["DigestsPublished"]["Value"] == [1.0]


@pytest.mark.parametrize("name", ["topic", "chat", "events"])
def test_a_channel_that_missed_a_digest_receives_it_later_and_others_at_most_one_a_window(
    world: OutboxWorld, name: str
) -> None:
    failing = all_of(world)[name]
    failing.error = RetryableError("away")
    world.put(finding("first", Severity.LOW))
    world.clock.advance(HOUR)
    for number in range(12):
        world.put(finding(f"later-{number:02}", Severity.LOW))
        with pytest.raises(RetryableError, match=f"not delivered to {name}"):
            world.sweep()
        world.clock.advance(SWEEP_SECONDS)
    failing.error = None
    world.sweep_for(HOUR)
    counts = {each: channel.summary_counts for each, channel in all_of(world).items() if each != "security-hub"}
    assert counts.pop(name) == [13]
    assert list(counts.values()) == [[2, 11]] * 2
    assert world.waiting == []
