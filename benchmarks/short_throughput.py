"""Throughput of all stages in a hundred thousand records, a few seconds for each format: for the short form.

Everything is in one process with one thread. All stages and zlib of the same file take turns, and the least of all
rounds counts for both: other processes only add to it, and in the short form there are many.
"""

import os
from collections.abc import Iterator
from functools import partial

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before the first import of polars

from benchmarks.guard.rows import Row
from benchmarks.guard.timing import least, of_one
from benchmarks.made_files import made
from benchmarks.made_traffic import V5_NAMES
from benchmarks.measured.stages import least_by_stage, profiler
from benchmarks.measured.subjects import all_stages, one_shot_zlib
from flowsentry.records.fields import DEFAULT_NAMES

RECORDS = 100_000
ROUNDS, INFLATIONS = 6, 8
"""Inflated so often in a round, the file takes about as long as all stages: what interrupts one of them on the clock
interrupts the other as often."""


def rows() -> Iterator[Row]:
    """For each format all stages, by processor time and on the clock, which shows what waits instead of computing; then
    the processor time of each stage, so that one of them alone cannot become twice as slow unseen.
    """
    stages, profiled, zlib = all_stages(), profiler(), one_shot_zlib()
    for title, name, names in (("default", "default", DEFAULT_NAMES), ("29 fields", "v5", V5_NAMES)):
        path = made(f"{name}-{RECORDS}", names, records=RECORDS)
        of_stages, of_zlib = partial(stages, path), partial(zlib, path)
        profiled(path)  # warms up
        rounds = [(of_one(of_stages), of_one(of_zlib, INFLATIONS), profiled(path)) for _ in range(ROUNDS)]
        ours, theirs = least([each for each, _, _ in rounds]), least([each for _, each, _ in rounds])
        took, subject = ours.processor_seconds, f"{title}, {RECORDS:,} records"
        yield Row(f"{subject}: processor", took * 1e3, "ms", took / theirs.processor_seconds, "zlib's")
        yield Row(f"{subject}: wall", ours.seconds * 1e3, "ms", ours.seconds / theirs.seconds, "zlib")
        for stage, of_stage in least_by_stage([each for _, _, each in rounds]).items():
            took = of_stage.processor_seconds
            yield Row(f"{subject}: {stage}, processor", took * 1e3, "ms", took / theirs.processor_seconds, "zlib's")
