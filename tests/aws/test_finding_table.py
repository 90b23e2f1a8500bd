"""The findings table: put once, and an outbox until told."""

from typing import Any

import pytest

from flowsentry.aws import clients
from flowsentry.aws.finding_table import FindingTable
from flowsentry.errors import RetryableError
from flowsentry.findings import Audience, Finding, FindingStore, Severity
from flowsentry.in_memory import FindingsInMemory
from tests.moto_world import FINDINGS_TABLE, items_of, make_findings_table

NOW = 1_790_000_000


def finding(name: str, severity: Severity = Severity.HIGH, title: str = "a scan") -> Finding:
    return Finding(name, "port_scan", severity, title, "10.0.0.5", "vpc-1", 1, 2, 10, {"hosts": 1})


def table() -> FindingTable:
    make_findings_table()
    return FindingTable(FINDINGS_TABLE, clients.dynamodb(), clock=lambda: NOW)


@pytest.mark.parametrize("new_store", [FindingsInMemory, table], ids=["dictionary", "table"])
def test_a_finding_is_new_once(new_store: Any) -> None:
    store: FindingStore = new_store()
    assert store.put_new([finding("a"), finding("b"), finding("a")]) == [finding("a"), finding("b")]
    assert store.put_new([finding("b", title="other words"), finding("c")]) == [finding("c")]


def test_a_finding_is_in_the_outbox_until_it_was_published() -> None:
    store = table()
    store.put_new([finding("a"), finding("b")])
    assert [one.finding.id for one in store.unpublished(Audience.URGENT)] == ["a", "b"]
    store.mark_published("a")
    assert [one.finding for one in store.unpublished(Audience.URGENT)] == [finding("b")]
    assert not store.is_unpublished("a")
    assert store.is_unpublished("b")


@pytest.mark.parametrize(
    ("severity", "kind"),
    [
        (Severity.HIGH, Audience.URGENT),
        (Severity.MEDIUM, Audience.URGENT),
        (Severity.LOW, Audience.DIGEST),
        (Severity.BACKGROUND, Audience.DIGEST),
    ],
)
def test_only_background_waits_for_the_digest(severity: Severity, kind: Audience) -> None:
    store = table()
    store.put_new([finding("a", severity)])
    assert [one.finding.id for one in store.unpublished(kind)] == ["a"]


def test_a_published_finding_that_is_found_again_is_not_told_again() -> None:
    store = table()
    store.put_new([finding("a")])
    store.mark_published("a")
    assert store.put_new([finding("a")]) == []
    assert list(store.unpublished(Audience.URGENT)) == []


def test_marking_what_is_gone_or_told_already_changes_nothing() -> None:
    store = table()
    store.put_new([finding("a")])
    store.mark_published("a")
    store.clock = lambda: NOW + 60
    store.mark_published("a")
    store.mark_published("never-there")
    (item,) = items_of(FINDINGS_TABLE)
    assert item["published_at"] == {"N": str(NOW)}


def test_an_item_has_what_filters_and_expiry_need() -> None:
    table().put_new([finding("a")])
    (item,) = items_of(FINDINGS_TABLE)
    assert Finding.from_json(item.pop("finding")["S"]) == finding("a")
    assert item == {
        "id": {"S": "a"},
        "kind": {"S": "port_scan"},
        "severity": {"S": "high"},
        "found_at": {"N": str(NOW)},
        "unpublished": {"S": "urgent"},
        "expires_at": {"N": str(NOW + 90 * 86_400)},
    }


def test_the_outbox_is_read_oldest_first_and_over_many_pages() -> None:
    store = table()
    for age in (1, 3, 2):
        store.clock = lambda age=age: NOW - age  # type: ignore[misc]
        store.put_new([finding(f"{age}")])
    assert [(one.finding.id, one.found_at) for one in store.unpublished(Audience.URGENT)] == [
        ("3", NOW - 3),
        ("2", NOW - 2),
        ("1", NOW - 1),
    ]


def test_a_table_that_throttles_is_to_be_retried() -> None:
    class Throttling:
        def put_item(self, **_: Any) -> None:
            error: Any = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise clients.dynamodb().exceptions.ClientError(error, "PutItem")

    with pytest.raises(RetryableError, match="could not put findings: ThrottlingException"):
        FindingTable(FINDINGS_TABLE, Throttling()).put_new([finding("a")])  # type: ignore[arg-type]
