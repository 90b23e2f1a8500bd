"""What a source takes where few or many network interfaces are logged: an object of five minutes, a payload alone, and
a payload in a batch of the data stream.

Each number of interfaces has an account of its own in memory, with an inventory of them, and functions that are warm.
Of an hour, as many sources are processed as `Part` says; those of the rest are alike, since the records of each minute
are drawn in the same way. Beside each account a fixed work is timed, so that a machine that is busy for a while does
not look like an account that is slow.
"""

import gzip
import json
import os
import time
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before the first import of polars: as with one vCPU

from benchmarks.cost.functions_in_memory import MINUTE, Functions, Traffic, functions, object_event
from benchmarks.made_traffic import V5_NAMES
from stacks.settings.logged.payload_stream import PayloadStream
from tests.lambdas.payloads import of_stream, of_subscription

RECORDS_A_MINUTE = 5
"""Records of an interface in a minute. More: the same work by the record, for longer."""
PEERS_AN_INTERFACE = 2
"""External peers, as many as in the other benchmarks. An eighth of them probe closed ports. If their number stayed the
same, each would probe more interfaces where there are more, and its evidence would take more to write."""
OBJECT_MINUTES = 5
LAG = 5 * MINUTE
WORK = zlib.compress(json.dumps([*range(150_000)]).encode())
WORKS = 10


@dataclass(frozen=True, slots=True)
class Part:
    """The part of an hour that is processed: objects, payloads that arrive alone, and batches."""

    objects: int
    payloads: int
    batches: int


@dataclass
class Account:
    """An account with so many interfaces."""

    made: Functions
    traffic: Traffic

    def measured(self, part: Part) -> dict[str, dict[str, Any]]:
        """The mean source of each way in, after as many sources that warm up."""
        for _ in range(2):
            ways = {
                "s3": self._objects(part.objects),
                "subscription": self._payloads(part.payloads),
                "kinesis": self._batches(part.batches),
            }
        return ways

    def _objects(self, number: int) -> dict[str, Any]:
        contents = [self._content() for _ in range(number)]
        events = [object_event(content, int(self.made.now) + place) for place, content in enumerate(contents)]
        sources = [b64encode(content).decode() for content in contents]
        records = self.traffic.interfaces * RECORDS_A_MINUTE * OBJECT_MINUTES
        return self.made.sample(records, sources, self.made.object_processor, events)

    def _payloads(self, number: int) -> dict[str, Any]:
        payloads = list(islice(self._in_order(), number))
        handler = self.made.stream_processor
        return self.made.sample(RECORDS_A_MINUTE, payloads, handler, map(of_subscription, payloads))

    def _batches(self, number: int) -> dict[str, Any]:
        size = batch_of(self.traffic.interfaces)
        payloads = list(islice(self._in_order(), number * size))
        batches = [payloads[start : start + size] for start in range(0, len(payloads), size)]
        sources = [b64encode(b"".join(map(b64decode, batch))).decode() for batch in batches]
        events = (of_stream(*batch) for batch in batches)
        return self.made.sample(RECORDS_A_MINUTE * size, sources, self.made.stream_processor, events)

    def _content(self) -> bytes:
        self.made.now += OBJECT_MINUTES * MINUTE
        text = self.traffic.text(RECORDS_A_MINUTE, int(self.made.now) - LAG - OBJECT_MINUTES * MINUTE, OBJECT_MINUTES)
        return gzip.compress(text, 6, mtime=0)

    def _in_order(self) -> Iterator[str]:
        """The payloads of minute after minute, of all interfaces."""
        while True:
            self.made.now += MINUTE
            for inside in range(self.traffic.interfaces):
                yield self.traffic.payload(inside, RECORDS_A_MINUTE, int(self.made.now) - LAG)


@contextmanager
def account(interfaces: int) -> Iterator[Account]:
    """An account whose functions were started."""
    traffic = Traffic(V5_NAMES, interfaces, interfaces * PEERS_AN_INTERFACE)
    with functions(traffic, time.time() // MINUTE * MINUTE) as made:
        yield Account(made, traffic)


def work_milliseconds() -> float:
    """The least processor time of the fixed work."""
    return min(_work_seconds() for _ in range(WORKS)) * 1e3


def _work_seconds() -> float:
    begun = time.process_time()
    json.loads(zlib.decompress(WORK))
    return time.process_time() - begun


def batch_of(interfaces: int) -> int:
    """Payloads of a batch of the data stream by default: those of a minute, up to a number."""
    return min(interfaces, PayloadStream().batch_payloads)


def loads(parts: Mapping[int, Part]) -> list[dict[str, Any]]:
    """For each number of interfaces and way in: the mean object, payload or batch, and milliseconds of the fixed work
    beside it.
    """
    found: list[dict[str, Any]] = []
    for interfaces, part in parts.items():
        with account(interfaces) as made:
            before = work_milliseconds()
            ways = made.measured(part)
            work = round(min(before, work_milliseconds()), 2)
        found += [
            {"way": way, "interfaces": interfaces, "work_milliseconds": work, "sample": sample}
            for way, sample in ways.items()
        ]
    return found
