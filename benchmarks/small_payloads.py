"""Processor time of a small payload in all stages.

A function that CloudWatch Logs invokes gets some 40 records at a time, so that what a payload costs whatever its size
decides what a deployment costs. Payloads are measured in blocks in one process with one thread, as in a function with
one vCPU. Blocks and the fixed work take turns, and the least of all counts for both: other processes only add to it.
"""

import itertools
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before the first import of polars

from benchmarks.guard import yardstick
from benchmarks.guard.rows import Row, figure_at_most
from benchmarks.made_traffic import NOON, V5_NAMES, Company, lines
from flowsentry.emit.enriched_object import EnrichedFile
from flowsentry.emit.log_lines.charges import charge_lines
from flowsentry.emit.log_lines.talkers import talkers_line
from flowsentry.emit.metrics import emf
from flowsentry.frames import LogText
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.metric_names import NAMESPACE
from flowsentry.pipeline import Context, Stores, process
from flowsentry.records.fields import DEFAULT_NAMES

MAX_MILLISECONDS = {1: 15.0, 40: 15.0, 1_000: 25.0}
"""The bound for each number of records."""
COMPANY = 500
"""Interfaces in the inventory."""
TOP_TALKERS = 5
"""The default of the setting."""
BLOCKS, RECORDS_PER_BLOCK, MAX_PAYLOADS_PER_BLOCK, WORKS_PER_BLOCK = 12, 4_000, 10, 3


@dataclass
class Least:
    """The least seconds of a payload and of the fixed work, by processor time and on the clock."""

    processor: float = float("inf")
    wall: float = float("inf")
    work_processor: float = float("inf")
    work_wall: float = float("inf")

    def add(self, run: Callable[[LogText], object], payloads: list[LogText]) -> None:
        """A block of payloads, and the fixed work beside it."""
        began, walls = time.process_time(), []
        for payload in payloads:
            at = time.perf_counter()
            run(payload)
            walls.append(time.perf_counter() - at)
        self.processor = min(self.processor, (time.process_time() - began) / len(payloads))
        self.wall = min(self.wall, *walls)
        for _ in range(WORKS_PER_BLOCK):
            processor, wall = yardstick.seconds()
            self.work_processor, self.work_wall = min(self.work_processor, processor), min(self.work_wall, wall)


def rows() -> Iterator[Row]:
    """For each format and number of records: processor time, and the time on the clock of the fastest payload, which
    shows what waits instead of computing.
    """
    for name, names in (("default format", DEFAULT_NAMES), ("29 fields", V5_NAMES)):
        for records, bound in MAX_MILLISECONDS.items():
            least = _least(names, records)
            subject, times = f"{name}, {records:,} records", least.processor / least.work_processor
            yield Row(
                f"{subject}: processor", least.processor * 1e3, "ms", times, yardstick.NAME, figure_at_most(bound)
            )
            yield Row(f"{subject}: wall", least.wall * 1e3, "ms", least.wall / least.work_wall, yardstick.NAME)


def _least(names: tuple[str, ...], records: int) -> Least:
    """Of all blocks after the first, which warms up."""
    company = Company(random.Random(7), COMPANY)
    made, least = _payloads(company, names, records), Least()
    in_block = min(MAX_PAYLOADS_PER_BLOCK, RECORDS_PER_BLOCK // records)
    with tempfile.TemporaryDirectory() as folder:
        run = _pipeline(company, Path(folder) / "enriched.parquet")
        Least().add(run, list(itertools.islice(made, in_block)))
        for _ in range(BLOCKS):
            least.add(run, list(itertools.islice(made, in_block)))
    return least


def _payloads(company: Company, names: tuple[str, ...], records: int) -> Iterator[LogText]:
    made = lines(company, names)
    while True:
        text = "".join(f"{line}\n" for line in itertools.islice(made, records))
        yield LogText(names, text.encode(), 1)


def _pipeline(company: Company, path: Path) -> Callable[[LogText], object]:
    context = Context(company.inventory(), names_talkers=True)
    stores = Stores(EvidenceInMemory(), FindingsInMemory())

    def run(text: LogText) -> object:
        outcome = process([text], context, stores, EnrichedFile(path))
        return (
            emf(outcome.measurements, outcome.owner_sums, NAMESPACE, NOON),
            talkers_line(outcome.talkers, outcome.accepted_records, TOP_TALKERS),
            charge_lines(outcome.charge_sums, NAMESPACE, NOON),
        )

    return run
