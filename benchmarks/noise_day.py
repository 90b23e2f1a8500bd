"""A day of internet noise on a hundred interfaces: urgent messages, cost of evidence, and sizes of its items.

Runs the pipeline, tables and outbox with DynamoDB in memory (moto); its capacity units follow the documented rules.
"""

import os
import statistics
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import boto3
from moto import mock_aws

from benchmarks.counted_dynamodb import CountedDynamoDB
from benchmarks.dynamodb_cost import DOLLARS_A_MILLION_READS, DOLLARS_A_MILLION_WRITES, item_bytes
from benchmarks.internet_noise import DAY_SECONDS, INTERFACES, NoisyDay
from flowsentry.aws.evidence.known_services_table import KnownServicesTable
from flowsentry.aws.evidence.table import EvidenceTable
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.notifications.channels import Channels, Notification
from flowsentry.aws.notifications.outbox import Outbox
from flowsentry.decode import object_texts
from flowsentry.emit.console_queries import AccountResources
from flowsentry.findings.evidence import Evidence, EvidenceKey, History
from flowsentry.findings.finding import Finding
from flowsentry.pipeline import Context, Stores, process
from tests.moto_world import EVIDENCE_TABLE, FINDINGS_TABLE, REGION, items_of, make_evidence_table, make_findings_table

BEGINS_AT = 1_767_225_600
WINDOW_MINUTES = 60
MAX_URGENT, MAX_DIGESTS_A_WINDOW, MAX_ITEM_BYTES, MAX_WRITES_A_SOURCE_AND_BATCH = 0, 1, 3_000, 1
Row = tuple[str, str, bool]


@dataclass
class Clock:
    """The simulated time (Unix seconds)."""

    now: float = BEGINS_AT

    def __call__(self) -> float:
        return self.now


@dataclass
class Mailbox:
    """A channel that records what it received and when."""

    clock: Clock
    name: str = "topic"
    may_refuse: bool = False
    urgent: list[str] = field(default_factory=list)
    digests: list[float] = field(default_factory=list)

    def send(self, notification: Notification) -> None:
        if notification.finding is not None:
            self.urgent.append(notification.finding.title)
        else:
            self.digests.append(self.clock())


@dataclass
class CountedStore:
    """The evidence table, with counts of the sources and suspicious evidence it received."""

    table: EvidenceTable
    suspicious: int = 0
    sources: set[tuple[str, str]] = field(default_factory=set)

    def suspects(self, keys: Collection[EvidenceKey]) -> set[EvidenceKey]:
        self.sources.update((key.scope, key.source) for key in keys)
        return self.table.suspects(keys)

    def recall(self, keys: Collection[EvidenceKey]) -> list[History]:
        return self.table.recall(keys)

    def merge(self, batch: Sequence[Evidence]) -> list[History]:
        self.suspicious += sum(one.is_suspicious for one in batch)
        self.sources.update((one.key.scope, one.key.source) for one in batch)
        return self.table.merge(batch)


@dataclass
class Day:
    """Simulates the day and holds the measurements."""

    clock: Clock = field(default_factory=Clock)
    records: int = 0
    seconds: float = 0
    most_writes: int = 0

    def __post_init__(self) -> None:
        make_evidence_table()
        make_findings_table()
        self.client = CountedDynamoDB(boto3.client("dynamodb"))
        self.mailbox = Mailbox(self.clock)
        self.store = CountedStore(EvidenceTable(EVIDENCE_TABLE, self.client, self.clock))  # type: ignore[arg-type]
        self.findings = FindingTable(FINDINGS_TABLE, self.client.real, self.clock)
        services = KnownServicesTable(EVIDENCE_TABLE, self.client, self.clock)  # type: ignore[arg-type]
        self.stores = Stores(self.store, self.findings, services)
        channels = (self.mailbox,)
        self.outbox = Outbox(
            self.findings, Channels(channels, digest=channels), AccountResources(), WINDOW_MINUTES, 20, self.clock
        )

    def pass_(self) -> None:
        context, begun = Context(), time.perf_counter()
        for delivered_at, content in NoisyDay(BEGINS_AT, Random(7)).files():
            self.clock.now = delivered_at
            self.client.writes_in_batch.clear()
            outcome = process(object_texts([content]), context, self.stores, now=delivered_at)
            self.records += outcome.accepted_records
            self.most_writes = max([self.most_writes, *self.client.writes_in_batch.values()])
            self.outbox.publish_left_over()
        self.clock.now = BEGINS_AT + DAY_SECONDS + 60 * WINDOW_MINUTES
        self.outbox.publish_left_over()
        self.seconds = time.perf_counter() - begun


def rows_for(day: Day) -> Iterator[Row]:
    """(measurement, value, whether its bound holds)."""
    yield from _messages(day)
    yield from _cost(day)
    yield from _items(day)


def _messages(day: Day) -> Iterator[Row]:
    found = [Finding.from_json(item["finding"]["S"]) for item in items_of(FINDINGS_TABLE) if "finding" in item]
    urgent, windows = len(day.mailbox.urgent), [int(at // (60 * WINDOW_MINUTES)) for at in day.mailbox.digests]
    most = max((windows.count(window) for window in windows), default=0)
    yield "interfaces, sources, records", f"{INTERFACES}, {len(day.store.sources):,}, {day.records:,}", day.records > 0
    yield "findings", f"{len(found)}, about {len({each.subject for each in found})} sources", bool(found)
    yield f"urgent messages (at most {MAX_URGENT})", f"{urgent}", urgent <= MAX_URGENT
    what = f"digests per {WINDOW_MINUTES} minutes (at most {MAX_DIGESTS_A_WINDOW})"
    yield what, f"{most}; {len(windows)} in the day", 0 < most <= MAX_DIGESTS_A_WINDOW


def _cost(day: Day) -> Iterator[Row]:
    client, thousands, suspicious = day.client, day.records / 1_000, day.store.suspicious
    writes = client.write_units * DOLLARS_A_MILLION_WRITES / 1e6
    reads = client.read_units * DOLLARS_A_MILLION_READS / 1e6
    yield "writes of evidence", _rate(client.writes, client.write_units, thousands, writes), True
    yield "reads of evidence", _rate(client.reads, client.read_units, thousands, reads), True
    yield "reads and writes per million records", f"${(writes + reads) / thousands * 1_000:.2f}", True
    what = f"writes per suspicious source and batch (at most {MAX_WRITES_A_SOURCE_AND_BATCH})"
    figure = f"{day.most_writes}; {client.writes / suspicious:.2f} of {suspicious:,} on average"
    yield what, figure, 0 < day.most_writes <= MAX_WRITES_A_SOURCE_AND_BATCH
    yield "writes that lost a race", f"{client.lost_races}", True


def _rate(calls: int, units: float, thousands: float, dollars: float) -> str:
    rate = f"{calls / thousands:.0f} ({units / thousands:.0f} units) per 1,000 records"
    return f"{rate}; {calls:,} and ${dollars:.4f} per day"


def _items(day: Day) -> Iterator[Row]:
    sizes = [item_bytes(item) for item in items_of(EVIDENCE_TABLE)]
    what = f"size of {len(sizes):,} items (at most {MAX_ITEM_BYTES:,} bytes)"
    yield what, f"median {statistics.median(sizes):.0f}, largest {max(sizes):,}", max(sizes) <= MAX_ITEM_BYTES
    yield "run time", f"{day.seconds:.0f} s", True


def rows() -> Iterator[Row]:
    """(measurement, value, whether its bound holds) for the day."""
    os.environ |= {"AWS_DEFAULT_REGION": REGION, "POWERTOOLS_METRICS_DISABLED": "true"}
    with mock_aws():
        day = Day()
        day.pass_()
        yield from rows_for(day)


def main() -> int:
    """Exit code: 0 when every bound holds, else 1."""
    holds = True
    for what, figure, is_met in rows():
        print(f"{'  ' if is_met else '! '}{what:<64}{figure}", flush=True)
        holds &= is_met
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
