"""Replay of small files, as AWS writes them: one for each flow log and five minutes, with a hundred records each."""

import gzip
import os
import random
from collections.abc import Iterator
from itertools import islice

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before the first import of polars

from benchmarks.guard import yardstick
from benchmarks.guard.rows import Row, at_most, figure_at_least
from benchmarks.guard.timing import least, of_one
from benchmarks.made_traffic import V5_NAMES, Company, lines
from flowsentry.pipeline import Context
from local.console.subjects.recording import Recording
from local.reading.read_ahead import HeldSource
from local.replay.replay import Replay

FILES, RECORDS, FILE_SECONDS = 300, 100, 300
INTERFACES, ROUNDS = 1_000, 3
MIN_RECORDS_A_SECOND = 20_000
MOST_ON_CONSOLE = 2
"""Of the processor time without the console."""
START, END = V5_NAMES.index("start"), V5_NAMES.index("end")


def rows() -> Iterator[Row]:
    """Processor time of a day of one flow log, the findings among it, how many records that are in a second, and what
    the console takes, which keeps records and metrics too.
    """
    files = list(day_of_files())
    measured = (lambda: _replayed(files), lambda: Recording(Context()).take_all(files))
    rounds = [[*map(of_one, measured), of_one(yardstick.work, 20)] for _ in range(ROUNDS)]
    took, on_console, work = (least([each[n] for each in rounds]).processor_seconds for n in range(3))
    subject = f"replay of {FILES} files with {RECORDS} records each"
    yield Row(f"{subject}: processor", took, "s", took / work, yardstick.NAME)
    yield Row(f"{subject}: records a second", FILES * RECORDS / took, "", bound=figure_at_least(MIN_RECORDS_A_SECOND))
    ratio = on_console / took
    yield Row(f"{subject}: for the console", on_console, "s", ratio, "without it", at_most(MOST_ON_CONSOLE))


def _replayed(files: list[HeldSource]) -> int:
    return sum(map(len, Replay(Context()).findings_in_all(files)))


def day_of_files() -> Iterator[HeldSource]:
    """A file for each five minutes of a day of one flow log."""
    made = lines(Company(random.Random(7), INTERFACES), V5_NAMES)
    for number in range(FILES):
        text = "\n".join(_later(line, number * FILE_SECONDS) for line in islice(made, RECORDS))
        yield HeldSource(f"{number}.log.gz", gzip.compress(f"{' '.join(V5_NAMES)}\n{text}\n".encode(), mtime=0))


def _later(line: str, seconds: int) -> str:
    values = line.split(" ")
    values[START], values[END] = (str(int(values[at]) + seconds) for at in (START, END))
    return " ".join(values)
