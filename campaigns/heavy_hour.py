"""An hour of a hundred times the demo's traffic in simulated time: the lengths of the queues, and the memory.

The pipeline processes the records with its stores in memory. The time of a run follows from its processor time and its
number of table calls; the number of concurrent runs from the limits of the stacks. Wrong for a Region where tables take
longer than `CALL_SECONDS`.
"""

import gzip
import math
import random
import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.made_traffic import NOON, V5_NAMES, Company, lines
from campaigns.process_memory import held_mb, peak_mb
from campaigns.report import Report
from flowsentry.decode import object_texts
from flowsentry.emit.enriched_object import EnrichedFile
from flowsentry.findings.evidence import Evidence, History
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.pipeline import Context, Stores, process
from stacks.settings.operation import OperationSettings

DEMO_RECORDS_AN_HOUR = 42_543 // 6
"""The rate of `make demo`: 42,543 records of six hours."""
TIMES_DEMO, MINUTES, INTERFACES = 100, 60, 1_000
RECORDS_A_MINUTE = DEMO_RECORDS_AN_HOUR * TIMES_DEMO // MINUTES
OBJECTS_A_MINUTE, PAYLOADS_A_MINUTE = 10, 30
"""Half of the records through each path. Higher: smaller inputs, each with its fixed cost. Lower: larger inputs."""
PROCESSOR_MB, OBJECT_MB, PAYLOAD_MB = 1769, 1769, 1024
DEFAULTS = OperationSettings()
OBJECTS_AT_ONCE, PAYLOADS_AT_ONCE = DEFAULTS.at_once.objects, DEFAULTS.payload_stream.shards
CALL_SECONDS, CALLS_AT_ONCE, CALLS_A_RUN = 0.01, 16, 8
"""Seconds of a table call, concurrent calls, and the fixed number of calls per run."""
MAX_PEAK_MB = 1_024
"""Limit for this process, which runs both functions' work; each function has at least this memory for itself."""
MAX_GROWTH_MB = 150
"""Limit from the tenth minute to the last; includes the tables' content, which a function does not hold."""
SECOND = re.compile(rf"\b{NOON // 10_000}\d{{4}}\b")


@dataclass
class CountedEvidence(EvidenceInMemory):
    """Evidence in memory that counts written items."""

    writes: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def merge(self, batch: Sequence[Evidence]) -> list[History]:
        self.writes += len(batch)
        return super().merge(batch)


@dataclass
class Queue:
    """A queue of work, each piece with its seconds; `at_once` pieces run concurrently."""

    at_once: int
    waiting: deque[float] = field(default_factory=deque)
    done: int = 0

    def minute(self, new: Sequence[float]) -> int:
        """The number of pieces left after a minute in which `new` arrived."""
        self.waiting.extend(new)
        left = 60.0 * self.at_once
        while self.waiting and self.waiting[0] <= left:
            left -= self.waiting.popleft()
            self.done += 1
        if self.waiting:
            self.waiting[0] -= left
        return len(self.waiting)


@dataclass
class Hour:
    """The pipeline, its stores, and the measurements."""

    seed: int
    folder: Path
    records: int = 0
    sent: int = 0
    rows: list[tuple[int, int, int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        company = Company(random.Random(self.seed), INTERFACES)
        self._context, self._lines = Context(company.inventory()), lines(company, V5_NAMES)
        self._evidence = CountedEvidence()
        self._stores = Stores(self._evidence, FindingsInMemory())
        self.objects, self.payloads = Queue(OBJECTS_AT_ONCE), Queue(PAYLOADS_AT_ONCE)

    def costs(self, minute: int, pieces: int, memory_mb: int) -> list[float]:
        """The seconds of each piece, when half of a minute's records is split into `pieces`."""
        return [self._cost(minute, RECORDS_A_MINUTE // 2 // pieces, memory_mb) for _ in range(pieces)]

    def _cost(self, minute: int, records: int, memory_mb: int) -> float:
        content, writes = self._content(minute, records), self._evidence.writes
        begun = time.process_time()
        enriched = EnrichedFile(self.folder / "enriched.parquet")
        outcome = process(object_texts([content]), self._context, self._stores, enriched)
        processor = (time.process_time() - begun) * PROCESSOR_MB / min(memory_mb, PROCESSOR_MB)
        self.sent += records
        self.records += outcome.accepted_records
        calls = CALLS_A_RUN + math.ceil((self._evidence.writes - writes) / CALLS_AT_ONCE)
        return processor + calls * CALL_SECONDS

    def _content(self, minute: int, records: int) -> bytes:
        made = "\n".join(next(self._lines) for _ in range(records))
        text = SECOND.sub(lambda found: str(int(found[0]) + minute * 60), made)
        return gzip.compress(f"{' '.join(V5_NAMES)}\n{text}\n".encode(), compresslevel=1, mtime=0)

    def queue(self, minute: int, objects: Sequence[float], payloads: Sequence[float]) -> None:
        left = self.objects.minute(objects), self.payloads.minute(payloads)
        self.rows.append((minute, *left, held_mb()))


def run(seconds: float, seed: int) -> Report:
    """Simulates the hour. Minutes that there is no time to process take as long as the last processed one."""
    ends_at = time.monotonic() + seconds
    with TemporaryDirectory() as folder:
        hour, measured = Hour(seed, Path(folder)), 0
        objects: list[float] = []
        payloads: list[float] = []
        for minute in range(MINUTES):
            if time.monotonic() < ends_at or not objects:
                objects = hour.costs(minute, OBJECTS_A_MINUTE, OBJECT_MB)
                payloads = hour.costs(minute, PAYLOADS_A_MINUTE, PAYLOAD_MB)
                measured += 1
            hour.queue(minute, objects, payloads)
        for line in _drawn(hour, measured, objects, payloads):
            print(f"    {line}")
        return Report("heavy_hour", hour.sent, 0, hour.sent - hour.records, peak_mb(), tuple(_failures(hour)))


def _failures(hour: Hour) -> Iterator[str]:
    _, objects, payloads, memory = hour.rows[-1]
    if objects or payloads:
        yield f"after the hour {objects} objects and {payloads} payloads wait"
    if (growth := memory - hour.rows[min(10, len(hour.rows) - 1)][3]) > MAX_GROWTH_MB:
        yield f"memory grew by {growth:.0f} MB within 50 minutes, more than {MAX_GROWTH_MB}"
    if peak_mb() > MAX_PEAK_MB:
        yield f"memory rose to {peak_mb():.0f} MB, more than {MAX_PEAK_MB}"


def _drawn(hour: Hour, measured: int, objects: Sequence[float], payloads: Sequence[float]) -> Iterator[str]:
    """The results, with a table of every sixth minute."""
    yield f"{hour.sent:,} records, {measured} of {MINUTES} minutes processed, the others estimated from the last"
    yield f"a run takes {max(objects):.2f} s for an object at most, {max(payloads):.2f} s for a payload"
    yield "| minute | objects waiting | payloads waiting | memory (MB) |"
    yield "| ---: | ---: | ---: | ---: |"
    for minute, of_objects, of_payloads, memory in (*hour.rows[::6], hour.rows[-1]):
        yield f"| {minute} | {of_objects} | {of_payloads} | {memory:.0f} {'#' * round(memory / 25)} |"
