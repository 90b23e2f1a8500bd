"""Waiting for AWS many times at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MAX_THREADS = 8
"""A call to DynamoDB waits some 5 ms. More threads: a large object's evidence is written sooner, and throttles sooner.
Fewer: it takes longer."""

Given = TypeVar("Given")
Made = TypeVar("Made")


def in_threads(work: Callable[[Given], Made], batch: Sequence[Given]) -> list[Made]:
    """Each one's result, in order. The first error is raised, after all have ended."""
    if len(batch) <= 1:
        return [work(one) for one in batch]
    with ThreadPoolExecutor(min(MAX_THREADS, len(batch))) as threads:
        return list(threads.map(work, batch))
