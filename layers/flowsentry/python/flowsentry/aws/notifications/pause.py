"""The pause of alerts: until it ends, they wait in the outbox. It ends by itself.

The notifier reads it from the findings table, so that a pause needs no deploy.
"""

from dataclasses import dataclass, field
from typing import Self

from flowsentry.aws.findings.item import number
from flowsentry.aws.notifications.control_item import ControlItem, Values, number_in, text_in
from flowsentry.findings.triage import MAX_BY_LETTERS, MAX_NOTE_LETTERS
from flowsentry.value import Value

PAUSE_ITEM = "pause"
MAX_PAUSE_SECONDS = 7 * 86_400
"""Longer: a pause that was forgotten hides a break-in for longer. Shorter: a longer maintenance needs several."""
CACHED_SECONDS = 15
"""How long a warm function uses the pause it read. Longer: alerts are still sent for longer after a pause began.
Shorter: one more read of the table for most batches of findings."""
KEPT_SECONDS = 7 * 86_400
"""How long the item of a pause that ended is kept. Alerts that it held are not late before that."""


class Pause(Value, frozen=True):
    """A pause from `since` to `until` (Unix s), by whom and why."""

    since: int
    until: int
    by: str = ""
    note: str = ""

    @classmethod
    def of(cls, values: Values) -> Self:
        """The pause in an item; one without an item ended in 1970."""
        return cls(
            number_in(values, "since"), number_in(values, "until"), text_in(values, "by"), text_in(values, "note")
        )

    @property
    def ends_at(self) -> int:
        """The end, at most MAX_PAUSE_SECONDS after the beginning, whatever was written into the item."""
        return min(self.until, self.since + MAX_PAUSE_SECONDS)

    def is_active(self, now: float) -> bool:
        """Whether alerts are held. Not by a pause that begins in the future by more than the longest pause takes: a
        clock was wrong.
        """
        return now < self.ends_at <= now + MAX_PAUSE_SECONDS


NO_PAUSE = Pause(0, 0)


@dataclass
class PauseOfAlerts:
    """The pause in its item. All methods raise RetryableError when the table can't be reached."""

    item: ControlItem
    _read_at: float = field(default=float("-inf"), init=False)
    _cached: Pause = field(default=NO_PAUSE, init=False)

    def current(self) -> Pause:
        """The last pause, which may have ended, as of CACHED_SECONDS ago at most."""
        now = self.item.clock()
        if not 0 <= now - self._read_at < CACHED_SECONDS:
            self._cached, self._read_at = Pause.of(self.item.read()), now
        return self._cached

    def begin(self, until: int, by: str, note: str = "") -> Pause:
        """The pause, which replaces the one before. Raises ValueError for an end that has passed or is too late."""
        now = int(self.item.clock())
        if not now < until <= now + MAX_PAUSE_SECONDS:
            raise ValueError(f"a pause ends within {MAX_PAUSE_SECONDS // 86_400} days and not in the past")
        return self._put(Pause(now, until, by[:MAX_BY_LETTERS], note[:MAX_NOTE_LETTERS]))

    def end(self, by: str) -> bool:
        """Whether there was a pause, which has ended now."""
        now = int(self.item.clock())
        pause = Pause.of(self.item.read())
        if not pause.is_active(now):
            return False
        self._put(Pause(min(pause.since, now), now, by[:MAX_BY_LETTERS], pause.note))
        return True

    def _put(self, pause: Pause) -> Pause:
        given = {"by": pause.by, "note": pause.note}
        times = {"since": pause.since, "until": pause.until, "expires_at": pause.until + KEPT_SECONDS}
        self.item.put(
            {name: number(value) for name, value in times.items()}
            | {name: {"S": text} for name, text in given.items() if text}
        )
        return pause
