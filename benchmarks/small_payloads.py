"""Processor time of a small payload in all stages.

A function that CloudWatch Logs invokes gets some 40 records at a time, so that what a payload costs whatever its size
decides what a deployment costs. Payloads are measured in blocks in one process on one processor, as in a function with
one vCPU. Payloads and the fixed work take turns, and the least of all counts for both: other processes only add to it.
The time on the clock is compared with the processor time of the work, which nothing interrupts.
"""

import itertools
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.guard import one_processor, yardstick  # noqa: F401 - one_processor is for its effect
from benchmarks.guard.rows import Row, figure_at_most
from benchmarks.guard.timing import Took, least, mean, of_one
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
MAX_RECORDS_ON_THE_CLOCK = 40
"""Larger payloads are seldom left uninterrupted on a busy machine, so that their least time on the clock is chance."""
WALL_SLACK = 1.5
"""On a machine with ten busy processes for two processors it was up to 2.2 times what it was a minute later."""
BLOCKS, RECORDS_PER_BLOCK, MAX_PAYLOADS_PER_BLOCK = 6, 4_000, 10


@dataclass
class Times:
    """What payloads took, in means of blocks and one by one, and what the fixed work took beside them."""

    run: Callable[[LogText], object]
    of_blocks: list[Took] = field(default_factory=list)
    of_payloads: list[Took] = field(default_factory=list)
    of_work: list[Took] = field(default_factory=list)

    def add(self, payloads: list[LogText]) -> None:
        """A block, with the fixed work after each payload."""
        block = []
        for payload in payloads:
            block.append(of_one(partial(self.run, payload)))
            self.of_work.append(of_one(yardstick.work))
        self.of_blocks.append(mean(block))
        self.of_payloads += block


def rows() -> Iterator[Row]:
    """For each format and number of records: processor time, and the time on the clock, which shows what waits instead
    of computing.
    """
    for name, names in (("default format", DEFAULT_NAMES), ("29 fields", V5_NAMES)):
        for records, bound in MAX_MILLISECONDS.items():
            times = _times(names, records)
            subject, work = f"{name}, {records:,} record{'s'[: records - 1]}", least(times.of_work).processor_seconds
            took, of = least(times.of_blocks).processor_seconds, yardstick.NAME
            yield Row(f"{subject}: processor", took * 1e3, "ms", took / work, of, figure_at_most(bound))
            if records <= MAX_RECORDS_ON_THE_CLOCK:
                wall = least(times.of_payloads).seconds
                yield Row(f"{subject}: wall", wall * 1e3, "ms", wall / work, of, slack=WALL_SLACK)


def _times(names: tuple[str, ...], records: int) -> Times:
    """Of all blocks after the first, which warms up."""
    company = Company(random.Random(7), COMPANY)
    made, in_block = _payloads(company, names, records), min(MAX_PAYLOADS_PER_BLOCK, RECORDS_PER_BLOCK // records)
    with tempfile.TemporaryDirectory() as folder:
        times = Times(_pipeline(company, Path(folder) / "enriched.parquet"))
        for payload in itertools.islice(made, in_block):
            times.run(payload)
        for _ in range(BLOCKS):
            times.add(list(itertools.islice(made, in_block)))
    return times


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
