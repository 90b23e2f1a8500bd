"""Measures what docs/cost.md is calculated from, and writes it to local/cost/measured.json: `make cost`, two minutes.

Both ways in process the same minutes of the same company: as a payload for each interface and minute, and as an object
for each five minutes. Processor time is that of this machine, without the time inside AWS in memory; calls, bytes and
capacity units are the same on any machine.
"""

import gzip
import json
import os
import platform
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before the first import of polars: as with one vCPU

from benchmarks.cost.deployed_resources import resources
from benchmarks.cost.functions_in_memory import MINUTE, Functions, Traffic, functions, object_event
from benchmarks.made_traffic import V5_NAMES
from flowsentry.records.fields import DEFAULT_NAMES
from tests.lambdas.payloads import of_stream, of_subscription

TARGET = Path(__file__).parents[2] / "local" / "cost" / "measured.json"
COMMAND = "python -m benchmarks.cost.figures"
INTERFACES = 20
OBJECT_MINUTES = 5
RECORDS_A_MINUTE = (1_000, 100, 10, 1)
"""Records of an interface in a minute, from a busy host to one at rest. The busy minutes come first: afterwards the
services of the company are known, as they are in all but the first minutes of a deployment."""
RUNS = 2
"""Batches and objects of a size. More: steadier figures, and minutes more."""
LAG = 5 * MINUTE


@dataclass
class Month:
    """Both ways in, one after the other, in one account: minutes of payloads, then objects."""

    made: Functions
    traffic: Traffic

    def payloads(self, records: int) -> dict[str, Any]:
        """The mean payload with so many records, each in an invocation of its own."""
        payloads = self._minute(records)
        handler = self.made.stream_processor
        return self.made.sample(records, payloads, handler, [of_subscription(each) for each in payloads])

    def batches(self, records: int) -> dict[str, Any]:
        """A batch of Kinesis that has a payload with so many records of each interface."""
        batches = [self._minute(records) for _ in range(RUNS)]
        sources = [b64encode(b"".join(map(b64decode, batch))).decode() for batch in batches]
        events = [of_stream(*batch) for batch in batches]
        return self.made.sample(records * INTERFACES, sources, self.made.stream_processor, events)

    def objects(self, records: int) -> dict[str, Any]:
        """An object with so many records of each interface and minute."""
        files = [self._file(records) for _ in range(RUNS)]
        events = [object_event(content, int(self.made.now) + number) for number, content in enumerate(files)]
        sources = [b64encode(content).decode() for content in files]
        return self.made.sample(records * INTERFACES * OBJECT_MINUTES, sources, self.made.object_processor, events)

    def _file(self, records: int) -> bytes:
        self.made.now += OBJECT_MINUTES * MINUTE
        text = self.traffic.text(records, int(self.made.now) - LAG - OBJECT_MINUTES * MINUTE, OBJECT_MINUTES)
        return gzip.compress(text, 6, mtime=0)

    def _minute(self, records: int) -> list[str]:
        self.made.now += MINUTE
        return [self.traffic.payload(inside, records, int(self.made.now) - LAG) for inside in range(INTERFACES)]


@contextmanager
def month(names: tuple[str, ...]) -> Iterator[Month]:
    """An account whose functions are warm."""
    traffic = Traffic(names, INTERFACES)
    with functions(traffic, time.time() // MINUTE * MINUTE) as made:
        yield Month(made, traffic)


def of_each_size(measure: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    """The samples by size, smallest first."""
    return [measure(records) for records in RECORDS_A_MINUTE][::-1]


def sizes(names: tuple[str, ...]) -> dict[str, float]:
    """Bytes of a record as text, with its newline, and in a file of AWS."""
    records = INTERFACES * OBJECT_MINUTES * 100
    text = Traffic(names, INTERFACES).text(100, int(time.time()), OBJECT_MINUTES)
    return {
        "fields": len(names),
        "text_bytes": round(len(text) / records, 1),
        "gzip_bytes": round(len(gzip.compress(text, 6, mtime=0)) / records, 1),
    }


def figures() -> dict[str, Any]:
    """All that docs/cost.md needs, after sources that warm up."""
    with month(V5_NAMES) as of_extended:
        of_extended.payloads(RECORDS_A_MINUTE[0])
        of_extended.objects(RECORDS_A_MINUTE[1])
        sources: dict[str, Any] = {
            "payloads": of_each_size(of_extended.payloads),
            "payload_batches": of_each_size(of_extended.batches),
            "objects": of_each_size(of_extended.objects),
        }
    with month(DEFAULT_NAMES) as of_default:
        of_default.objects(RECORDS_A_MINUTE[1])
        sources |= {"object_in_default_format": of_default.objects(RECORDS_A_MINUTE[0])}
    return {
        "command": COMMAND,
        "measured_on": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": processor(),
        "formats": {"default": sizes(DEFAULT_NAMES), "extended": sizes(V5_NAMES)},
        "resources": resources(),
        **sources,
    }


def processor() -> str:
    """The name of this machine's processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def main() -> None:
    begun = time.monotonic()
    TARGET.write_text(json.dumps(figures(), indent=2) + "\n")
    print(f"{TARGET.relative_to(TARGET.parents[2])} written in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
