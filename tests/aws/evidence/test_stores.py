"""The contract of evidence stores, which the table and the dictionary both fulfil."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowsentry.aws import clients
from flowsentry.aws.evidence.table import EvidenceTable
from flowsentry.findings.evidence import SET_SIZES, Evidence, EvidenceKey, EvidenceStore, History, bottom
from flowsentry.in_memory import EvidenceInMemory
from tests.aws.one_call_at_a_time import OneCallAtATime
from tests.moto_world import make_evidence_table

StoreMaker = Callable[[], EvidenceStore]
DAY = 20_000
NAMES = count()

LAW = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def evidence_table() -> EvidenceTable:
    """A new, empty table, used by a processor without cached items."""
    name = f"evidence-{next(NAMES)}"
    make_evidence_table(name)
    return another_processor(name)


def another_processor(table_name: str) -> EvidenceTable:
    return EvidenceTable(table_name, clients.dynamodb(), absent_seconds=0, last_seen_step=0)


def within_a_step(histories: list[History]) -> list[History]:
    """The same without `last_seen`, which is not written for less than a step."""
    return [
        history._replace(days={day: replace(one, last_seen=0) for day, one in history.days.items()})
        for history in histories
    ]


@pytest.fixture(params=[EvidenceInMemory, evidence_table], ids=["dictionary", "table"])
def new_store(request: pytest.FixtureRequest) -> StoreMaker:
    maker: StoreMaker = request.param
    return maker


def endpoint(number: int) -> bytes:
    return b"\x0a\x00" + number.to_bytes(5, "big")


def some(first: int, size: int) -> frozenset[bytes]:
    return frozenset(endpoint(number) for number in range(first, first + size))


def evidence(day: int = DAY, source: str = "10.0.0.5", **sets: Any) -> Evidence:
    return Evidence(EvidenceKey("vpc-1", source, day), **sets, first_seen=day * 86_400, last_seen=day * 86_400 + 60)


def failing(day: int = DAY, source: str = "10.0.0.5") -> Evidence:
    return evidence(day, source, failed=some(0, 3))


endpoints = st.sets(st.integers(0, 150).map(endpoint), max_size=80).map(frozenset)
times = st.integers(DAY * 86_400, DAY * 86_400 + 500)
failing_evidence = st.builds(
    Evidence,
    st.builds(EvidenceKey, st.just("vpc-1"), st.sampled_from(["10.0.0.5", "10.0.0.6"]), st.integers(DAY, DAY + 4)),
    failed=endpoints.filter(bool),
    answered=endpoints,
    doubtful=endpoints,
    attempts=endpoints,
    sessions=endpoints,
    source_ports=st.sets(st.integers(1024, 1060), max_size=12).map(frozenset),
    first_seen=times,
    last_seen=times,
    is_inside=st.booleans(),
)
batches = st.lists(st.lists(failing_evidence, max_size=4), min_size=1, max_size=4)


def everything_in(store: EvidenceStore) -> list[History]:
    """The content of the store, read by merging evidence with one known member."""
    probe = [
        Evidence(EvidenceKey("vpc-1", source, DAY + 2), failed=some(0, 1), first_seen=DAY * 86_400, last_seen=0)
        for source in ("10.0.0.5", "10.0.0.6")
    ]
    return store.merge(probe)


@LAW
@given(batches=batches, data=st.data())
def test_order_and_duplicates_change_nothing(
    new_store: StoreMaker, batches: list[list[Evidence]], data: st.DataObject
) -> None:
    once, shuffled = EvidenceInMemory(), new_store()
    for batch in batches:
        once.merge(batch)
    again = data.draw(st.lists(st.sampled_from(batches), max_size=3))
    for batch in data.draw(st.permutations(batches + again)):
        shuffled.merge(data.draw(st.permutations(batch)))
    assert everything_in(shuffled) == everything_in(once)


@LAW
@given(batches=batches, data=st.data())
def test_two_processors_with_one_table_equal_one_dictionary(batches: list[list[Evidence]], data: st.DataObject) -> None:
    once, first = EvidenceInMemory(), evidence_table()
    second = another_processor(first.table_name)
    for batch in batches:
        once.merge(batch)
        data.draw(st.sampled_from([first, second])).merge(batch)
    assert everything_in(first) == everything_in(once)
    assert everything_in(second) == everything_in(once)


@LAW
@given(batch=st.lists(failing_evidence, max_size=6))
def test_both_stores_return_the_same_history(batch: list[Evidence]) -> None:
    assert evidence_table().merge(batch) == EvidenceInMemory().merge(batch)


@settings(LAW, max_examples=10)
@given(batches=st.lists(st.lists(failing_evidence, max_size=4), min_size=8, max_size=16))
def test_eight_processors_at_once_equal_one_dictionary(batches: list[list[Evidence]]) -> None:
    once, table_name = EvidenceInMemory(), evidence_table().table_name
    for batch in batches:
        once.merge(batch)
    processors = [EvidenceTable(table_name, OneCallAtATime()) for _ in range(8)]  # type: ignore[arg-type]
    with ThreadPoolExecutor(8) as threads:
        tasks = [threads.submit(processors[n % 8].merge, batch) for n, batch in enumerate(batches)]
    assert [task.exception() for task in tasks] == [None] * len(batches)
    assert within_a_step(everything_in(another_processor(table_name))) == within_a_step(everything_in(once))


def test_an_empty_batch_has_no_history(new_store: StoreMaker) -> None:
    assert new_store().merge([]) == []


def test_answers_alone_of_an_unknown_source_are_not_recorded(new_store: StoreMaker) -> None:
    store = new_store()
    assert store.merge([evidence(answered=some(0, 3))]) == []
    (history,) = store.merge([failing()])
    assert history.days[DAY].answered == frozenset()


@pytest.mark.parametrize("distance", [-3, -1, 0, 1, 3])
def test_answers_are_recorded_for_a_source_with_an_item_near(new_store: StoreMaker, distance: int) -> None:
    store = new_store()
    store.merge([failing(DAY + distance)])
    (history,) = store.merge([evidence(answered=some(0, 2))])
    assert history.days[DAY].answered == some(0, 2)
    assert history.written_days == (DAY,)


@pytest.mark.parametrize("distance", [-4, 4])
def test_an_item_outside_the_remembered_days_does_not_count(new_store: StoreMaker, distance: int) -> None:
    store = new_store()
    store.merge([failing(DAY + distance)])
    assert store.merge([evidence(answered=some(0, 2))]) == []


def test_answers_count_beside_failures_of_the_same_batch_on_another_day(new_store: StoreMaker) -> None:
    batch = [evidence(DAY + 1, answered=some(0, 2)), failing(DAY)]
    (history,) = new_store().merge(batch)
    assert history.written_days == (DAY, DAY + 1)


def test_a_history_has_the_neighbour_days_of_every_written_day(new_store: StoreMaker) -> None:
    store = new_store()
    for day in (DAY - 4, DAY - 3, DAY - 1, DAY + 3, DAY + 4):
        store.merge([failing(day)])
    (history,) = store.merge([failing(DAY)])
    assert list(history.days) == [DAY - 3, DAY - 1, DAY, DAY + 3]


def test_each_source_has_its_own_history(new_store: StoreMaker) -> None:
    batch = [failing(source=f"10.0.0.{number}") for number in range(30)]
    histories = new_store().merge(batch)
    assert [history.days[DAY].key.source for history in histories] == [one.key.source for one in batch]


def test_an_ipv6_source_is_a_source(new_store: StoreMaker) -> None:
    (history,) = new_store().merge([failing(source="2001:db8::5")])
    assert history.days[DAY].key == EvidenceKey("vpc-1", "2001:db8::5", DAY)


def test_sets_keep_the_members_of_smallest_rank(new_store: StoreMaker) -> None:
    store = new_store()
    parts: Sequence[frozenset[bytes]] = [some(0, 60), some(60, 60), some(120, 60)]
    for part in parts:
        (history,) = store.merge([evidence(**dict.fromkeys(SET_SIZES, part))])
    for name, size in SET_SIZES.items():
        assert getattr(history.days[DAY], name) == bottom(some(0, 180), size)


def test_a_suspect_is_a_source_with_an_item_near(new_store: StoreMaker) -> None:
    store = new_store()
    store.merge([failing()])
    keys = [EvidenceKey("vpc-1", "10.0.0.5", DAY + distance) for distance in (-4, -3, 0, 3, 4)]
    others = [EvidenceKey("vpc-2", "10.0.0.5", DAY), EvidenceKey("vpc-1", "10.0.0.6", DAY)]
    assert store.suspects([*keys, *others]) == set(keys[1:4])
    assert store.suspects([]) == set()


def test_recall_returns_what_any_processor_merged_and_writes_nothing(new_store: StoreMaker) -> None:
    store = new_store()
    external_clients = evidence(source="10.0.0.9:22/tcp", external_clients=frozenset({b"\xcb\x00\x71\x09"}))
    assert store.recall([external_clients.key]) == []
    (merged,) = store.merge([external_clients])
    assert merged.days[DAY].external_clients == external_clients.external_clients
    other = EvidenceKey("vpc-1", "10.0.0.9:3389/tcp", DAY)
    (recalled,) = store.recall([external_clients.key._replace(day=DAY + 2), other])
    assert recalled == History({DAY: merged.days[DAY]}, (DAY + 2,))
    assert store.recall([external_clients.key._replace(day=DAY + 4)]) == []
    assert store.merge([external_clients]) == [merged]
