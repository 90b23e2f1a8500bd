"""The two processors as Lambda invokes them, with AWS in memory (moto), made traffic of a company, and a clock that the
measurement turns, so that what is cached for a minute is asked for again.
"""

import base64
import gzip
import io
import json
import random
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pytest

from benchmarks.cost.counted_calls import CountedCalls
from benchmarks.made_traffic import OUTSIDE, Company, lines_of
from flowsentry import telemetry
from flowsentry.aws import clients
from flowsentry.inventory.snapshot import pack
from stacks.settings.operation import OperationSettings
from tests.lambdas.conftest import Invocation, World, cold_start, environment, forget_everything
from tests.lambdas.objects import KEY, object_event_of, put, with_messages
from tests.moto_world import (
    INVENTORY_KEY,
    LOG_BUCKET,
    LOG_GROUP,
    OUTPUT_BUCKET,
    aws_in_memory,
    forget_clients,
    make_bucket,
    make_evidence_table,
    make_findings_table,
    make_idempotency_table,
    make_log_formats,
    make_queue,
)

TOP_TALKERS = OperationSettings().top_talkers
"""As many as a deployment names by default: their lines are most of what a processor logs."""
MINUTE = 60
FEW = 2
"""Events of which the least time counts, rather than a quartile."""
START, END = 10, 11
"""The places of these fields in every format."""


@dataclass
class Traffic:
    """Records of a company whose interfaces are equally busy."""

    names: tuple[str, ...]
    interfaces: int
    outside: int = OUTSIDE

    def __post_init__(self) -> None:
        self.draw = random.Random(7)
        self.company = Company(random.Random(7), self.interfaces, self.outside)
        self._records = [lines_of(self.company, self.names, inside) for inside in range(self.interfaces)]

    def of_minute(self, inside: int, records: int, at: int) -> list[str]:
        """The records of one interface in the minute that begins at `at` (Unix s)."""
        return [self._at(line, at) for line in islice(self._records[inside], records)]

    def _at(self, line: str, at: int) -> str:
        values = line.split(" ")
        begun = at + self.draw.randrange(MINUTE // 2)
        values[START], values[END] = str(begun), str(begun + self.draw.randrange(1, MINUTE // 2))
        return " ".join(values)

    def payload(self, inside: int, records: int, at: int) -> str:
        """The payload of one interface and minute, as base64."""
        envelope = {
            "messageType": "DATA_MESSAGE",
            "owner": "123456789012",
            "logGroup": LOG_GROUP,
            "logStream": f"{self.company.interfaces[inside]}-all",
            "subscriptionFilters": ["flowsentry"],
            "logEvents": [
                {"id": f"{self.draw.getrandbits(180):056d}", "timestamp": at * 1_000, "message": line}
                for line in self.of_minute(inside, records, at)
            ],
        }
        return base64.b64encode(gzip.compress(json.dumps(envelope).encode(), 6, mtime=0)).decode()

    def text(self, records: int, begins: int, minutes: int) -> bytes:
        """The text of a file of S3 with the records of all interfaces in these minutes, `records` a minute each."""
        moments = range(begins, begins + minutes * MINUTE, MINUTE)
        taken = (self.of_minute(inside, records, at) for at in moments for inside in range(self.interfaces))
        return "".join(f"{line}\n" for part in ([" ".join(self.names)], *taken) for line in part).encode()


@dataclass
class Functions:
    """The processors, what they ask of AWS, what they write to their logs, and their clock (Unix s)."""

    calls: CountedCalls
    now: float
    log: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        self.stream_processor = cold_start("stream_processor")
        self.object_processor = cold_start("object_processor")
        for handler in (self.stream_processor, self.object_processor):
            self._turn_clocks_of(handler.processor().sources)

    def _turn_clocks_of(self, sources: Any) -> None:
        stores = (sources.evidence, sources.findings, sources.services, sources.services._states)  # noqa: SLF001
        for each in (sources, *stores, sources.activity, sources.inventory, sources.suppressions):
            each.clock = lambda: self.now

    def reset(self) -> None:
        """Counts from zero."""
        self.calls.reset()
        self.log.seek(0)
        self.log.truncate()

    def invoked(self, handler: Any, event: dict[str, Any]) -> float:
        """Seconds of processor time of one invocation, without the time inside AWS."""
        begun, in_aws = time.process_time(), self.calls.seconds_in_aws
        with redirect_stdout(self.log):
            answer = handler.lambda_handler(event, Invocation())
        if answer and answer.get("batchItemFailures"):
            raise AssertionError(f"the function failed: {answer}")
        return time.process_time() - begun - (self.calls.seconds_in_aws - in_aws)

    def sample(
        self, records: int, sources: Sequence[str], handler: Any, events: Iterable[dict[str, Any]]
    ) -> dict[str, Any]:
        """Means over the sources (as base64), each event having as many; but of the time what a quarter of the events
        stays below, or the least of few: other processes of the machine only add to it.
        """
        self.reset()
        seconds = [self.invoked(handler, event) for event in events]
        calls, number = self.calls, len(sources)
        fast = statistics.quantiles(seconds, n=4)[0] if len(seconds) > FEW else min(seconds)
        return {
            "records": records,
            "milliseconds": round(fast * len(seconds) / number * 1e3, 2),
            "calls": {name: round(count / number, 3) for name, count in sorted(calls.calls.items())},
            "source_bytes": round(sum(len(base64.b64decode(source)) for source in sources) / number),
            "log_bytes": round(len(self.log.getvalue().encode()) / number),
            "enriched_bytes": round(calls.bytes_put / number),
            "write_units": round(calls.write_units / number, 3),
            "read_units": round(calls.read_units / number, 3),
        }


@contextmanager
def functions(traffic: Traffic, now: float) -> Iterator[Functions]:
    """Both functions after a cold start, with an inventory of the company, at the time `now` (Unix s)."""
    forget_clients()
    calls = CountedCalls()
    with pytest.MonkeyPatch.context() as patching, aws_in_memory(patching):
        for name, value in {**environment(_world(traffic)), "TOP_TALKERS": str(TOP_TALKERS)}.items():
            patching.setenv(name, value)
        forget_everything()
        made = Functions(calls, now)
        handler: Any = telemetry.logger().registered_handler
        patching.setattr(handler, "stream", made.log)
        with calls.counting():
            yield made
    forget_clients()


def _world(traffic: Traffic) -> World:
    make_evidence_table()
    make_findings_table()
    make_idempotency_table()
    make_bucket(LOG_BUCKET)
    make_bucket(OUTPUT_BUCKET)
    make_log_formats({LOG_GROUP: " ".join(f"${{{name}}}" for name in traffic.names)})
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=INVENTORY_KEY, Body=pack(traffic.company.inventory()))
    return World(make_queue("objects-dlq"), "", "", make_queue("inventory-requests"), make_queue("inventory-dlq"))


def object_event(content: bytes, number: int) -> dict[str, Any]:
    """The event of one object, which is put into the bucket."""
    key = KEY.replace("5f1e2d3c", f"{number:08x}")
    put(content, key)
    return with_messages(object_event_of(key))
