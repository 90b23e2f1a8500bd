"""The batches of a shard: in order, split after a failure, retried and discarded."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from local.aws.compute.runtime_interface import Answer
from local.aws.messaging.kinesis import fitting
from local.aws.messaging.shards import Reader, failed_ids, succeeded

REPORTS = SimpleNamespace(function_response_types=["ReportBatchItemFailures"])


class Shard:
    """A shard with a record for each letter, and a function that fails at some of them."""

    def __init__(self, letters: str, bad: str, *, reports: bool = False, **mapping: Any) -> None:
        self.letters, self.bad, self.reports = letters, bad, reports
        settings: dict[str, Any] = {"batch_size": 10, "bisect_on_error": False, "max_retry_attempts": None, **mapping}
        self.reader = Reader(SimpleNamespace(**settings), 0, 0)  # type: ignore[arg-type] # all that it reads
        self.seen: list[str] = []
        self.discarded: list[tuple[str, int]] = []

    def run(self, max_batches: int = 50) -> list[str]:
        """The batches that the function received, up to `max_batches`."""
        while (batch := self.reader.next_batch(self.letters)) and len(self.seen) < max_batches:
            self.reader.process(
                batch,
                self._invoke_function,
                lambda discarded, attempts: self.discarded.append((str(discarded), attempts)),
            )
        return self.seen

    def _invoke_function(self, batch: Sequence[str]) -> int:
        self.seen.append("".join(batch))
        bad = [number for number, letter in enumerate(batch) if letter in self.bad]
        if self.reports:
            return bad[0] if bad else len(batch)
        return 0 if bad else len(batch)


def test_batches_have_the_batch_size_and_are_in_order() -> None:
    assert Shard("abcdefg", "", batch_size=3).run() == ["abc", "def", "g"]


def test_a_bad_record_blocks_the_shard_if_retries_are_unlimited() -> None:
    shard = Shard("abcd", "b", batch_size=2)
    assert shard.run(max_batches=5) == ["ab"] * 5
    assert shard.discarded == []


def test_a_batch_is_discarded_as_a_whole_after_its_retries() -> None:
    shard = Shard("abcd", "b", batch_size=2, max_retry_attempts=2)
    assert shard.run() == ["ab", "ab", "ab", "cd"]
    assert shard.discarded == [("ab", 3)]


def test_bisecting_isolates_the_bad_record_and_is_not_a_retry() -> None:
    shard = Shard("abcdef", "b", bisect_on_error=True, batch_size=4, max_retry_attempts=1)
    assert shard.run() == ["abcd", "ab", "a", "b", "b", "cd", "ef"]
    assert shard.discarded == [("b", 2)]


def test_records_before_a_reported_failure_are_not_delivered_again() -> None:
    shard = Shard("abcd", "c", reports=True, max_retry_attempts=1)
    assert shard.run() == ["abcd", "cd", "cd"]
    assert shard.discarded == [("cd", 2)]


def test_only_bad_records_are_discarded_with_reports_and_bisecting() -> None:
    shard = Shard("abcdef", "ce", reports=True, bisect_on_error=True, max_retry_attempts=2)
    assert shard.run() == ["abcdef", "cdef", "cd", "c", "c", "c", "d", "ef", "e", "e", "e", "f"]
    assert shard.discarded == [("c", 3), ("e", 3)]


def test_newer_records_wait_for_a_failed_batch() -> None:
    shard = Shard("ab", "a", max_retry_attempts=1)
    shard.run(max_batches=1)
    shard.letters = "abcd"
    assert shard.run() == ["ab", "ab", "cd"]


def test_records_before_the_first_reported_one_are_processed() -> None:
    reported = b'{"batchItemFailures": [{"itemIdentifier": "c"}, {"itemIdentifier": "b"}]}'
    answer = Answer("id", reported, is_error=False, lines=[], seconds=0, log_stream="")
    assert succeeded(answer, ["a", "b", "c"], REPORTS) == 1  # type: ignore[arg-type] # all that it reads
    assert succeeded(answer, ["x", "y"], REPORTS) == 0  # type: ignore[arg-type] # all that it reads


@pytest.mark.parametrize(
    ("payload", "failed"),
    [
        (b"null", set()),
        (b"{}", set()),
        (b'{"batchItemFailures": []}', set()),
        (b'{"batchItemFailures": [{"itemIdentifier": "b"}]}', {"b"}),
        (b'{"batchItemFailures": [{"itemIdentifier": "unknown"}]}', {"a", "b"}),
        (b'{"batchItemFailures": [{"item": "b"}]}', {"a", "b"}),
        (b'"a text"', {"a", "b"}),
    ],
)
def test_a_partial_batch_response_is_read_as_by_lambda(payload: bytes, failed: set[str]) -> None:
    answer = Answer("id", payload, is_error=False, lines=[], seconds=0, log_stream="")
    assert failed_ids(answer, ["a", "b"], ["ReportBatchItemFailures"]) == failed


def test_only_an_error_returns_messages_if_partial_batch_responses_are_off() -> None:
    named = b'{"batchItemFailures": [{"itemIdentifier": "b"}]}'
    fine = Answer("id", named, is_error=False, lines=[], seconds=0, log_stream="")
    error = Answer("id", b"{}", is_error=True, lines=[], seconds=0, log_stream="")
    assert failed_ids(fine, ["a", "b"], []) == set()
    assert failed_ids(error, ["a", "b"], []) == {"a", "b"}


@pytest.mark.parametrize(
    ("sizes", "fits"),
    [
        ([], 1),
        ([9 << 20], 1),
        ([3 << 20, (3 << 20) - 1_200], 2),
        ([3 << 20, (3 << 20) - 1_199], 1),
        ([1] * 9_999, 9_999),
    ],
)
def test_a_batch_ends_before_it_exceeds_the_event_of_an_invocation(sizes: list[int], fits: int) -> None:
    assert fitting(sizes) == fits
