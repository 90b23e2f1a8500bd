"""What a piece of work takes, on the clock and by processor time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Took:
    """Seconds on the clock, and processor seconds of all threads."""

    seconds: float
    processor_seconds: float


@contextmanager
def timed() -> Iterator[list[Took]]:
    """A list that has what its block took, once it has ended."""
    took: list[Took] = []
    wall, processor = time.perf_counter(), time.process_time()
    yield took
    took.append(Took(time.perf_counter() - wall, time.process_time() - processor))


def of_one(work: Callable[[], object], times: int = 1) -> Took:
    """What one of so many runs took, on average."""
    with timed() as took:
        for _ in range(times):
            work()
    return Took(took[0].seconds / times, took[0].processor_seconds / times)


def least(each: list[Took]) -> Took:
    """The least of both times: other processes only add to them."""
    return Took(min(took.seconds for took in each), min(took.processor_seconds for took in each))


def times_on_the_clock(each: list[Took], beside: list[Took]) -> float:
    """The median of how many times as long each took as what was measured beside it. On a busy machine a least time on
    the clock is chance, since nothing of some milliseconds is left uninterrupted; both of a pair are interrupted alike.
    """
    return median(one.seconds / other.seconds for one, other in zip(each, beside, strict=True))


def mean(each: list[Took]) -> Took:
    """The mean of both times."""
    seconds, processor = (took.seconds for took in each), (took.processor_seconds for took in each)
    return Took(sum(seconds) / len(each), sum(processor) / len(each))
