"""Behaviour of the table alone: concurrent writers, throttling, fewer writes, expiry."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from flowsentry.aws import clients
from flowsentry.aws.batch_reads import MAX_READ_TRIES
from flowsentry.aws.bounded_memory import BoundedMemory
from flowsentry.aws.evidence.item import MAX_STORED_MEMBERS
from flowsentry.aws.evidence.table import EvidenceTable
from flowsentry.errors import RetryableError
from flowsentry.findings.bounds import MAX_ENDPOINTS
from flowsentry.findings.evidence import Evidence, EvidenceKey, bottom, rank_of_member
from flowsentry.in_memory import EvidenceInMemory
from tests.moto_world import EVIDENCE_TABLE, items_of, make_evidence_table

DAY = 20_000
NOON = DAY * 86_400 + 43_200
EXPIRY = (DAY + 1 + 3 + 2) * 86_400


class Watched:
    """A DynamoDB client that counts its calls, and fails, waits or leaves keys unprocessed on demand."""

    def __init__(self) -> None:
        self.real = clients.dynamodb()
        self.calls: list[str] = []
        self.failures: dict[str, Exception] = {}
        self.answers: list[dict[str, Any]] = []
        self.meanwhile: list[Callable[[], object]] = []
        """Writes of other processors, each just before one of ours arrives."""

    def update_item(self, **arguments: Any) -> Any:
        self.calls.append("write")
        if "write" in self.failures:
            raise self.failures["write"]
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return self.real.update_item(**arguments)

    def batch_get_item(self, **arguments: Any) -> Any:
        self.calls.append("read")
        if "read" in self.failures:
            raise self.failures["read"]
        return self.answers.pop(0) if self.answers else self.real.batch_get_item(**arguments)


@pytest.fixture
def watched() -> Watched:
    make_evidence_table()
    return Watched()


def table(watched: Watched, now: float = NOON, **settings: Any) -> EvidenceTable:
    slept: list[float] = []
    return EvidenceTable(EVIDENCE_TABLE, watched, clock=lambda: now, sleep=slept.append, **settings)  # type: ignore[arg-type]


def another(now: float = NOON) -> EvidenceTable:
    """The same table, used by another processor without cached items."""
    return EvidenceTable(EVIDENCE_TABLE, clients.dynamodb(), clock=lambda: now)


def throttled(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "UpdateItem")


def failing(size: int = 3, *, last_seen: int = NOON, day: int = DAY, source: str = "10.0.0.5") -> Evidence:
    failed = frozenset(number.to_bytes(7, "big") for number in range(size))
    return Evidence(EvidenceKey("vpc-1", source, day), failed, first_seen=NOON, last_seen=last_seen)


def with_failed(members: Iterable[bytes]) -> Evidence:
    return replace(failing(), failed=frozenset(members))


def failing_ones(step: int) -> list[Evidence]:
    """Evidence with more and more failures, each seen later than the one before."""
    return [failing(step * number, last_seen=NOON + 400 * number) for number in range(1, 6)]


def answering() -> Evidence:
    return Evidence(EvidenceKey("vpc-1", "10.0.0.9", DAY), answered=frozenset({b"a"}), first_seen=NOON, last_seen=NOON)


def test_members_out_of_bounds_stay_in_the_item_until_it_is_full_and_are_never_judged(watched: Watched) -> None:
    store = table(watched)
    for size in range(60, 3_000, 15):
        (history,) = store.merge([failing(size)])
        assert history.days[DAY].failed == bottom(failing(size).failed, MAX_ENDPOINTS)
        assert len(items_of(EVIDENCE_TABLE)[0]["failed"]["BS"]) <= MAX_STORED_MEMBERS["failed"]


@pytest.mark.parametrize("others", [failing_ones(3), failing_ones(120), failing_ones(500)], ids=len)
def test_what_another_processor_writes_meanwhile_is_not_lost(watched: Watched, others: list[Evidence]) -> None:
    """The other processor writes right before each of our writes, the worst moment."""
    watched.meanwhile = [partial(another().merge, [other]) for other in others]
    interleaved, together = table(watched), EvidenceInMemory()
    together.merge(others)
    for size in (60, 120, 200, 800, 3_000):
        interleaved.merge([failing(size)])
        together.merge([failing(size)])
    assert another().merge([failing()]) == together.merge([failing()])


def test_an_item_deleted_meanwhile_is_written_anew(watched: Watched) -> None:
    key = {"source": {"S": "vpc-1|10.0.0.5"}, "day": {"N": str(DAY)}}
    store = table(watched)
    store.merge([failing()])
    watched.meanwhile = [partial(watched.real.delete_item, TableName=EVIDENCE_TABLE, Key=key)]
    (history,) = store.merge([failing(5)])
    assert history.days[DAY].failed == failing(5).failed
    assert items_of(EVIDENCE_TABLE)[0]["failed"] == {"BS": sorted(failing(5).failed)}


def test_an_item_that_other_processors_always_write_first_raises_retryable_error(watched: Watched) -> None:
    another().merge([failing(3_000)])
    store = table(watched)
    store.merge([failing(3_000)])
    best = sorted((number.to_bytes(7, "big") for number in range(3_000, 90_000)), key=rank_of_member)
    watched.meanwhile = [partial(another().merge, [with_failed(best[n : n + 30])]) for n in range(400, 64, -30)]
    with pytest.raises(RetryableError, match="other writers were faster"):
        store.merge([with_failed(best[:64])])


@pytest.mark.parametrize("now", [EXPIRY, EXPIRY + 86_400])
def test_an_expired_item_counts_as_absent_and_is_replaced(watched: Watched, now: float) -> None:
    another().merge([failing(30)])
    late = table(watched, now)
    assert late.suspects([failing().key]) == set()
    (history,) = late.merge([with_failed([b"1234567"])])
    assert history.days[DAY].failed == {b"1234567"}
    (item,) = items_of(EVIDENCE_TABLE)
    assert item["failed"] == {"BS": [b"1234567"]}
    assert int(item["expires_at"]["N"]) > now


def test_a_cached_item_expires_too(watched: Watched) -> None:
    store = table(watched)
    store.merge([replace(failing(30), answered=frozenset({b"answers"}))])
    store.clock = lambda: EXPIRY + 1
    (history,) = store.merge([failing(3)])
    assert (history.days[DAY].failed, history.days[DAY].answered) == (failing(3).failed, frozenset())
    assert "answered" not in items_of(EVIDENCE_TABLE)[0]


def test_an_expired_neighbour_is_ignored(watched: Watched) -> None:
    another().merge([failing(day=DAY - 3)])
    now = NOON + 3 * 86_400
    assert int(items_of(EVIDENCE_TABLE)[0]["expires_at"]["N"]) > now
    (history,) = table(watched, now).merge([failing(day=DAY)])
    assert list(history.days) == [DAY - 3, DAY]
    (history,) = table(watched, NOON + 6 * 86_400).merge([failing(day=DAY)])
    assert list(history.days) == [DAY]


def test_answers_already_in_an_item_are_not_written_again(watched: Watched) -> None:
    table(watched).merge([failing(source="10.0.0.9")])
    table(watched).merge([answering()])
    watched.calls.clear()
    (history,) = table(watched).merge([answering()])
    assert history.days[DAY].answered == {b"a"}
    assert watched.calls == ["read"]


def test_first_seen_only_falls_and_last_seen_only_rises(watched: Watched) -> None:
    for first, last in ((500, 600), (400, 550), (450, 700), (500, 600)):
        one = Evidence(EvidenceKey("vpc-1", "10.0.0.5", DAY), frozenset({b"f"}), first_seen=first, last_seen=last)
        table(watched, last_seen_step=0).merge([one])
    (item,) = items_of(EVIDENCE_TABLE)
    assert (item["first_seen"], item["last_seen"]) == ({"N": "400"}, {"N": "700"})


@pytest.mark.parametrize("target", ["write", "read"])
@pytest.mark.parametrize(
    "error",
    [
        throttled("ProvisionedThroughputExceededException"),
        throttled("InternalServerError", 500),
        throttled("Whatever", 503),
        ReadTimeoutError(endpoint_url="https://dynamodb"),
    ],
)
def test_a_transient_error_raises_retryable_error(watched: Watched, target: str, error: Exception) -> None:
    watched.failures[target] = error
    with pytest.raises(RetryableError, match="could not merge evidence"):
        table(watched).merge([failing(), failing(source="10.0.0.6")])


def test_a_missing_permission_is_raised_unchanged(watched: Watched) -> None:
    watched.failures["write"] = throttled("AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        table(watched).merge([failing()])


def test_keys_left_unprocessed_are_read_again(watched: Watched) -> None:
    left = {EVIDENCE_TABLE: {"Keys": [{"source": {"S": "vpc-1|10.0.0.5"}, "day": {"N": str(DAY)}}]}}
    watched.answers = [{"Responses": {}, "UnprocessedKeys": left}]
    (history,) = table(watched).merge([failing()])
    assert list(history.days) == [DAY]
    assert watched.calls == ["read", "read", "write", "read"]


def test_keys_that_stay_unprocessed_raise_retryable_error(watched: Watched) -> None:
    left = {EVIDENCE_TABLE: {"Keys": [{"source": {"S": "vpc-1|10.0.0.5"}, "day": {"N": str(DAY)}}]}}
    watched.answers = [{"Responses": {}, "UnprocessedKeys": left}] * MAX_READ_TRIES
    with pytest.raises(RetryableError, match="unprocessed"):
        table(watched).merge([failing()])


def test_evidence_that_adds_nothing_is_not_written_again_but_judged_again(watched: Watched) -> None:
    store = table(watched)
    first = store.merge([failing(3)])
    assert store.merge([failing(2, last_seen=NOON + 30)])[0].days[DAY].last_seen == NOON + 30
    assert store.merge([failing(3)]) == first
    assert watched.calls.count("write") == 1


def test_a_full_item_is_written_only_for_a_new_member_within_bounds(watched: Watched) -> None:
    """So a scanner that sweeps ten thousand interfaces makes no hot item."""
    store = table(watched)
    for size in range(100, 2_000, 100):
        store.merge([failing(size)])
    store.merge([failing(2_000)])
    writes = watched.calls.count("write")
    for _ in range(10):
        store.merge([failing(2_000, last_seen=NOON + 299)])
    assert watched.calls.count("write") == writes


def test_last_seen_is_written_when_it_rose_by_the_step(watched: Watched) -> None:
    store = table(watched)
    for last_seen in (NOON, NOON + 299, NOON + 300):
        store.merge([failing(last_seen=last_seen)])
    assert watched.calls.count("write") == 2
    assert items_of(EVIDENCE_TABLE)[0]["last_seen"] == {"N": str(NOON + 300)}


def test_a_source_without_items_is_not_looked_up_again_at_once(watched: Watched) -> None:
    store = table(watched)
    assert store.merge([answering()]) == store.merge([answering()]) == []
    assert watched.calls == ["read"]


def test_a_source_without_items_is_cached_as_no_suspect(watched: Watched) -> None:
    store = table(watched)
    assert store.suspects([answering().key]) == store.suspects([answering().key]) == set()
    assert store.merge([answering()]) == []
    assert watched.calls == ["read"]


def test_a_source_that_failed_meanwhile_is_not_cached_as_absent(watched: Watched) -> None:
    store = table(watched)
    store.merge([answering()])
    store.merge([failing(source="10.0.0.9")])
    (history,) = store.merge([answering()])
    assert history.days[DAY].answered == {b"a"}


def test_many_sources_are_read_a_hundred_keys_at_a_time(watched: Watched) -> None:
    histories = table(watched).merge([failing(source=f"10.0.1.{number}") for number in range(40)])
    assert len(histories) == 40
    assert watched.calls.count("read") == 3


def test_an_item_expires_when_no_day_can_be_judged_with_it(watched: Watched) -> None:
    table(watched).merge([failing()])
    assert items_of(EVIDENCE_TABLE)[0]["expires_at"] == {"N": str(EXPIRY)}


def test_an_item_of_old_records_is_kept_for_its_backfill(watched: Watched) -> None:
    table(watched).merge([failing(day=DAY - 90)])
    assert items_of(EVIDENCE_TABLE)[0]["expires_at"] == {"N": str(NOON + (3 + 2) * 86_400)}


def test_a_bounded_memory_evicts_its_oldest_entry() -> None:
    memory: BoundedMemory[str, int] = BoundedMemory(2)
    for number, key in enumerate("abc"):
        memory.put(key, number)
    assert [memory.get(key) for key in "abc"] == [None, 1, 2]
    assert len(memory) == 2
