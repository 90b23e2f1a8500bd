"""Several channels: each is told once, and one that fails or refuses costs the others nothing."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings.finding import Severity
from flowsentry.telemetry import metrics
from tests.aws.notifications.outbox_world import HOUR, SWEEP_SECONDS, Heard, OutboxWorld, finding

MORE = ("chat", "events", "security-hub")
NOT_ENABLED: Any = {"Error": {"Code": "InvalidAccessException"}, "ResponseMetadata": {"HTTPStatusCode": 401}}


@pytest.fixture
def world() -> OutboxWorld:
    metrics().clear_metrics()
    return OutboxWorld(*MORE)


def all_of(world: OutboxWorld) -> dict[str, Heard]:
    return {"topic": world.topic, **world.more}


def test_every_channel_is_told_of_what_is_urgent(world: OutboxWorld) -> None:
    world.put(finding("a"))
    world.stream()
    assert {name: heard.ids for name, heard in all_of(world).items()} == {name: ["a"] for name in ("topic", *MORE)}
    assert world.waiting == []
    assert "told" not in world.item("a")
    assert metrics().metric_set["AlertsPublished"]["Value"] == [1.0]


@pytest.mark.parametrize("name", ["topic", *MORE])
def test_a_channel_that_fails_stops_no_other_and_is_told_later_alone(world: OutboxWorld, name: str) -> None:
    failing = all_of(world)[name]
    failing.error = RetryableError("away")
    world.put(finding("a"), finding("b"))
    with pytest.raises(RetryableError, match="2 alerts stay in the outbox"):
        world.stream()
    assert failing.tries == 1
    assert set(world.item("a")["told"]["SS"]) == {"topic", *MORE} - {name}
    failing.error = None
    world.sweep_for(HOUR)
    assert all(heard.ids == ["a", "b"] for heard in all_of(world).values())
    assert world.waiting == []


@pytest.mark.parametrize("name", ["topic", *MORE])
def test_a_crash_between_telling_and_marking_repeats_that_channel_alone(world: OutboxWorld, name: str) -> None:
    dying = all_of(world)[name]
    dying.after = SystemExit()
    world.put(finding("a"))
    with pytest.raises(SystemExit):
        world.stream()
    dying.after = None
    world.sweep_for(HOUR)
    assert {each: len(heard.ids) for each, heard in all_of(world).items()} == {
        **dict.fromkeys(("topic", *MORE), 1),
        name: 2,
    }
    assert world.waiting == []


@pytest.mark.parametrize("error", [ClientError(NOT_ENABLED, "BatchImportFindings"), PoisonError("no", "never")])
@pytest.mark.parametrize("name", MORE)
def test_a_channel_that_refuses_for_good_keeps_nothing_in_the_outbox(
    world: OutboxWorld, name: str, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    world.more[name].error = error
    world.put(finding("a"))
    world.stream()
    assert world.waiting == []
    assert world.topic.ids == ["a"]
    assert metrics().metric_set["ChannelRefusals"]["Value"] == [1.0]
    assert f'"channel":"{name}"' in capsys.readouterr().out.replace(" ", "")


def test_a_finding_leaves_the_outbox_when_the_channel_it_waits_for_is_no_more(world: OutboxWorld) -> None:
    world.more["events"].error = RetryableError("away")
    world.put(finding("a"))
    with pytest.raises(RetryableError):
        world.stream()
    del world.more["events"]
    world.sweep_for(SWEEP_SECONDS)
    assert world.waiting == []
    assert world.topic.ids == ["a"]


def test_a_digest_goes_to_topic_chat_and_bus_once_each(world: OutboxWorld) -> None:
    world.put(finding("a", Severity.LOW), finding("b", Severity.BACKGROUND))
    world.sweep_for(3 * HOUR)
    assert {name: heard.summed_up for name, heard in all_of(world).items()} == {
        "topic": [2],
        "chat": [2],
        "events": [2],
        "security-hub": [],
    }
    assert world.told_together == [["a", "b"]]
    assert metrics().metric_set["DigestsPublished"]["Value"] == [1.0]


@pytest.mark.parametrize("name", ["topic", "chat", "events"])
def test_a_channel_without_its_digest_gets_it_later_and_the_others_no_more_than_one_a_window(
    world: OutboxWorld, name: str
) -> None:
    failing = all_of(world)[name]
    failing.error = RetryableError("away")
    world.put(finding("first", Severity.LOW))
    world.clock.pass_(HOUR)
    for number in range(12):
        world.put(finding(f"later-{number:02}", Severity.LOW))
        with pytest.raises(RetryableError, match=f"{name} has yet to be told"):
            world.sweep()
        world.clock.pass_(SWEEP_SECONDS)
    failing.error = None
    world.sweep_for(HOUR)
    told = {each: heard.summed_up for each, heard in all_of(world).items() if each != "security-hub"}
    assert told.pop(name) == [13]
    assert list(told.values()) == [[2, 11]] * 2
    assert world.waiting == []
