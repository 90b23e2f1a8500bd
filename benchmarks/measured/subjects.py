"""The benchmarked subjects, each run in its own process: `python -m benchmarks.measured.subjects SUBJECT FILE RUNS`.

Prints as JSON the seconds and the processor seconds of the last run (or of its measured part), the process's peak
memory, and its growth since the imports. Earlier runs warm up imports, first calls and memory, as a function's first
invocation does for later ones.
"""

import csv
import gzip
import json
import random
import sys
import tempfile
import warnings
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.guard.timing import Took, timed

BLOCK_BYTES = 1 << 20


Work = Callable[[Path], object]


def one_shot_zlib() -> Work:
    """Decompresses only."""
    return lambda path: len(zlib.decompress(path.read_bytes(), 31))


def flowlogs_reader() -> Work:
    """Parses with flowlogs-reader, as its S3 reader does, and discards the records."""
    warnings.simplefilter("ignore")
    from flowlogs_reader import FlowRecord  # noqa: PLC0415 - its import must not affect the other subjects

    def parse(path: Path) -> None:
        with gzip.open(path, "rt", encoding="utf-8") as text:
            names = [name.replace("-", "_") for name in next(text).split()]
            deque((FlowRecord(row) for row in csv.DictReader(text, names, delimiter=" ")), maxlen=0)

    return parse


def all_stages() -> Work:
    """All stages of a processor without AWS calls: decode, parse, enrich against 10,000 interfaces, contacts,
    measurements, evidence, detection, enriched Parquet.
    """
    from benchmarks.made_traffic import Company  # noqa: PLC0415
    from flowsentry.aws.ingest.parquet_trial import tried  # noqa: PLC0415
    from flowsentry.decode import object_texts  # noqa: PLC0415
    from flowsentry.emit.enriched_object import EnrichedFile  # noqa: PLC0415
    from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory  # noqa: PLC0415
    from flowsentry.pipeline import Context, Outcome, Stores, process  # noqa: PLC0415

    context = Context(Company(random.Random(7)).inventory())
    folder = tempfile.TemporaryDirectory()

    def run(path: Path) -> Outcome:
        enriched = Path(folder.name) / "enriched.parquet"
        return process(
            object_texts(blocks(path), trial=tried),
            context,
            Stores(EvidenceInMemory(), FindingsInMemory()),
            EnrichedFile(enriched),
        )

    return run


def parsing() -> Work:
    """Decodes and parses, and discards the records."""
    from flowsentry.decode import object_texts  # noqa: PLC0415
    from flowsentry.parse import parse_chunk  # noqa: PLC0415

    return lambda path: deque((each for text in object_texts(blocks(path)) for each in parse_chunk(text)), maxlen=0)


LARGE_COMPANY = 100_000
"""Interfaces in the inventory for attribution and for the snapshot."""


def attribution() -> Work:
    """Attributes owners to both ends of a million records. Parsing and direction are not measured."""
    from benchmarks.made_traffic import Company  # noqa: PLC0415
    from flowsentry.decode import object_texts  # noqa: PLC0415
    from flowsentry.enrich.direction import with_direction  # noqa: PLC0415
    from flowsentry.enrich.owners import with_owners  # noqa: PLC0415
    from flowsentry.enrich.record_columns import with_rejection  # noqa: PLC0415
    from flowsentry.inventory.address_space import AddressSpace  # noqa: PLC0415
    from flowsentry.parse import flows_of, parse_chunk  # noqa: PLC0415

    address_space = AddressSpace.of(Company(random.Random(7), LARGE_COMPANY).inventory())
    parsed: list[Any] = []

    def run(path: Path) -> Took:
        parsed[:] = parsed or [
            with_direction(with_rejection(flows_of(each.records)), address_space)
            for text in object_texts(blocks(path))
            for each in parse_chunk(text)
        ]
        with timed() as took:
            for flows in parsed:
                with_owners(flows, address_space)
        return took[0]

    return run


def snapshot() -> Work:
    """Loads an inventory snapshot and builds its lookup tables."""
    from flowsentry.inventory.address_space import AddressSpace  # noqa: PLC0415
    from flowsentry.inventory.snapshot import unpack  # noqa: PLC0415

    return lambda path: AddressSpace.of(unpack(path.read_bytes()))


def blocks(path: Path) -> Iterator[bytes]:
    """The file as it arrives from S3."""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


SUBJECTS = {
    "zlib": one_shot_zlib,
    "flowlogs-reader": flowlogs_reader,
    "flowsentry": all_stages,
    "parsing": parsing,
    "attribution": attribution,
    "snapshot": snapshot,
}


def main(subject: str, path: str, runs: str) -> None:
    work, last = SUBJECTS[subject](), Took(0.0, 0.0)
    before = _peak_megabytes()
    for _ in range(int(runs)):
        with timed() as took:
            of_part = work(Path(path))
        last = of_part if isinstance(of_part, Took) else took[0]
    peak = _peak_megabytes()
    print(json.dumps(asdict(last) | {"peak_megabytes": peak, "grown_megabytes": peak - before}))


def _peak_megabytes() -> float:
    """The peak memory of this process. Not from getrusage, whose peak includes that of the parent process."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
