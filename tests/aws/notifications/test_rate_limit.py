"""The rate limit: at most N in any 60 minutes, across concurrent processes."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowsentry.aws import clients
from flowsentry.aws.notifications.rate_limit import MAX_TRIES, RateLimit
from flowsentry.errors import RetryableError
from tests.aws.notifications.outbox_world import HOUR, NOW, Clock
from tests.moto_world import FINDINGS_TABLE, items_of, make_findings_table


@pytest.fixture
def clock() -> Clock:
    make_findings_table()
    return Clock()


def rate_limit(clock: Clock, limit: int = 3, client: Any = None) -> RateLimit:
    return RateLimit("urgent", limit, FINDINGS_TABLE, client or clients.dynamodb(), clock)


def test_a_slot_is_free_again_60_minutes_after_it_was_taken(clock: Clock) -> None:
    for _ in range(3):
        assert rate_limit(clock).take() is not None
        clock.advance(60)
    assert rate_limit(clock).take() is None
    clock.now = NOW + HOUR - 0.001
    assert rate_limit(clock).take() is None
    clock.now = NOW + HOUR
    assert rate_limit(clock).take() is not None
    assert rate_limit(clock).take() is None


def test_a_slot_that_is_given_back_is_free(clock: Clock) -> None:
    slots = [rate_limit(clock).take() for _ in range(3)]
    assert slots[0] is not None
    rate_limit(clock).give_back(slots[0])
    assert rate_limit(clock).take() is not None
    assert rate_limit(clock).take() is None


def test_a_slot_can_be_given_back_only_once(clock: Clock) -> None:
    slot = rate_limit(clock).take()
    assert slot is not None
    clock.advance(1)
    rate_limit(clock).take()
    for _ in range(3):
        rate_limit(clock).give_back(slot)
    assert [rate_limit(clock).take() is None for _ in range(3)] == [False, False, True]


def test_the_counter_is_no_finding_and_expires(clock: Clock) -> None:
    rate_limit(clock).take()
    (item,) = items_of(FINDINGS_TABLE)
    assert item["id"] == {"S": "rate-limit#urgent"}
    assert item.keys().isdisjoint({"finding", "thread", "unpublished"})
    assert int(item["expires_at"]["N"]) > NOW + HOUR


class Meddled:
    """A client before whose writes another process writes, as often as given."""

    def __init__(self, clock: Clock, times: int) -> None:
        self.real, self.other, self.times = clients.dynamodb(), rate_limit(clock), times

    def get_item(self, **arguments: Any) -> Any:
        return self.real.get_item(**arguments)

    def put_item(self, **arguments: Any) -> Any:
        if self.times:
            self.times -= 1
            self.other.take()
        return self.real.put_item(**arguments)


def test_of_two_concurrent_takes_neither_is_lost(clock: Clock) -> None:
    assert rate_limit(clock, client=Meddled(clock, times=2)).take() is not None
    assert rate_limit(clock).take() is None
    assert rate_limit(clock, client=Meddled(clock, times=1)).take() is None


def test_the_last_slot_is_taken_by_only_one_of_two(clock: Clock) -> None:
    rate_limit(clock).take()
    rate_limit(clock).take()
    assert rate_limit(clock, client=Meddled(clock, times=1)).take() is None


def test_a_take_that_others_always_overtake_raises_retryable_error(clock: Clock) -> None:
    endless = Meddled(clock, times=MAX_TRIES)
    endless.other = rate_limit(clock, limit=100)
    with pytest.raises(RetryableError, match="too many concurrent writers"):
        rate_limit(clock, limit=100, client=endless).take()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, HOUR), max_size=30))
def test_no_hour_has_more_slots_than_the_limit(clock: Clock, pauses: list[int]) -> None:
    clock.advance(10 * HOUR)
    taken = []
    for pause in pauses:
        clock.advance(pause)
        if rate_limit(clock).take() is not None:
            taken.append(clock())
    assert all(sum(start <= at < start + HOUR for at in taken) <= 3 for start in taken)
    assert len(taken) == len(pauses) or len(taken) >= 3
