"""Processor time of a small payload in all stages: `python -m benchmarks.small_payloads`.

A function that CloudWatch Logs invokes gets some 40 records at a time, so that what a payload costs whatever its size
decides what a deployment costs. Payloads are measured in blocks in one process with one thread, as in a function with
one vCPU; the least of all blocks counts, since other processes only add to it. Exits with 1 where a bound is missed.
"""

import itertools
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before the first import of polars

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
BLOCKS, PAYLOADS_PER_BLOCK = 12, 10


def main() -> int:
    rows = [
        (f"{name}, {records:,} records", _milliseconds(names, records), bound)
        for name, names in (("default format", DEFAULT_NAMES), ("29 fields", V5_NAMES))
        for records, bound in MAX_MILLISECONDS.items()
    ]
    print("Processor time of a payload, all stages, enriched Parquet and log lines included:")
    for title, took, bound in rows:
        print(f"  {title:32} {took:6.1f} ms (at most {bound:g}){'' if took <= bound else '  MISSED'}")
    return int(any(took > bound for _, took, bound in rows))


def _milliseconds(names: tuple[str, ...], records: int) -> float:
    """Processor milliseconds of a payload, in the best block after the first."""
    company = Company(random.Random(7), COMPANY)
    made = _payloads(company, names, records)
    with tempfile.TemporaryDirectory() as folder:
        run = _pipeline(company, Path(folder) / "enriched.parquet")
        blocks = [_block(run, made) for _ in range(BLOCKS)]
    return min(blocks[1:])


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


def _block(run: Callable[[LogText], object], made: Iterator[LogText]) -> float:
    payloads = list(itertools.islice(made, PAYLOADS_PER_BLOCK))
    began = time.process_time()
    for payload in payloads:
        run(payload)
    return (time.process_time() - began) / PAYLOADS_PER_BLOCK * 1_000


if __name__ == "__main__":
    sys.exit(main())
