"""Many findings are put in transactions, each once, whatever of them is known."""

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.findings.transaction import LEAST_ITEMS, MOST_ITEMS
from flowsentry.errors import RetryableError
from flowsentry.findings.finding import Finding
from tests.aws.notifications.outbox_world import NOW, OutboxWorld, finding
from tests.moto_world import FINDINGS_TABLE, items_of, make_findings_table


class Counted:
    """A client that counts its calls."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.calls[name] += 1
        return getattr(clients.dynamodb(), name)


def numbered(count: int) -> list[Finding]:
    return [finding(f"f{number:03}") for number in range(count)]


@pytest.fixture
def counted() -> Counted:
    make_findings_table()
    return Counted()


def table(client: Any) -> FindingTable:
    return FindingTable(FINDINGS_TABLE, client, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("count", "calls"),
    [
        (LEAST_ITEMS - 1, {"put_item": LEAST_ITEMS - 1}),
        (LEAST_ITEMS, {"transact_write_items": 1}),
        (MOST_ITEMS + 1, {"transact_write_items": 1, "put_item": 1}),
        (2 * MOST_ITEMS, {"transact_write_items": 2}),
    ],
)
def test_many_findings_are_put_in_few_calls(counted: Counted, count: int, calls: dict[str, int]) -> None:
    assert table(counted).put_new(numbered(count)) == numbered(count)
    assert counted.calls == calls
    assert len(items_of(FINDINGS_TABLE)) == count


@pytest.mark.parametrize("known", [0, LEAST_ITEMS, MOST_ITEMS])
def test_a_known_finding_among_many_is_not_new_and_the_others_are(counted: Counted, known: int) -> None:
    findings = numbered(MOST_ITEMS + LEAST_ITEMS)
    table(counted).put_new([findings[known]])
    assert table(counted).put_new(findings) == [*findings[:known], *findings[known + 1 :]]
    assert len(items_of(FINDINGS_TABLE)) == len(findings)


def test_a_finding_that_comes_twice_is_new_once(counted: Counted) -> None:
    assert table(counted).put_new([*numbered(LEAST_ITEMS), finding("f000")]) == numbered(LEAST_ITEMS)


def test_a_finding_put_in_a_transaction_waits_for_delivery_as_any_other(counted: Counted) -> None:
    table(counted).put_new(numbered(LEAST_ITEMS))
    (together,) = [item for item in items_of(FINDINGS_TABLE) if item["id"] == {"S": "f003"}]
    clients.dynamodb().delete_item(TableName=FINDINGS_TABLE, Key={"id": {"S": "f003"}})
    table(counted).put_new([finding("f003")])
    (alone,) = [item for item in items_of(FINDINGS_TABLE) if item["id"] == {"S": "f003"}]
    assert together == alone


def test_a_resolved_finding_among_many_is_new_again() -> None:
    world = OutboxWorld()
    world.put(finding("f000"))
    world.finding_triage.resolve("f000", "alice")
    again = [finding("f000", last_seen=NOW + 1), *numbered(LEAST_ITEMS)[1:]]
    assert world.table.put_new(again) == again
    assert world.state("f000") == "seen_again"


class Throttled(Counted):
    """A client whose table throttles transactions."""

    def transact_write_items(self, **_arguments: Any) -> None:
        reasons = [{"Code": "ThrottlingError"}, *[{"Code": "None"}] * (LEAST_ITEMS - 1)]
        answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
        raise ClientError(answer, "TransactWriteItems")


def test_findings_of_a_throttled_transaction_are_not_put_one_by_one() -> None:
    make_findings_table()
    client = Throttled()
    with pytest.raises(RetryableError, match="throttles"):
        table(client).put_new(numbered(LEAST_ITEMS))
    assert client.calls["put_item"] == 0
