"""Triage: when later findings are not delivered, and when a resolved finding is seen again."""

import pytest

from flowsentry.findings.triage import State, Triage

NOW = 1_790_000_000


@pytest.mark.parametrize(
    ("triage", "is_silent"),
    [
        (Triage(), False),
        (Triage(State.ACKNOWLEDGED), True),
        (Triage(State.SNOOZED, until=NOW + 1), True),
        (Triage(State.SNOOZED, until=NOW), False),
        (Triage(State.SNOOZED), False),
        (Triage(State.RESOLVED), False),
        (Triage(State.SEEN_AGAIN), False),
    ],
)
def test_only_acknowledged_and_snoozed_findings_are_silent(triage: Triage, is_silent: bool) -> None:  # noqa: FBT001
    assert triage.is_silent(NOW) is is_silent


@pytest.mark.parametrize("state", State)
def test_only_a_resolved_finding_can_be_seen_again_and_only_later(state: State) -> None:
    triage = Triage(state, changed_at=NOW)
    assert triage.is_resolved_before(NOW + 1) is (state is State.RESOLVED)
    assert not triage.is_resolved_before(NOW)


@pytest.mark.parametrize(
    ("said", "is_covered"),
    [
        (Triage(State.SNOOZED, 9, "bob", "", NOW), True),
        (Triage(State.SNOOZED, 9, "bob", "why", NOW), True),
        (Triage(State.SNOOZED, 9, "bob", "another why", NOW), False),
        (Triage(State.SNOOZED, 9, "bob", "", NOW + 1), False),
        (Triage(State.RESOLVED, 9, "bob", "why"), False),
    ],
)
def test_repeating_a_triage_changes_nothing(said: Triage, is_covered: bool) -> None:  # noqa: FBT001
    assert Triage(State.SNOOZED, 1, "alice", "why", NOW).covers(said) is is_covered
