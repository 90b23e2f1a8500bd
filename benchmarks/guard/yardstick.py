"""A fixed piece of work, for the ratio of what has no peer: how often it could have been done in the same time.

Half of it inflates text, half is Python with strings and dictionaries, as in the stages. It never changes: a change
of it changes every ratio to it, so that all of them must be landed again.
"""

import zlib
from collections import Counter

from benchmarks.guard.timing import least, of_one

LINES = tuple(f"10.{n % 7}.{n % 11}.{n % 251} {32_768 + n * 7 % 28_000} {n % 2} {n * 97 % 1_501}" for n in range(6_000))
PACKED = zlib.compress("\n".join(LINES * 8).encode(), 6)
NAME = "fixed work"
"""What a ratio to it is a ratio of."""


def work() -> int:
    """A number that depends on all of it."""
    text = zlib.decompress(PACKED)
    sums: Counter[str] = Counter()
    for line in LINES:
        source, port, _, size = line.split(" ")
        sums[f"{source}:{int(port) % 100}"] += int(size)
    return len(text) + len(sums)


def processor_seconds(times: int = 20) -> float:
    """The least processor time of the work, in so many runs."""
    return least([of_one(work) for _ in range(times)]).processor_seconds
