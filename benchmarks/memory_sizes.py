"""What a function costs and takes with each size of memory: `python -m benchmarks.memory_sizes`.

Lambda gives a vCPU for 1,769 MB, and less memory a share of it. So processor time is billed at a price that does not
depend on memory up to there, and the time of waiting for AWS at one that does; beyond it, a second vCPU helps only what
has two threads. Processor time and calls are those of `make cost`; seconds of a call are assumed in local/cost.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from local.cost.lines import MB_OF_GB, VCPU_MB, billed_seconds
from local.cost.measured import Sample, measured, of_size
from stacks.prices.meter import DEFAULT_REGION
from stacks.prices.services import LAMBDA_ARM64

SIZES = (512, 768, 1_024, 1_280, 1_536, VCPU_MB, 2_048, 2_560, 3_008)
LARGE_SECONDS, LARGE_PEAK_MB, SMALL_PEAK_MB = 10.5, 440.0, 200.0
"""Processor time and peak memory of a 75 MB .gz with four million records, the largest that AWS writes; and the memory
of a function that reads payloads or small objects (November 2026)."""
TIMES_PEAK = 2.0
"""Memory for each MB of the peak. Less: an object of other traffic ends the function. More: paid for and not used."""
WITHIN = 1.05
"""Times the least product of time and dollars. Higher: smaller and slower functions. Lower: the larger of two sizes
that hardly differ."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a function does with one event."""

    name: str
    sample: Sample
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Point:
    """Seconds of an event, and dollars of a million of them, with some memory."""

    memory_mb: int
    seconds: float
    dollars: float


def curve(work: Work) -> Iterator[Point]:
    """A point for each of SIZES that holds the work."""
    for memory_mb in SIZES:
        if memory_mb > work.peak_mb:
            seconds = billed_seconds(work.sample, memory_mb)
            price = LAMBDA_ARM64.dollars(1e6 * seconds * memory_mb / MB_OF_GB, DEFAULT_REGION)
            yield Point(memory_mb, seconds, price)


def works() -> Iterator[Work]:
    """A payload, a batch, and objects of usual and of the largest size."""
    given = measured()
    objects = given.objects
    yield Work("payload, 40 records", of_size(given.payloads, 40), SMALL_PEAK_MB)
    yield Work("batch, 4,000 records", of_size(given.payload_batches, 4_000), SMALL_PEAK_MB)
    yield Work("object, 1,000 records", of_size(objects, 1_000), SMALL_PEAK_MB)
    yield Work("object, 100,000 records", of_size(objects, 100_000), SMALL_PEAK_MB)
    large = replace(objects[-1], milliseconds=LARGE_SECONDS * 1e3)  # its calls are bounded
    yield Work("object, 75 MB .gz", large, LARGE_PEAK_MB)


def chosen(work: Work) -> int:
    """The least memory that holds the work with room, and whose product of time and dollars is within WITHIN of the
    least: where time falls as dollars rise, neither is bought too dearly.
    """
    points = [point for point in curve(work) if point.memory_mb >= TIMES_PEAK * work.peak_mb]
    least = min(point.seconds * point.dollars for point in points)
    return next(point.memory_mb for point in points if point.seconds * point.dollars <= WITHIN * least)


def table() -> Iterator[str]:
    """The curves as lines of Markdown: seconds, and dollars of a million events."""
    yield "| MB | " + " | ".join(work.name for work in works()) + " |"
    yield "|---|" + "---|" * len(list(works()))
    curves = [{point.memory_mb: point for point in curve(work)} for work in works()]
    for memory_mb in SIZES:
        cells = (_cell(points.get(memory_mb)) for points in curves)
        yield f"| {memory_mb:,} | " + " | ".join(cells) + " |"
    yield "| chosen | " + " | ".join(f"{chosen(work):,}" for work in works()) + " |"


def _cell(point: Point | None) -> str:
    return f"{point.seconds:.3g} s, ${point.dollars:,.2f}" if point else "too little"


if __name__ == "__main__":
    print("\n".join(table()))
