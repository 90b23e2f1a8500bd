"""Known services merge like sets: in any order and number of times, in memory and in the table."""

from functools import reduce
from itertools import count

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from flowsentry.aws import clients
from flowsentry.aws.evidence.known_services_item import ShardContent, blob_of, shard_content_in
from flowsentry.aws.evidence.known_services_table import KnownServicesTable
from flowsentry.findings.known_services import CLIENT_BITS, Answer, Answers, Outage, Service, client_bit
from flowsentry.in_memory import KnownServicesInMemory
from tests.moto_world import aws_in_memory, make_evidence_table
from tests.properties.strategies import law

DAY = 20_454
NOW = DAY * 86_400 + 43_200
NAMES = count()
LAW = law(12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

services = st.builds(
    Service, st.sampled_from(["vpc-1", "vpc-2"]), st.integers(0, 30).map(lambda number: number.to_bytes(7))
)
answers = st.builds(
    Answer,
    services,
    st.integers(DAY - 1, DAY),
    st.integers(NOW - 90_000, NOW),
    st.integers(1, (1 << 32) - 1),
    st.just(value=True),
)
batches = st.lists(st.lists(answers, max_size=20), min_size=1, max_size=6)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    with aws_in_memory(monkeypatch):
        yield


def new_table() -> KnownServicesTable:
    name = f"known-{next(NAMES)}"
    make_evidence_table(name)
    return KnownServicesTable(name, clients.dynamodb(), clock=lambda: NOW, refresh_seconds=1)


@LAW
@given(batches, st.randoms(use_true_random=False))
def test_order_and_repetition_are_irrelevant_and_the_table_equals_the_dictionary(
    batches: list[list[Answer]], random: object
) -> None:
    mixed = [*batches, *batches]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    once, twice, table = KnownServicesInMemory(), KnownServicesInMemory(), new_table()
    for each in batches:
        once.learn(each)
    for each in mixed:
        twice.learn(each)
        table.learn(each)
    asked = {each.service for batch in batches for each in batch}
    other = KnownServicesTable(table.table_name, clients.dynamodb(), clock=lambda: NOW)
    known = once.recall(asked, DAY - 3, DAY).answers
    for store in (twice, table, other):
        assert store.recall(asked, DAY - 3, DAY).answers == known


@given(st.lists(answers, max_size=40))
def test_an_item_contains_what_was_added(told: list[Answer]) -> None:
    content = ShardContent().with_answers(told)
    assert shard_content_in({"services": {"B": blob_of(content)}, "version": {"N": "0"}}) == content


@given(st.lists(st.builds(Answers, st.integers(0, 99), st.integers(0, 255)), min_size=1))
def test_answers_merge_in_any_order(told: list[Answers]) -> None:
    assert reduce(Answers.merge, told) == reduce(Answers.merge, reversed(told))


@given(st.sampled_from(["10.0.0.1", "2001:db8::1", "2001:db8:1:2::/64", ""]), services)
def test_a_client_sets_one_bit_of_a_sketch(client: str, service: Service) -> None:
    bit = client_bit(client, service.endpoint)
    assert 0 <= bit < CLIENT_BITS
    assert Answers(NOW, 1 << bit).may_have_answered(client, service.endpoint)


OUTAGES = st.builds(Outage, services, st.integers(NOW - 90_000, NOW))


@LAW
@given(st.lists(OUTAGES, max_size=10, unique_by=lambda each: each.service), st.lists(answers))
def test_outages_end_in_the_table_when_they_end_in_the_dictionary(
    outages: list[Outage], answered: list[Answer]
) -> None:
    stores = KnownServicesInMemory(), new_table()
    for store in stores:
        store.mark_down(outages)
    ended = [store.recovered(answered) for store in stores]
    assert ended[0] == ended[1]
    for store in stores:
        store.mark_up(ended[0])
        assert store.recovered(answered) == []
