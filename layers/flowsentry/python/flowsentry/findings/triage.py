"""What people made of a finding, and what that means for its like: open, acknowledged, snoozed, resolved, seen again.

Findings with the same thread are about the same thing on different days. What is said of one holds for the next of its
thread, so that what is known is not told every day, and what was thought to be over is.
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """OPEN and SEEN_AGAIN are told to people. Until it is resolved, its like is not told while one is ACKNOWLEDGED, nor
    before the end while one is SNOOZED.
    """

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    SEEN_AGAIN = "seen_again"


MAX_NOTE_LETTERS = 200
MAX_BY_LETTERS = 80


@dataclass(frozen=True, slots=True)
class Triage:
    """Where a finding stands: since when, said by whom and why, all times Unix seconds; `until` of a snoozed one."""

    state: State = State.OPEN
    changed_at: int = 0
    by: str = ""
    note: str = ""
    until: int | None = None

    def is_silent(self, now: float) -> bool:
        """Whether people want to hear nothing of it now."""
        is_asleep = self.state is State.SNOOZED and now < (self.until or 0)
        return self.state is State.ACKNOWLEDGED or is_asleep

    def is_resolved_before(self, seen: int) -> bool:
        """Whether what was `seen` then came after somebody had said that it is over."""
        return self.state is State.RESOLVED and seen > self.changed_at

    def covers(self, other: "Triage") -> bool:
        """Whether the other one says nothing new: the same state and end, and no other note."""
        return (self.state, self.until) == (other.state, other.until) and other.note in {"", self.note}


@dataclass(frozen=True, slots=True)
class Earlier:
    """The finding of the same thread before this one, or the one of them that a person spoke of last."""

    finding_id: str
    found_at: int
    triage: Triage
