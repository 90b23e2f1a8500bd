"""A damaged evidence item does not stop a batch: it is reported and replaced."""

from typing import Any

import pytest

from flowsentry.aws import clients
from flowsentry.aws.evidence.table import EvidenceTable
from flowsentry.findings.evidence import Evidence, EvidenceKey
from tests.moto_world import EVIDENCE_TABLE, items_of, make_evidence_table

DAY = 20_000
NOON = DAY * 86_400 + 43_200
KEY = EvidenceKey("public", "203.0.113.9", DAY)
MEMBERS = frozenset({b"\x06\n\x00\x00\x01\x00\x16", b"\x06\n\x00\x00\x02\x00\x16"})
MINE = Evidence(KEY, failed=MEMBERS, first_seen=NOON, last_seen=NOON)
DAMAGES: list[dict[str, Any]] = [
    {"failed": {"S": "none"}},
    {"failed": {"L": [{"B": b"1"}]}},
    {"answered": {"NS": ["1"]}},
    {"source_ports": {"BS": [b"1"]}},
    {"source_ports": {"NS": ["1.5"]}},
    {"first_seen": {"S": "yesterday"}},
    {"last_seen": {"N": "0.5"}},
    {"last_seen": None},
    {"is_inside": {"S": "yes"}},
    {"is_inside": None},
    {"version": {"S": "one"}},
    {"expires_at": None},
    {"external_clients": {"M": {}}},
]


@pytest.fixture(autouse=True)
def table() -> None:
    make_evidence_table()


def processor() -> EvidenceTable:
    return EvidenceTable(EVIDENCE_TABLE, clients.dynamodb(), clock=lambda: NOON + 60, sleep=lambda _: None)


def damage(change: dict[str, Any]) -> None:
    (item,) = items_of(EVIDENCE_TABLE)
    for name, value in change.items():
        if value is None:
            del item[name]
        else:
            item[name] = value
    clients.dynamodb().put_item(TableName=EVIDENCE_TABLE, Item=item)


@pytest.mark.parametrize("change", DAMAGES, ids=str)
def test_a_damaged_item_is_replaced_and_then_works_as_any_other(change: dict[str, Any]) -> None:
    processor().merge([MINE])
    damage(change)
    for again in (processor(), processor()):
        assert [history.days for history in again.merge([MINE])] == [{DAY: MINE}]
    assert [history.days for history in processor().recall([KEY])] == [{DAY: MINE}]


@pytest.mark.parametrize("change", DAMAGES, ids=str)
def test_a_damaged_item_does_not_affect_other_sources(change: dict[str, Any]) -> None:
    processor().merge([MINE])
    damage(change)
    other = Evidence(KEY._replace(source="203.0.113.10"), failed=MEMBERS, first_seen=NOON, last_seen=NOON)
    assert [history.days for history in processor().merge([other])] == [{DAY: other}]
    assert processor().recall([KEY]) == []
