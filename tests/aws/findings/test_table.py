"""The findings table: findings are put once, and stay in the outbox until published."""

from typing import Any

import pytest

from flowsentry.aws import clients
from flowsentry.aws.findings.item import HIGH_PARTITION, SNOOZED_PARTITION, entry_of
from flowsentry.aws.findings.table import KEPT_SECONDS, FindingTable
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings.finding import Audience, Finding, FindingStore, Severity
from flowsentry.findings.triage import Earlier, State, Triage
from flowsentry.in_memory import FindingsInMemory
from tests.aws.notifications.outbox_world import DAY, NOW, OutboxWorld, finding
from tests.moto_world import FINDINGS_TABLE, items_of, make_findings_table


@pytest.fixture
def world() -> OutboxWorld:
    return OutboxWorld()


def table() -> FindingTable:
    make_findings_table()
    return FindingTable(FINDINGS_TABLE, clients.dynamodb(), clock=lambda: NOW)


def waiting(store: FindingTable, partition: str = HIGH_PARTITION) -> list[str]:
    return [item["id"]["S"] for item in store.unpublished(partition)]


@pytest.mark.parametrize("new_store", [FindingsInMemory, table], ids=["dictionary", "table"])
def test_a_finding_is_new_only_once(new_store: Any) -> None:
    store: FindingStore = new_store()
    assert store.put_new([finding("a"), finding("b"), finding("a")]) == [finding("a"), finding("b")]
    assert store.put_new([finding("b", title="other words"), finding("c")]) == [finding("c")]


def test_a_finding_is_in_the_outbox_until_it_is_published() -> None:
    store = table()
    store.put_new([finding("a"), finding("b")])
    assert waiting(store) == ["a", "b"]
    store.mark_published("a")
    assert waiting(store) == ["b"]


@pytest.mark.parametrize(
    ("severity", "partition"),
    [
        (Severity.HIGH, HIGH_PARTITION),
        (Severity.MEDIUM, Audience.URGENT),
        (Severity.LOW, Audience.DIGEST),
        (Severity.BACKGROUND, Audience.DIGEST),
    ],
)
def test_digest_and_high_findings_wait_in_their_own_partitions(severity: Severity, partition: str) -> None:
    store = table()
    store.put_new([finding("a", severity)])
    assert waiting(store, partition) == ["a"]


def test_a_published_finding_that_is_found_again_is_not_delivered_again() -> None:
    store = table()
    store.put_new([finding("a")])
    store.mark_published("a")
    assert store.put_new([finding("a")]) == []
    assert waiting(store) == []


def test_marking_a_missing_or_published_finding_changes_nothing(world: OutboxWorld) -> None:
    world.put(finding("a"))
    world.table.mark_published("a")
    world.clock.advance(60)
    for name in ("a", "never-there"):
        world.table.mark_published(name)
        world.table.mark_delivered(name, "chat")
        world.table.mark_rate_limited(name)
        world.table.mark_undelivered(name, "poison")
    (item,) = items_of(FINDINGS_TABLE)
    assert item["published_at"] == {"N": str(NOW)}
    assert item.keys().isdisjoint({"delivered_to", "rate_limited", "undelivered_reason"})


def test_an_item_has_the_attributes_for_stream_filters_and_expiry() -> None:
    table().put_new([finding("a", thread="t")])
    (item,) = items_of(FINDINGS_TABLE)
    assert Finding.from_json(item.pop("finding")["S"]) == finding("a", thread="t")
    assert item == {
        "id": {"S": "a"},
        "kind": {"S": "host_sweep"},
        "severity": {"S": "high"},
        "thread": {"S": "t"},
        "state": {"S": "open"},
        "found_at": {"N": str(NOW)},
        "unpublished": {"S": HIGH_PARTITION},
        "expires_at": {"N": str(NOW + KEPT_SECONDS)},
    }


def test_the_outbox_is_read_oldest_first(world: OutboxWorld) -> None:
    for age in (1, 3, 2):
        world.clock.now = NOW - age
        world.put(finding(f"{age}"))
    assert waiting(world.table) == ["3", "2", "1"]


def test_a_suppressed_finding_is_recorded_and_not_delivered() -> None:
    store = table()
    assert store.put_new([finding("a", suppressed_by="the scanner of the security team")])
    (item,) = items_of(FINDINGS_TABLE)
    assert item["undelivered_reason"] == {"S": "suppressed"}
    assert "unpublished" not in item


def test_findings_while_observing_are_recorded_and_never_delivered(world: OutboxWorld) -> None:
    world.table.observe_only_until = NOW + DAY
    assert world.table.put_new([finding("a"), finding("b", Severity.LOW)])
    assert [item["undelivered_reason"] for item in items_of(FINDINGS_TABLE)] == [{"S": "observed"}] * 2
    world.clock.advance(DAY)
    assert world.table.put_new([finding("a"), finding("c")]) == [finding("c")]
    assert world.waiting == ["c"]


def test_a_resolved_finding_that_is_seen_later_is_new_again(world: OutboxWorld) -> None:
    world.put(finding("a"))
    world.table.mark_published("a")
    world.finding_triage.resolve("a", "alice", "patched")
    again = finding("a", last_seen=NOW + 10)
    assert world.table.put_new([finding("a", last_seen=NOW)]) == []
    world.clock.advance(DAY)
    assert world.table.put_new([again, again]) == [again]
    entry = world.finding_triage.entry("a")
    assert (entry.finding, entry.unpublished, entry.waiting_since) == (again, HIGH_PARTITION, NOW + DAY)
    assert (entry.triage.state, entry.published_at) == (State.SEEN_AGAIN, None)
    assert entry.before == Triage(State.RESOLVED, NOW, "alice", "patched")


@pytest.mark.parametrize("suppressed_by", ["", "a reason"])
def test_a_finding_seen_again_while_observing_or_suppressed_is_not_delivered(
    world: OutboxWorld, suppressed_by: str
) -> None:
    world.put(finding("a"))
    world.finding_triage.resolve("a", "alice")
    world.table.observe_only_until = 0 if suppressed_by else NOW + DAY
    assert world.table.put_new([finding("a", last_seen=NOW + 10, suppressed_by=suppressed_by)]) == []
    assert world.state("a") == "resolved"


def test_a_known_finding_costs_one_failed_conditional_write(world: OutboxWorld) -> None:
    class PutOnly:
        def put_item(self, **arguments: Any) -> Any:
            return clients.dynamodb().put_item(**arguments)

    world.put(finding("a"))
    world.table.client = PutOnly()  # type: ignore[assignment]
    assert world.table.put_new([finding("a", last_seen=NOW + DAY)]) == []


def test_the_earlier_finding_is_the_newest_other_one_of_the_thread(world: OutboxWorld) -> None:
    for day in range(3):
        world.put(finding(f"day-{day}", thread="t"), finding(f"other-{day}", thread="u"))
        world.clock.advance(DAY)
    assert world.table.earlier(finding("day-2", thread="t")) == Earlier("day-1", NOW + DAY, Triage())
    assert world.table.earlier(finding("day-0", thread="only")) is None
    assert world.table.earlier(finding("no-thread")) is None


def test_the_latest_triage_of_a_thread_applies_even_on_an_older_finding(world: OutboxWorld) -> None:
    for day in range(3):
        world.put(finding(f"day-{day}", thread="t"))
        world.clock.advance(DAY)
    triage = world.finding_triage.acknowledge("day-0", "alice")
    assert world.table.earlier(finding("day-2", thread="t")) == Earlier("day-0", NOW, triage)


def test_the_outbox_is_read_by_partition(world: OutboxWorld) -> None:
    world.put(finding("a"), finding("b"))
    world.finding_triage.snooze("b", NOW + DAY, "alice")
    assert (waiting(world.table), waiting(world.table, SNOOZED_PARTITION)) == (["a"], ["b"])


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", "{}", '{"severity": "loud"}', finding("b").to_json(), finding("a").to_json()[:-1]]
)
def test_an_item_without_a_valid_finding_is_poison(text: str) -> None:
    with pytest.raises(PoisonError) as poison:
        entry_of({"id": {"S": "a"}, "finding": {"S": text}, "found_at": {"N": "1"}})
    assert poison.value.reason == "not-a-finding"


def test_an_item_of_an_earlier_version_is_an_open_finding_without_a_thread() -> None:
    old = {"id": {"S": "a"}, "finding": {"S": finding("a").to_json()}, "found_at": {"N": "5"}}
    entry = entry_of(old)
    assert (entry.finding, entry.triage, entry.waiting_since, entry.delivered_to) == (
        finding("a"),
        Triage(),
        5,
        frozenset(),
    )


def test_a_throttled_table_raises_retryable_error() -> None:
    class Throttling:
        def put_item(self, **_: Any) -> None:
            error: Any = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise clients.dynamodb().exceptions.ClientError(error, "PutItem")

    with pytest.raises(RetryableError, match="could not put findings: ThrottlingException"):
        FindingTable(FINDINGS_TABLE, Throttling()).put_new([finding("a")])  # type: ignore[arg-type]
