"""A day of internet noise on a hundred interfaces: urgent messages, cost of evidence, and sizes of its items.

Runs the pipeline, tables and outbox with DynamoDB in memory (moto); its capacity units follow the documented rules.
Nothing here is a time, so every figure is the same on every machine.
"""

import gc
import os
import statistics
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import boto3
from moto import mock_aws

from benchmarks.dynamodb.capacity import DOLLARS_A_MILLION_READS, DOLLARS_A_MILLION_WRITES, item_bytes
from benchmarks.dynamodb.counted import CountedDynamoDB
from benchmarks.evidence.internet_noise import DAY_SECONDS, INTERFACES, NoisyDay
from benchmarks.guard.rows import Row, figure_at_least, of_limit
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
OBJECTS_BETWEEN_SEARCHES = 100_000
"""For unreachable ones, which take a fifth of the time of moto otherwise."""
MAX_DOLLARS_A_MILLION = 0.40
"""Of reads and writes of evidence; docs/cost.md states $0.35."""


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
        context = Context()
        for delivered_at, content in NoisyDay(BEGINS_AT, Random(7)).files():
            self.clock.now = delivered_at
            self.client.writes_in_batch.clear()
            outcome = process(object_texts([content]), context, self.stores, now=delivered_at)
            self.records += outcome.accepted_records
            self.most_writes = max([self.most_writes, *self.client.writes_in_batch.values()])
            self.outbox.publish_left_over()
        self.clock.now = BEGINS_AT + DAY_SECONDS + 60 * WINDOW_MINUTES
        self.outbox.publish_left_over()


def rows_for(day: Day) -> Iterator[Row]:
    """What the day raised, what its evidence cost, and how large its items became."""
    yield from _messages(day)
    yield from _cost(day)
    yield from _items()


def _messages(day: Day) -> Iterator[Row]:
    found = [Finding.from_json(item["finding"]["S"]) for item in items_of(FINDINGS_TABLE) if "finding" in item]
    windows = Counter(int(at // (60 * WINDOW_MINUTES)) for at in day.mailbox.digests)
    what = f"{INTERFACES} interfaces, {len(day.store.sources):,} sources, {day.records:,} records"
    yield Row("findings", len(found), "", bound=figure_at_least(1), note=what)
    yield of_limit("urgent messages", len(day.mailbox.urgent), "", MAX_URGENT)
    note = f"{len(day.mailbox.digests)} in the day"
    most = max(windows.values(), default=0)
    yield of_limit(f"digests per {WINDOW_MINUTES} minutes", most, "", MAX_DIGESTS_A_WINDOW, note)


def _cost(day: Day) -> Iterator[Row]:
    client, millions = day.client, day.records / 1e6
    dollars = client.write_units * DOLLARS_A_MILLION_WRITES / 1e6 + client.read_units * DOLLARS_A_MILLION_READS / 1e6
    note = f"{client.writes:,} writes, {client.reads:,} reads, {client.lost_races} lost races"
    yield of_limit("evidence of a million records", dollars / millions, "$", MAX_DOLLARS_A_MILLION, note)
    note = f"{client.writes / day.store.suspicious:.2f} of {day.store.suspicious:,} on average"
    what = "writes per suspicious source and batch"
    yield of_limit(what, day.most_writes, "", MAX_WRITES_A_SOURCE_AND_BATCH, note)


def _items() -> Iterator[Row]:
    sizes = [item_bytes(item) for item in items_of(EVIDENCE_TABLE)]
    note = f"bytes; {len(sizes):,} items, median {statistics.median(sizes):.0f}"
    yield of_limit("largest item of evidence", max(sizes), "", MAX_ITEM_BYTES, note)


def rows() -> Iterator[Row]:
    """The day's rows."""
    gc.set_threshold(OBJECTS_BETWEEN_SEARCHES, 50, 50)
    os.environ |= {"AWS_DEFAULT_REGION": REGION, "POWERTOOLS_METRICS_DISABLED": "true"}
    with mock_aws():
        day = Day()
        day.pass_()
        yield from rows_for(day)
