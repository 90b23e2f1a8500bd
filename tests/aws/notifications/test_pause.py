"""A pause holds every alert, loses none, and ends by itself."""

import pytest

from flowsentry.aws import clients
from flowsentry.aws.findings.item import CONTROL_PREFIX, key_of, number
from flowsentry.aws.notifications.control_item import ControlItem
from flowsentry.aws.notifications.pause import CACHED_SECONDS, MAX_PAUSE_SECONDS, Pause, PauseOfAlerts
from flowsentry.findings.finding import Severity
from flowsentry.telemetry import metrics
from tests.aws.notifications.outbox_world import DAY, HOUR, MINUTE, NOW, OutboxWorld, finding
from tests.moto_world import FINDINGS_TABLE


class PausedWorld(OutboxWorld):
    """An outbox whose notifier stays warm."""

    def __init__(self) -> None:
        super().__init__()
        self.pause = PauseOfAlerts(ControlItem("pause", FINDINGS_TABLE, clients.dynamodb(), self.clock))
        self.pause_of_outbox = PauseOfAlerts(self.pause.item).current


@pytest.fixture
def world() -> PausedWorld:
    metrics().clear_metrics()
    return PausedWorld()


def emitted(name: str) -> list[float]:
    return metrics().metric_set.get(name, {}).get("Value", [])


def test_alerts_are_held_while_paused_and_delivered_after_the_end(world: PausedWorld) -> None:
    world.pause.begin(NOW + 2 * HOUR, "alice", "a penetration test")
    world.put(finding("a"), finding("b", Severity.MEDIUM), finding("c", Severity.LOW))
    world.stream()
    world.sweep_for(2 * HOUR - 5 * MINUTE)
    assert world.topic.sent == []
    assert world.waiting == ["a", "b", "c"]
    world.sweep_for(10 * MINUTE)
    assert world.topic.ids == ["a", "b"]
    assert world.topic.summary_counts == [1]
    assert world.waiting == []


def test_a_flood_during_a_pause_is_summarized_after_it(world: PausedWorld) -> None:
    world.limit = 5
    world.pause.begin(NOW + HOUR, "alice")
    world.put(*(finding(f"{number:02}") for number in range(9)))
    world.stream()
    world.sweep_for(2 * HOUR)
    assert len(world.topic.ids) == 5
    assert world.topic.summary_counts == [4]


def test_a_forgotten_pause_ends_after_the_longest_time_whatever_its_item_says(world: PausedWorld) -> None:
    forever = {"since": number(NOW), "until": number(NOW + 365 * DAY)}
    world.table.client.put_item(TableName=FINDINGS_TABLE, Item={**key_of(f"{CONTROL_PREFIX}pause"), **forever})
    world.put(finding("a"))
    world.sweep_for(MAX_PAUSE_SECONDS - HOUR)
    assert world.topic.ids == []
    world.sweep_for(2 * HOUR)
    assert world.topic.ids == ["a"]


def test_a_pause_that_ends_sooner_by_a_resume_delivers_at_the_next_sweep(world: PausedWorld) -> None:
    world.pause.begin(NOW + DAY, "alice")
    world.put(finding("a"))
    world.stream()
    world.clock.advance(HOUR)
    assert world.pause.end("bob")
    assert not world.pause.end("bob")
    world.sweep()
    assert world.topic.ids == ["a"]
    assert world.pause.current() == Pause(NOW, NOW + HOUR, "bob")


def test_the_time_of_a_pause_does_not_make_an_alert_late(world: PausedWorld) -> None:
    world.pause.begin(NOW + 2 * HOUR, "alice")
    world.put(finding("a"))
    world.clock.advance(2 * HOUR + MINUTE)
    world.sweep()
    assert emitted("OldestAlertSeconds") == [MINUTE]


def test_each_sweep_of_a_pause_is_counted(world: PausedWorld) -> None:
    world.pause.begin(NOW + HOUR, "alice")
    for _ in range(3):
        world.sweep()
    assert emitted("AlertsPaused") == [1, 1, 1]


@pytest.mark.parametrize("until", [NOW, NOW - 1, NOW + MAX_PAUSE_SECONDS + 1])
def test_an_end_that_has_passed_or_is_too_late_is_refused(world: PausedWorld, until: int) -> None:
    with pytest.raises(ValueError, match="within 7 days"):
        world.pause.begin(until, "alice")


@pytest.mark.parametrize("until", [NOW + 1, NOW + MAX_PAUSE_SECONDS])
def test_an_end_within_the_limit_is_taken(world: PausedWorld, until: int) -> None:
    assert world.pause.begin(until, "alice").is_active(NOW)


def test_a_pause_of_a_clock_that_is_wrong_by_months_holds_nothing() -> None:
    assert not Pause(NOW + 90 * DAY, NOW + 91 * DAY).is_active(NOW)


def test_a_warm_function_sees_a_new_pause_within_seconds(world: PausedWorld) -> None:
    current = PauseOfAlerts(world.pause.item)
    assert not current.current().is_active(NOW)
    world.pause.begin(NOW + HOUR, "alice")
    world.clock.advance(CACHED_SECONDS - 1)
    assert not current.current().is_active(world.clock())
    world.clock.advance(1)
    assert current.current().is_active(world.clock())


def test_the_item_of_a_pause_is_no_finding_to_the_stream(world: PausedWorld) -> None:
    world.pause.begin(NOW + 1, "alice")
    world.clock.advance(MINUTE)
    world.stream()
    assert emitted("PoisonFindings") == []
