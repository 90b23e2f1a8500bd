"""Runs calls to AWS in several threads at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MAX_THREADS = 8
"""A call to DynamoDB takes some 5 ms. More threads: the evidence of a large object is written faster, and is throttled
sooner. Fewer: it takes longer."""

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def in_threads(work: Callable[[Argument], Result], batch: Sequence[Argument]) -> list[Result]:
    """The results in order. Raises the first error, after all calls have ended."""
    if len(batch) <= 1:
        return [work(one) for one in batch]
    with ThreadPoolExecutor(min(MAX_THREADS, len(batch))) as threads:
        return list(threads.map(work, batch))
