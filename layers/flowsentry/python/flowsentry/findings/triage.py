"""Triage state of a finding: open, acknowledged, snoozed, resolved or seen again.

Findings with the same thread report the same thing on different days. The state of one applies to later findings of its
thread: an acknowledged problem does not alert every day, and a resolved problem that comes back does.
"""

from collections.abc import Callable
from enum import StrEnum

from flowsentry.value import Value


class State(StrEnum):
    """Findings in OPEN and SEEN_AGAIN are delivered. Later findings of the thread are not delivered while one is
    ACKNOWLEDGED, or while one is SNOOZED and the snooze has not ended.
    """

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    SEEN_AGAIN = "seen_again"


MAX_NOTE_LETTERS = 200
MAX_BY_LETTERS = 80


class Triage(Value, frozen=True):
    """A finding's state: when it changed, by whom, with which note, and until when it is snoozed. Unix seconds."""

    state: State = State.OPEN
    changed_at: int = 0
    by: str = ""
    note: str = ""
    until: int | None = None

    def is_silent(self, now: float) -> bool:
        """Whether findings of the thread are not delivered now."""
        is_asleep = self.state is State.SNOOZED and now < (self.until or 0)
        return self.state is State.ACKNOWLEDGED or is_asleep

    def is_resolved_before(self, seen: int) -> bool:
        """Whether a finding last `seen` at that time came after it had been resolved."""
        return self.state is State.RESOLVED and seen > self.changed_at

    def covers(self, other: "Triage") -> bool:
        """Whether `other` changes nothing: the same state and end, and no new note."""
        return (self.state, self.until) == (other.state, other.until) and other.note in {"", self.note}

    def is_changed_by(self, other: "Triage") -> bool:
        """Whether a finding in this state takes on the `other` one that a person chose. A finding that was seen again
        is open already.
        """
        is_open_still = other.state is State.OPEN and self.state in {State.OPEN, State.SEEN_AGAIN}
        return not (self.covers(other) or is_open_still)


class TriageActions:
    """What people may say of a finding, for a store that keeps its triage. Each action returns the resulting triage."""

    __slots__ = ()
    clock: Callable[[], float]

    def acknowledge(self, finding_id: str, by: str, note: str = "") -> Triage:
        """Known: later findings of the thread are not delivered either."""
        return self._set_triage(finding_id, self._triage(State.ACKNOWLEDGED, by, note))

    def snooze(self, finding_id: str, until: int, by: str, note: str = "") -> Triage:
        """Delivered again at `until` (Unix s), and no finding of the thread before."""
        return self._set_triage(finding_id, self._triage(State.SNOOZED, by, note, until))

    def resolve(self, finding_id: str, by: str, note: str = "") -> Triage:
        """Over: when it is seen again, on this day or another, it is delivered as seen again."""
        return self._set_triage(finding_id, self._triage(State.RESOLVED, by, note))

    def reopen(self, finding_id: str, by: str, note: str = "") -> Triage:
        """Open again: later findings of the thread are delivered."""
        return self._set_triage(finding_id, self._triage(State.OPEN, by, note))

    def _triage(self, state: State, by: str, note: str, until: int | None = None) -> Triage:
        return Triage(state, int(self.clock()), by[:MAX_BY_LETTERS], note[:MAX_NOTE_LETTERS], until)

    def _set_triage(self, finding_id: str, triage: Triage) -> Triage:
        raise NotImplementedError


class Earlier(Value, frozen=True):
    """An earlier finding of the same thread: the latest, or the one whose triage changed last."""

    finding_id: str
    found_at: int
    triage: Triage
