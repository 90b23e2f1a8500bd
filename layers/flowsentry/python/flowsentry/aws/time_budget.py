"""The time that a run of a function may still use, so that it stops by itself before Lambda stops it."""

from collections.abc import Callable
from typing import Protocol, Self

from flowsentry.value import Value


class Invocation(Protocol):
    """The part of Lambda's context object that says when the function times out."""

    def get_remaining_time_in_millis(self) -> int: ...


def seconds_left(invocation: Invocation) -> float:
    """Seconds until the function times out."""
    return invocation.get_remaining_time_in_millis() / 1_000


class TimeBudget(Value, frozen=True):
    """`seconds` is the budget at the start of the run; `left()` is what remains of it now, in seconds."""

    seconds: float
    left: Callable[[], float]

    @classmethod
    def of(cls, seconds: float, clock: Callable[[], float]) -> Self:
        """A budget that starts now and is measured by `clock` (s)."""
        ends_at = clock() + seconds
        return cls(seconds, lambda: ends_at - clock())

    @classmethod
    def of_invocation(cls, invocation: Invocation) -> Self:
        """The time until the function times out."""
        return cls(seconds_left(invocation), lambda: seconds_left(invocation))

    def has(self, seconds: float = 0) -> bool:
        """Whether more than `seconds` remain."""
        return self.left() > seconds
