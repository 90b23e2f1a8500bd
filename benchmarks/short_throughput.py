"""Throughput of all stages in a hundred thousand records, a few seconds for each format: for the short form.

Everything is in one process with one thread. All stages and the fixed work take turns. Of processor time the least of
all rounds counts, since other processes only add to it; of the time on the clock the median of the rounds' ratios. The
work is not zlib alone, as in the full form: another machine may have another zlib, twice as fast.
"""

import os
from collections.abc import Iterator
from functools import partial

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before the first import of polars

from benchmarks.guard import yardstick
from benchmarks.guard.rows import Row
from benchmarks.guard.timing import least, of_one, times_on_the_clock
from benchmarks.made_traffic import V5_NAMES
from benchmarks.measured.made_files import made
from benchmarks.measured.stages import least_by_stage, profiler
from benchmarks.measured.subjects import all_stages
from flowsentry.records.fields import DEFAULT_NAMES

RECORDS = 100_000
WALL_SLACK = 1.5
"""As in small payloads."""
ROUNDS, WORKS = 6, 40
"""The work, so often in a round, takes about as long as all stages: what interrupts one of them on the clock interrupts
the other as often."""


def rows() -> Iterator[Row]:
    """For each format all stages, by processor time and on the clock, which shows what waits instead of computing; then
    the processor time of each stage, so that one of them alone cannot become twice as slow unseen.
    """
    stages, profiled = all_stages(), profiler()
    for title, name, names in (("default format", "default", DEFAULT_NAMES), ("29 fields", "v5", V5_NAMES)):
        path = made(f"{name}-{RECORDS}", names, records=RECORDS)
        of_stages = partial(stages, path)
        profiled(path)  # warms up
        rounds = [(of_one(of_stages), of_one(yardstick.work, WORKS), profiled(path)) for _ in range(ROUNDS)]
        ours, works = [each for each, _, _ in rounds], [each for _, each, _ in rounds]
        took, work = least(ours), least(works).processor_seconds
        subject = f"{title}, {RECORDS:,}"
        yield _row(f"{subject}: processor", took.processor_seconds, took.processor_seconds / work)
        yield _row(f"{subject}: wall", took.seconds, times_on_the_clock(ours, works), WALL_SLACK)
        for stage, of_stage in least_by_stage([each for _, _, each in rounds]).items():
            seconds = of_stage.processor_seconds
            yield _row(f"{subject}: {stage}, processor", seconds, seconds / work)


def _row(subject: str, seconds: float, ratio: float, slack: float = 1.0) -> Row:
    return Row(subject, seconds * 1e3, "ms", ratio, yardstick.NAME, slack=slack)
