"""The size of items, the number of writes, and the effect of throttling."""

from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.dynamodb.capacity import item_bytes
from flowsentry.aws import clients
from flowsentry.aws.evidence.item import MAX_STORED_MEMBERS, Stored
from flowsentry.aws.evidence.table import EvidenceTable
from flowsentry.aws.evidence.update import merging_update
from flowsentry.errors import RetryableError
from flowsentry.findings.evidence import ADDRESS_SETS, SET_SIZES, Evidence, EvidenceKey
from flowsentry.in_memory import EvidenceInMemory
from tests.moto_world import EVIDENCE_TABLE, items_of, make_evidence_table

DAY = 20_000
MAX_ITEM_BYTES = 4_000
"""Of a source that is full in all its sets, over IPv6. DynamoDB counts in KB of 1,024 bytes: it costs 4 units.
Strangers are in items of their own."""
MAX_IPV4_ITEM_BYTES = 3_000
"""It costs 3 units."""
OF_SOURCES = frozenset(SET_SIZES) - {"external_clients"}
BYTES = {**dict.fromkeys(ADDRESS_SETS.values(), 24), "source_ids": 8}
"""Of a member, where that is not seven."""
NAMES = count()
KEY = EvidenceKey("vpc-0123456789abcdef0", "2001:db8:1111:2222:3333:4444:5555:6666", DAY)
LAW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def evidence(first: int, size: int, *, names: frozenset[str] = OF_SOURCES, at: int = 0) -> Evidence:
    """So many members in each of these sets."""
    numbers = range(first, first + size)
    sets = {name: frozenset(number.to_bytes(BYTES.get(name, 7)) for number in numbers) for name in names}
    ports = frozenset(range(65_535 - first, 65_535 - first - size, -1))
    now = DAY * 86_400 + at
    return Evidence(KEY, **sets, source_ports=ports, first_seen=now, last_seen=now, is_inside=True)


some_evidence = st.builds(
    evidence,
    st.integers(0, 2_000),
    st.integers(1, 300),
    names=st.sets(st.sampled_from(sorted(OF_SOURCES))).map(lambda names: frozenset({"failed", *names})),
    at=st.integers(0, 86_399),
)


class Counted:
    """A client that counts attempted and successful writes."""

    def __init__(self) -> None:
        self.tries = self.writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(clients.dynamodb(), name)

    def update_item(self, **arguments: Any) -> Any:
        self.tries += 1
        answer = clients.dynamodb().update_item(**arguments)
        self.writes += 1
        return answer


def new_table(client: Any = None) -> EvidenceTable:
    name = f"evidence-{next(NAMES)}"
    make_evidence_table(name)
    return EvidenceTable(name, client or clients.dynamodb(), last_seen_step=0, sleep=lambda _: None)


@LAW
@given(batches=st.lists(some_evidence, min_size=1, max_size=30))
def test_an_item_has_at_most_4_kb_whatever_is_merged(batches: list[Evidence]) -> None:
    store = new_table()
    for one in batches:
        store.merge([one])
        (item,) = items_of(store.table_name)
        assert item_bytes(item) <= MAX_ITEM_BYTES


def full_item(*names: str) -> int:
    """The bytes of an item with only these sets, all full."""
    sets: dict[str, Any] = {name: {"BS": [bytes(BYTES.get(name, 7))] * MAX_STORED_MEMBERS[name]} for name in names}
    sets["source_ports"] = {"NS": ["65535"] * MAX_STORED_MEMBERS["source_ports"]}
    store = new_table()
    store.merge([evidence(0, 1, names=frozenset({"failed"}))])
    (item,) = items_of(store.table_name)
    return item_bytes(item | sets)


def test_a_full_item_has_at_most_4_kb_and_with_ipv4_3_kb() -> None:
    assert 3_400 < full_item(*OF_SOURCES) <= MAX_ITEM_BYTES
    assert 2_500 < full_item(*(OF_SOURCES - BYTES.keys())) <= MAX_IPV4_ITEM_BYTES


def test_an_item_of_strangers_is_within_2_kb() -> None:
    external_clients = {"external_clients": {"BS": [bytes(16)] * MAX_STORED_MEMBERS["external_clients"]}}
    store = new_table()
    service = Evidence(KEY, external_clients=frozenset({bytes(4)}), is_inside=True)
    store.merge([service])
    (item,) = items_of(store.table_name)
    assert item_bytes(item | external_clients) <= 2_048


@LAW
@given(batches=st.lists(st.lists(some_evidence, max_size=4), min_size=1, max_size=8), data=st.data())
def test_a_source_is_written_at_most_once_per_batch(batches: list[list[Evidence]], data: st.DataObject) -> None:
    client = Counted()
    first = new_table(client)
    second = EvidenceTable(first.table_name, client, last_seen_step=0)  # type: ignore[arg-type]
    for batch in batches:
        client.tries = client.writes = 0
        data.draw(st.sampled_from([first, second])).merge(batch)
        assert client.writes <= 1
        assert client.tries <= 2, "one knew the item as it was before the other one wrote"


def test_members_are_added_only_while_the_set_has_room_for_all_of_them() -> None:
    known, more = (evidence(first, 3, names=frozenset({"failed"})) for first in (0, 3))
    update = merging_update(Stored(known, version=1, expires_at=(DAY + 1) * 86_400), more, DAY * 86_400, 0)
    assert update is not None
    assert "size(#failed) <= :room_failed" in update["ConditionExpression"]
    assert update["ExpressionAttributeValues"][":room_failed"] == {"N": str(MAX_STORED_MEMBERS["failed"] - 3)}


@LAW
@given(batch=st.lists(some_evidence, min_size=1, max_size=4))
def test_evidence_that_is_in_an_item_is_not_written_again(batch: list[Evidence]) -> None:
    client = Counted()
    store = new_table(client)
    store.merge(batch)
    assert client.writes == 1
    another = EvidenceTable(store.table_name, client)  # type: ignore[arg-type]
    for known in (store, another):
        known.merge(batch)
    assert client.writes == 1


@pytest.fixture
def throttles(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How many calls of each operation DynamoDB throttles; botocore does not wait between attempts."""
    make_evidence_table()
    left: Counter[str] = Counter()
    events = clients.dynamodb().meta.events

    def refuse(event_name: str, **_: Any) -> Any:
        operation = event_name.rpartition(".")[2]
        left[operation] -= 1
        return refusal() if left[operation] >= 0 else None

    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    events.register_first("before-send.dynamodb", refuse)
    yield left
    events.unregister("before-send.dynamodb", refuse)


def refusal() -> AWSResponse:
    body = b'{"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "later"}'

    class Raw:
        def stream(self) -> Iterator[bytes]:
            yield body

    return AWSResponse("https://dynamodb", 400, {"content-type": "application/x-amz-json-1.0"}, Raw())  # type: ignore[arg-type]


@pytest.mark.parametrize("operation", ["UpdateItem", "BatchGetItem"])
def test_a_call_throttled_three_times_is_retried_and_recorded(throttles: Counter[str], operation: str) -> None:
    throttles[operation] = 3
    store = EvidenceTable(EVIDENCE_TABLE, clients.dynamodb())
    assert store.merge([evidence(0, 20)]) == EvidenceInMemory().merge([evidence(0, 20)])


@pytest.mark.parametrize("operation", ["UpdateItem", "BatchGetItem"])
def test_a_call_throttled_every_time_fails_the_batch_which_is_retried_as_a_whole(
    throttles: Counter[str], operation: str
) -> None:
    throttles[operation] = 1_000
    store = EvidenceTable(EVIDENCE_TABLE, clients.dynamodb())
    with pytest.raises(RetryableError, match="ProvisionedThroughputExceeded"):
        store.merge([evidence(0, 20)])
    throttles.clear()
    assert store.merge([evidence(0, 20)]) == EvidenceInMemory().merge([evidence(0, 20)])
