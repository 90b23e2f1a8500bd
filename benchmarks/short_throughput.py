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
from benchmarks.subjects import all_stages, one_shot_zlib
from flowsentry.records.fields import DEFAULT_NAMES

RECORDS = 100_000
ROUNDS, INFLATIONS = 8, 8
"""Inflated so often in a round, the file takes about as long as all stages: what interrupts one of them on the clock
interrupts the other as often."""


def rows() -> Iterator[Row]:
    """Processor time, and the time on the clock, which shows what waits instead of computing."""
    stages, zlib = all_stages(), one_shot_zlib()
    for title, name, names in (("default format", "default", DEFAULT_NAMES), ("29 fields", "v5", V5_NAMES)):
        path = made(f"{name}-{RECORDS}", names, records=RECORDS)
        of_stages, of_zlib = partial(stages, path), partial(zlib, path)
        of_stages()  # warms up
        rounds = [(of_one(of_stages), of_one(of_zlib, INFLATIONS)) for _ in range(ROUNDS)]
        ours, theirs = least([each for each, _ in rounds]), least([each for _, each in rounds])
        subject = f"{title}, {RECORDS:,} records"
        processor = ours.processor_seconds / theirs.processor_seconds
        yield Row(f"{subject}: processor", ours.processor_seconds, ratio=processor, of="zlib")
        yield Row(f"{subject}: wall", ours.seconds, ratio=ours.seconds / theirs.seconds, of="zlib")
