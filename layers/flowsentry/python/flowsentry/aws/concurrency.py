"""Runs calls to AWS in several threads at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MAX_THREADS = 8
"""A call to DynamoDB takes some 5 ms. More threads: the evidence of a large object is written faster, and is throttled
sooner. Fewer: it takes longer."""
PARTS_A_THREAD = 4
"""Parts of a large batch for each thread, which makes the calls of a part one after the other: handing over each call
takes a tenth of its processor time. More: threads end more evenly. Fewer: less is handed over."""

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def in_threads(work: Callable[[Argument], Result], batch: Sequence[Argument]) -> list[Result]:
    """The results in order. Raises the first error, after all calls that were begun have ended."""
    if len(batch) <= 1:
        return [work(one) for one in batch]
    size = -(-len(batch) // (MAX_THREADS * PARTS_A_THREAD))
    parts = [batch[start : start + size] for start in range(0, len(batch), size)]
    with ThreadPoolExecutor(min(MAX_THREADS, len(parts))) as threads:
        return [result for results in threads.map(lambda part: list(map(work, part)), parts) for result in results]
