"""Processor time, memory, items and findings of a flood in one function.

Each case runs in its own process to measure its memory, with one thread, and the fixed work after it. The bound is the
memory of a processor function.
"""

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.guard import yardstick
from benchmarks.guard.rows import Row, of_limit

FUNCTION_MB = 1_769
HEADER = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
)
CASES = (
    ("refused", 220_000),
    ("silent", 220_000),
    ("refused", 3_000_000),
)
START = 1_767_268_800
MEASURED = """
import json, sys, time
from pathlib import Path
from benchmarks.guard import yardstick
from flowsentry.decode import object_texts
from flowsentry.emit.enriched_object import EnrichedFile
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.pipeline import Context, Stores, process

def blocks(path):
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            yield block

path = Path(sys.argv[1])
stores = Stores(EvidenceInMemory(), FindingsInMemory())
began = time.process_time()
process(object_texts(blocks(path)), Context(), stores, EnrichedFile(path.with_suffix(".parquet")))
seconds = time.process_time() - began
peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
print(json.dumps({
    "seconds": seconds,
    "megabytes": peak,
    "items": len(stores.evidence.items),
    "findings": len(stores.findings.findings),
    "work": yardstick.processor_seconds(),
}))
"""


def address(number: int) -> str:
    mixed = number * 2_654_435_761 & 0xFFFFFFFF
    return f"{11 + (mixed >> 24) % 80}.{mixed >> 16 & 255}.{mixed >> 8 & 255}.{mixed & 255}"


def lines(sort: str, count: int) -> Iterator[str]:
    """One record per spoofed source."""
    draw, begin = random.Random(5), "2 123456789012 eni-0a1b2c3d4e5f60718"
    for number in range(count):
        source, at = address(number), START + number % 300
        action = "REJECT" if sort == "refused" else "ACCEPT"
        ends = f"{source} 10.0.0.{number % 20 + 1} {1_024 + number % 60_000} {draw.randrange(1, 60_000)}"
        yield f"{begin} {ends} 6 1 40 {at} {at + 5} {action} OK"


def written(folder: str, sort: str, count: int) -> Path:
    path = Path(folder) / f"{sort}-{count}.log.gz"
    with gzip.open(path, "wt", compresslevel=6) as file:
        file.write(f"{HEADER}\n")
        file.writelines(f"{line}\n" for line in lines(sort, count))
    return path


def measured(path: Path) -> dict[str, Any]:
    """What the flood in a file took in a process of its own."""
    command = [sys.executable, "-c", MEASURED, str(path)]
    environment = os.environ | {"POLARS_MAX_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603 - our own
    took: dict[str, Any] = json.loads(done.stdout)
    return took


def rows() -> Iterator[Row]:
    """Time and memory of each case."""
    for sort, count in CASES:
        with tempfile.TemporaryDirectory() as folder:
            took = measured(written(folder, sort, count))
        note = f"{took['items']:,} items, {took['findings']:,} findings"
        subject = f"{sort}, {count:,}"
        yield Row(f"{subject}: processor", took["seconds"], "s", took["seconds"] / took["work"], yardstick.NAME)
        yield of_limit(f"{subject}: peak memory", took["megabytes"], "MB", FUNCTION_MB, note)
