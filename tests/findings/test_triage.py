"""A finding's life: when people want silence, and when what was over is not."""

import pytest

from flowsentry.findings.triage import Life, State

NOW = 1_790_000_000


@pytest.mark.parametrize(
    ("life", "is_silent"),
    [
        (Life(), False),
        (Life(State.ACKNOWLEDGED), True),
        (Life(State.SNOOZED, until=NOW + 1), True),
        (Life(State.SNOOZED, until=NOW), False),
        (Life(State.SNOOZED), False),
        (Life(State.RESOLVED), False),
        (Life(State.SEEN_AGAIN), False),
    ],
)
def test_only_what_is_acknowledged_or_asleep_is_silent(life: Life, is_silent: bool) -> None:  # noqa: FBT001
    assert life.is_silent(NOW) is is_silent


@pytest.mark.parametrize("state", State)
def test_only_what_was_resolved_can_be_seen_again_and_only_later(state: State) -> None:
    life = Life(state, changed_at=NOW)
    assert life.is_resolved_before(NOW + 1) is (state is State.RESOLVED)
    assert not life.is_resolved_before(NOW)


@pytest.mark.parametrize(
    ("said", "is_covered"),
    [
        (Life(State.SNOOZED, 9, "bob", "", NOW), True),
        (Life(State.SNOOZED, 9, "bob", "why", NOW), True),
        (Life(State.SNOOZED, 9, "bob", "another why", NOW), False),
        (Life(State.SNOOZED, 9, "bob", "", NOW + 1), False),
        (Life(State.RESOLVED, 9, "bob", "why"), False),
    ],
)
def test_the_same_said_again_is_nothing_new(said: Life, is_covered: bool) -> None:  # noqa: FBT001
    assert Life(State.SNOOZED, 1, "alice", "why", NOW).covers(said) is is_covered
