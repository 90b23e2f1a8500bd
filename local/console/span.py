"""A time range, as pages ask for it."""

from typing import NamedTuple

MAX_SECONDS = 400 * 86_400
"""Longest time range. Longer: charts of a replay of several years. Shorter: a year has to be looked at in parts."""
MAX_TIME = 4_102_444_800
"""2100-01-01, in Unix seconds."""


class Span(NamedTuple):
    """From `start` to before `end`, Unix seconds."""

    start: int
    end: int

    @property
    def seconds(self) -> int:
        return self.end - self.start

    def first_period(self, period: int) -> int:
        """The start of the first of the periods that cover it: multiples of `period` (seconds), as CloudWatch cuts
        them; its own start for a period as long as itself.
        """
        return self.start if period >= self.seconds else self.start // period * period

    def has(self, at: int) -> bool:
        return self.start <= at < self.end
