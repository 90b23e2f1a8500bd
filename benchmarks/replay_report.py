"""What the report costs a replay: one with it and one without it, in turns, of a large file and of small ones."""

import gzip
import os
import random
from collections.abc import Iterator, Sequence
from itertools import islice

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before the first import of polars

from benchmarks.guard.rows import Row, at_most
from benchmarks.guard.timing import Took, least, of_one
from benchmarks.made_traffic import V5_NAMES, Company, lines
from benchmarks.small_files import INTERFACES, day_of_files
from flowsentry.pipeline import Context
from local.reading.read_ahead import HeldSource
from local.replay.replay import Replay
from local.report.flow_sums import FlowSums
from stacks.prices.traffic import quotes

RECORDS, ROUNDS = 400_000, 7
MOST = 1.1
"""Of the processor time without the report."""


def rows() -> Iterator[Row]:
    """Processor time with the report, as a multiple of that without it."""
    subjects = {f"a file with {RECORDS:,} records": [_large_file()], "small files": list(day_of_files())}
    for subject, files in subjects.items():
        rounds = [(_took(files, with_report=False), _took(files, with_report=True)) for _ in range(ROUNDS)]
        without, with_report = (least([each[n] for each in rounds]).processor_seconds for n in (0, 1))
        ratio = with_report / without
        yield Row(f"replay of {subject} with its report", with_report, "s", ratio, "without the report", at_most(MOST))


def _took(files: Sequence[HeldSource], *, with_report: bool) -> Took:
    context = Context()
    sums = FlowSums(context.address_space, quotes("us-east-1")) if with_report else None
    return of_one(lambda: _replayed(files, Replay(context, flow_sums=sums)))


def _replayed(files: Sequence[HeldSource], replay: Replay) -> None:
    for _ in replay.findings_in_all(files):
        pass
    if replay.flow_sums:
        replay.flow_sums.settle()


def _large_file() -> HeldSource:
    made = islice(lines(Company(random.Random(7), INTERFACES), V5_NAMES), RECORDS)
    content = "\n".join((" ".join(V5_NAMES), *made, "")).encode()
    return HeldSource("large.log.gz", gzip.compress(content, 1, mtime=0))
