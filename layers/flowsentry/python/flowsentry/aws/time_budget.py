"""How long a run of a function may still go on, so that it ends by itself and is not ended in the middle."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class TimeBudget:
    """Ends at a time of the `clock` (Unix s)."""

    ends_at: float
    clock: Callable[[], float]

    @classmethod
    def of(cls, seconds: float, clock: Callable[[], float]) -> "TimeBudget":
        """So many seconds from now."""
        return cls(clock() + seconds, clock)

    def has(self, seconds: float = 0) -> bool:
        """Whether there is time for what takes so long."""
        return self.clock() + seconds < self.ends_at
