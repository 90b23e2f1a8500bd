"""Behaviour of the table alone: fewer writes, concurrent writers, throttling, limits, expiry."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks.dynamodb.capacity import item_bytes
from flowsentry.aws import clients
from flowsentry.aws.evidence.known_services_item import (
    MAX_DOWN,
    MAX_EXCUSED,
    MAX_SERVICES_A_SHARD,
    MAX_STATE_DAYS,
    ShardContent,
    shard_number,
)
from flowsentry.aws.evidence.known_services_table import (
    JUDGED_SECONDS,
    REFRESH_SECONDS,
    KnownServicesTable,
)
from flowsentry.aws.evidence.scope_states import CACHED_SECONDS
from flowsentry.errors import RetryableError
from flowsentry.findings.evidence import MEMORY_DAYS, SECONDS_A_DAY, EvidenceKey
from flowsentry.findings.known_services import Answer, Answers, Outage, Service
from tests.moto_world import EVIDENCE_TABLE, items_of, make_evidence_table

DAY = 20_000
NOON = DAY * SECONDS_A_DAY + 43_200
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "UpdateItem")


class Watched:
    """A DynamoDB client that counts its calls, and fails on demand."""

    def __init__(self) -> None:
        self.real = clients.dynamodb()
        self.calls: list[str] = []
        self.failure: Exception | None = None
        self.meanwhile: list[Callable[[], object]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def update_item(self, **arguments: Any) -> Any:
        self.calls.append("write")
        if self.failure:
            raise self.failure
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return self.real.update_item(**arguments)

    def batch_get_item(self, **arguments: Any) -> Any:
        self.calls.append("read")
        return self.real.batch_get_item(**arguments)


@pytest.fixture
def watched() -> Watched:
    make_evidence_table()
    return Watched()


def table(watched: Watched, clock: Callable[[], float] = lambda: NOON) -> KnownServicesTable:
    return KnownServicesTable(EVIDENCE_TABLE, watched, clock)  # type: ignore[arg-type]


def service(number: int = 1) -> Service:
    return Service("vpc-1", b"\x06" + number.to_bytes(4) + (443).to_bytes(2))


def answer(number: int = 1, at: int = NOON, clients: int = 1, *, is_inside: bool = True) -> Answer:
    return Answer(service(number), at // SECONDS_A_DAY, at, clients, is_inside)


def known_by_another(number: int = 1) -> Answers | None:
    return table(Watched()).recall([service(number)], DAY - 3, DAY).answers.get(service(number))


def test_a_service_is_written_once_until_it_has_news(watched: Watched) -> None:
    store = table(watched)
    store.learn([answer()])
    for seconds in range(0, REFRESH_SECONDS, 300):
        store.learn([answer(at=NOON + seconds)])
    assert watched.calls.count("write") == 1
    assert known_by_another() == Answers(NOON, 1)


@pytest.mark.parametrize("news", [answer(clients=2), answer(at=NOON + REFRESH_SECONDS)], ids=["client", "hour"])
def test_a_new_client_and_an_answer_in_another_hour_are_written(watched: Watched, news: Answer) -> None:
    store = table(watched)
    store.learn([answer()])
    store.learn([news])
    assert watched.calls.count("write") == 2
    assert known_by_another() == Answers(news.last_seen, news.clients | 1)


def test_an_outside_service_is_written_once_a_day(watched: Watched) -> None:
    store = table(watched)
    for hour in range(11):
        store.learn([answer(at=NOON + 3_600 * hour, is_inside=False)])
    assert watched.calls.count("write") == 1


def test_a_processor_has_the_exact_last_answer_that_it_saw_itself(watched: Watched) -> None:
    store = table(watched)
    store.learn([answer()])
    store.learn([answer(at=NOON + 500)])
    assert store.recall([service()], DAY, DAY).answers == {service(): Answers(NOON + 500, 1)}


def test_what_another_processor_stored_meanwhile_is_kept(watched: Watched) -> None:
    store, number = table(watched), next(each for each in range(2, 9_999) if same_shard(each))
    watched.meanwhile = [lambda: table(Watched()).learn([answer(number)])]
    store.learn([answer()])
    assert known_by_another() == Answers(NOON, 1)
    assert known_by_another(number) == Answers(NOON, 1)


def same_shard(number: int) -> bool:
    return shard_number(service(number).endpoint) == shard_number(service().endpoint)


def test_a_new_processor_does_not_write_what_is_stored(watched: Watched) -> None:
    table(watched).learn([answer()])
    watched.calls.clear()
    table(watched).learn([answer(at=NOON + 60)])
    assert watched.calls == ["read"]


def test_throttling_is_retried_and_a_second_run_is_harmless(watched: Watched) -> None:
    store, watched.failure = table(watched), THROTTLED
    with pytest.raises(RetryableError):
        store.learn([answer()])
    watched.failure = None
    store.learn([answer()])
    assert known_by_another() == Answers(NOON, 1)


def test_an_item_that_other_processors_always_write_first_raises_retryable_error(watched: Watched) -> None:
    others = [lambda bit=bit: table(Watched()).learn([answer(clients=1 << bit)]) for bit in range(1, 20)]
    watched.meanwhile = others  # type: ignore[assignment]
    with pytest.raises(RetryableError, match="other writers were faster"):
        table(watched).learn([answer()])


def test_a_read_item_is_cached_for_a_minute(watched: Watched) -> None:
    now = [float(NOON)]
    store = table(watched, lambda: now[0])
    assert store.recall([service()], DAY, DAY).answers == {}
    table(Watched()).learn([answer()])
    assert store.recall([service()], DAY, DAY).answers == {}
    now[0] += CACHED_SECONDS
    assert store.recall([service()], DAY, DAY).answers == {service(): Answers(NOON, 1)}


def test_only_the_requested_days_are_recalled(watched: Watched) -> None:
    store = table(watched)
    store.learn([answer(), answer(at=NOON - 4 * SECONDS_A_DAY, clients=4)])
    assert store.recall([service()], DAY - 3, DAY).answers == {service(): Answers(NOON, 1)}
    assert store.recall([service()], DAY - 4, DAY).answers == {service(): Answers(NOON, 5)}


def test_an_expired_item_that_dynamodb_has_not_deleted_is_ignored(watched: Watched) -> None:
    table(watched).learn([answer()])
    much_later = table(watched, lambda: NOON + 30 * SECONDS_A_DAY)
    assert much_later.recall([service()], DAY, DAY).answers == {}


def test_a_full_item_keeps_inside_services() -> None:
    outside = [answer(number, is_inside=False) for number in range(MAX_SERVICES_A_SHARD + 100)]
    inside = [answer(number) for number in range(10_000, 10_100)]
    content = ShardContent().with_answers(outside).with_answers(inside)
    assert len(content.answers) == MAX_SERVICES_A_SHARD
    assert {each.service.endpoint for each in inside} == content.inside
    assert ShardContent().with_answers([*inside, *outside]) == content


def test_an_item_of_a_scope_with_5000_services_costs_one_write_unit(watched: Watched) -> None:
    table(watched).learn([answer(number) for number in range(5_000)])
    assert max(map(item_bytes, items_of(EVIDENCE_TABLE))) < 1_024


def test_outages_are_stored_until_they_end(watched: Watched) -> None:
    store, outage = table(watched), Outage(service(), NOON)
    store.mark_down([outage])
    store.mark_down([outage._replace(since=NOON + 300)])
    assert table(watched).recall([service()], DAY, DAY).down_since == {service(): NOON}
    assert store.recovered([answer(at=NOON), answer(2)]) == []
    assert store.recovered([answer(at=NOON + 1)]) == [outage]
    store.mark_up([outage])
    assert table(watched).recall([service()], DAY, DAY).down_since == {}


def test_at_most_so_many_outages_of_a_scope_are_stored(watched: Watched) -> None:
    store = table(watched)
    store.mark_down([Outage(service(number), NOON) for number in range(MAX_DOWN + 5)])
    assert len(items_of(EVIDENCE_TABLE)[0]["down"]["BS"]) == MAX_DOWN
    store.mark_down([Outage(service(MAX_DOWN + 9), NOON)])
    assert len(items_of(EVIDENCE_TABLE)[0]["down"]["BS"]) == MAX_DOWN


def test_excused_sources_are_due_every_few_minutes_until_they_are_deleted(watched: Watched) -> None:
    now = [float(NOON)]
    store, key = table(watched, lambda: now[0]), EvidenceKey("vpc-1", "10.0.0.200", DAY)
    store.excuse([key, key._replace(day=DAY - 4)])
    assert store.excused_in(["vpc-1", "vpc-2"]) == {key}
    assert store.excused_in(["vpc-1"]) == set()
    now[0] += JUDGED_SECONDS
    assert store.excused_in(["vpc-1"]) == table(watched).excused_in(["vpc-1"]) == {key}
    store.forget_excused([key])
    assert table(watched).excused_in(["vpc-1"]) == set()


def test_at_most_so_many_excused_sources_of_a_scope_are_stored(watched: Watched) -> None:
    table(watched).excuse([EvidenceKey("vpc-1", f"10.0.{each // 250}.{each % 250}", DAY) for each in range(150)])
    assert len(table(watched).excused_in(["vpc-1"])) == MAX_EXCUSED


def test_members_too_old_to_count_are_deleted_from_the_state(watched: Watched) -> None:
    now = [float(NOON)]
    store = table(watched, lambda: now[0])
    for day in range(30):
        now[0] = NOON + day * SECONDS_A_DAY
        store.excuse([EvidenceKey("vpc-1", f"10.0.0.{day}", DAY + day)])
        store.mark_down([Outage(service(day), int(now[0]))])
    (item,) = items_of(EVIDENCE_TABLE)
    assert (len(item["excused"]["BS"]), len(item["down"]["BS"])) == (MEMORY_DAYS + 1, MAX_STATE_DAYS + 1)


def test_another_processor_may_have_an_earlier_last_answer_and_states_the_lag(watched: Watched) -> None:
    assert table(watched).recall([service()], DAY, DAY).lag_seconds == REFRESH_SECONDS
