"""Throughput of all stages in a hundred thousand records, a few seconds for each format: for the short form.

Everything is in one process with one thread. All stages and the fixed work take turns, and the least of all rounds
counts for both: other processes only add to it, and in the short form there are many. The work is not zlib alone, as in
the full form: another machine may have another zlib, twice as fast.
"""

import os
from collections.abc import Iterator
from functools import partial

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before the first import of polars

from benchmarks.guard import yardstick
from benchmarks.guard.rows import Row
from benchmarks.guard.timing import least, of_one
from benchmarks.made_files import made
from benchmarks.made_traffic import V5_NAMES
from benchmarks.measured.stages import least_by_stage, profiler
from benchmarks.measured.subjects import all_stages
from flowsentry.records.fields import DEFAULT_NAMES

RECORDS = 100_000
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
        ours, work = least([each for each, _, _ in rounds]), least([each for _, each, _ in rounds])
        subject = f"{title}, {RECORDS:,}"
        yield _row(f"{subject}: processor", ours.processor_seconds, work.processor_seconds)
        yield _row(f"{subject}: wall", ours.seconds, work.seconds)
        for stage, took in least_by_stage([each for _, _, each in rounds]).items():
            yield _row(f"{subject}: {stage}, processor", took.processor_seconds, work.processor_seconds)


def _row(subject: str, seconds: float, of_work: float) -> Row:
    return Row(subject, seconds * 1e3, "ms", seconds / of_work, yardstick.NAME)
