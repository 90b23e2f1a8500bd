"""Known findings cost one batch read per hundred, and no write."""

from collections.abc import Sequence
from typing import Any

import pytest

from flowsentry.aws import clients
from flowsentry.aws.batch_reads import MAX_READ_TRIES
from flowsentry.aws.findings.item import key_of
from flowsentry.aws.findings.table import FindingTable
from flowsentry.errors import RetryableError
from flowsentry.findings.finding import Finding, FindingStore
from flowsentry.in_memory import FindingsInMemory
from tests.aws.notifications.outbox_world import NOW, OutboxWorld, finding
from tests.moto_world import FINDINGS_TABLE, make_findings_table


class Watched:
    """A client that records the keys of each read, and leaves some unprocessed on request."""

    def __init__(self) -> None:
        self.reads: list[int] = []
        self.writes = 0
        self.answers: list[dict[str, Any]] = []

    def batch_get_item(self, **arguments: Any) -> Any:
        self.reads.append(len(arguments["RequestItems"][FINDINGS_TABLE]["Keys"]))
        return self.answers.pop(0) if self.answers else clients.dynamodb().batch_get_item(**arguments)

    def put_item(self, **arguments: Any) -> Any:
        self.writes += 1
        return clients.dynamodb().put_item(**arguments)

    def transact_write_items(self, **arguments: Any) -> Any:
        self.writes += len(arguments["TransactItems"])
        return clients.dynamodb().transact_write_items(**arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(clients.dynamodb(), name)


@pytest.fixture
def watched() -> Watched:
    make_findings_table()
    return Watched()


def table(client: Any = None, **settings: Any) -> FindingTable:
    if client is None:
        make_findings_table()
    return FindingTable(FINDINGS_TABLE, client or clients.dynamodb(), clock=lambda: NOW, **settings)


def numbered(numbers: Sequence[int]) -> list[Finding]:
    return [finding(f"f{number}") for number in numbers]


@pytest.mark.parametrize("new_store", [FindingsInMemory, table], ids=["dictionary", "table"])
def test_stored_findings_are_known_and_the_others_keep_their_order(new_store: Any) -> None:
    store: FindingStore = new_store()
    store.put_new(numbered([3, 1]))
    assert store.unknown(numbered([4, 3, 2, 1, 0, 4])) == numbered([4, 2, 0, 4])
    assert store.unknown([]) == []


def test_many_findings_are_read_100_at_a_time(watched: Watched) -> None:
    table(watched).put_new(numbered(range(200)))
    assert table(watched).unknown(numbered([*range(250), *range(250)])) == numbered([*range(200, 250)] * 2)
    assert sorted(watched.reads) == [50, 100, 100]
    assert watched.writes == 200


def test_without_findings_nothing_is_read(watched: Watched) -> None:
    assert table(watched).unknown([]) == []
    assert watched.reads == []


def test_a_triaged_finding_is_known() -> None:
    world = OutboxWorld()
    world.put(finding("a"), finding("b"))
    world.finding_triage.acknowledge("a", "alice")
    world.finding_triage.snooze("b", NOW + 60, "alice")
    assert world.table.unknown([finding(name, last_seen=NOW + 10) for name in "ab"]) == []


def test_a_finding_resolved_before_it_was_last_seen_may_be_new_again() -> None:
    world = OutboxWorld()
    world.put(finding("a"))
    world.finding_triage.resolve("a", "alice")
    before, after = finding("a", last_seen=NOW), finding("a", last_seen=NOW + 1)
    assert world.table.unknown([before, after]) == [after]
    assert world.table.put_new([after]) == [after]
    assert world.table.unknown([after]) == []


def test_unprocessed_keys_are_read_again(watched: Watched) -> None:
    slept: list[float] = []
    store = table(watched, sleep=slept.append)
    store.put_new(numbered([0]))
    left = {FINDINGS_TABLE: {"Keys": [key_of("f0"), key_of("f1")]}}
    watched.answers = [{"Responses": {}, "UnprocessedKeys": left}]
    assert store.unknown(numbered([0, 1])) == numbered([1])
    assert slept == [0.05]


def test_keys_that_stay_unprocessed_raise_retryable_error(watched: Watched) -> None:
    left = {FINDINGS_TABLE: {"Keys": [key_of("f0")]}}
    watched.answers = [{"Responses": {}, "UnprocessedKeys": left}] * MAX_READ_TRIES
    with pytest.raises(RetryableError, match="could not read findings: 1 keys stay unprocessed"):
        table(watched, sleep=lambda _: None).unknown(numbered([0]))


def test_a_throttled_table_raises_retryable_error() -> None:
    class Throttling:
        def batch_get_item(self, **_: Any) -> None:
            error: Any = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise clients.dynamodb().exceptions.ClientError(error, "BatchGetItem")

    with pytest.raises(RetryableError, match="could not look up findings: ThrottlingException"):
        FindingTable(FINDINGS_TABLE, Throttling()).unknown([finding("a")])  # type: ignore[arg-type]
