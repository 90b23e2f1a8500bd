"""The batches of a shard: in order, cut at what failed, tried again and given up."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from local.aws.compute.runtime_interface import Answer
from local.aws.messaging.shards import Reader, failed_ids, succeeded

REPORTS = SimpleNamespace(function_response_types=["ReportBatchItemFailures"])


class Shard:
    """A shard with a record for each letter, and a function that fails at some of them."""

    def __init__(self, letters: str, bad: str, *, reports: bool = False, **mapping: Any) -> None:
        self.letters, self.bad, self.reports = letters, bad, reports
        settings: dict[str, Any] = {"batch_size": 10, "bisect_on_error": False, "max_retry_attempts": None, **mapping}
        self.reader = Reader(SimpleNamespace(**settings), 0, 0)  # type: ignore[arg-type] # all it looks at
        self.seen: list[str] = []
        self.given_up: list[tuple[str, int]] = []

    def run(self, most: int = 50) -> list[str]:
        """The batches that the function saw until there was no more, or so many."""
        while (batch := self.reader.next_batch(self.letters)) and len(self.seen) < most:
            self.reader.take(
                batch, self._hand_over, lambda given_up, tries: self.given_up.append((str(given_up), tries))
            )
        return self.seen

    def _hand_over(self, batch: Sequence[str]) -> int:
        self.seen.append("".join(batch))
        bad = [number for number, letter in enumerate(batch) if letter in self.bad]
        if self.reports:
            return bad[0] if bad else len(batch)
        return 0 if bad else len(batch)


def test_batches_come_in_order_and_of_their_size() -> None:
    assert Shard("abcdefg", "", batch_size=3).run() == ["abc", "def", "g"]


def test_without_a_bound_a_bad_record_holds_up_all_behind_it() -> None:
    shard = Shard("abcd", "b", batch_size=2)
    assert shard.run(most=5) == ["ab"] * 5
    assert shard.given_up == []


def test_a_batch_is_given_up_as_a_whole_after_its_retries() -> None:
    shard = Shard("abcd", "b", batch_size=2, max_retry_attempts=2)
    assert shard.run() == ["ab", "ab", "ab", "cd"]
    assert shard.given_up == [("ab", 3)]


def test_halving_isolates_the_bad_record_and_is_no_retry() -> None:
    shard = Shard("abcdef", "b", bisect_on_error=True, batch_size=4, max_retry_attempts=1)
    assert shard.run() == ["abcd", "ab", "a", "b", "b", "cd", "ef"]
    assert shard.given_up == [("b", 2)]


def test_what_came_before_a_reported_failure_does_not_come_again() -> None:
    shard = Shard("abcd", "c", reports=True, max_retry_attempts=1)
    assert shard.run() == ["abcd", "cd", "cd"]
    assert shard.given_up == [("cd", 2)]


def test_reports_and_halving_together_give_up_the_bad_records_alone() -> None:
    shard = Shard("abcdef", "ce", reports=True, bisect_on_error=True, max_retry_attempts=2)
    assert shard.run() == ["abcdef", "cdef", "cd", "c", "c", "c", "d", "ef", "e", "e", "e", "f"]
    assert shard.given_up == [("c", 3), ("e", 3)]


def test_records_that_come_meanwhile_wait_behind_a_failed_batch() -> None:
    shard = Shard("ab", "a", max_retry_attempts=1)
    shard.run(most=1)
    shard.letters = "abcd"
    assert shard.run() == ["ab", "ab", "cd"]


def test_a_function_is_done_up_to_the_first_record_that_it_reports() -> None:
    reported = b'{"batchItemFailures": [{"itemIdentifier": "c"}, {"itemIdentifier": "b"}]}'
    answer = Answer("id", reported, is_error=False, lines=[], seconds=0, log_stream="")
    assert succeeded(answer, ["a", "b", "c"], REPORTS) == 1  # type: ignore[arg-type] # all it looks at
    assert succeeded(answer, ["x", "y"], REPORTS) == 0  # type: ignore[arg-type] # the same


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
def test_a_partial_answer_means_what_it_means_on_lambda(payload: bytes, failed: set[str]) -> None:
    answer = Answer("id", payload, is_error=False, lines=[], seconds=0, log_stream="")
    assert failed_ids(answer, ["a", "b"], ["ReportBatchItemFailures"]) == failed


def test_without_partial_answers_only_an_error_brings_messages_back() -> None:
    named = b'{"batchItemFailures": [{"itemIdentifier": "b"}]}'
    fine = Answer("id", named, is_error=False, lines=[], seconds=0, log_stream="")
    error = Answer("id", b"{}", is_error=True, lines=[], seconds=0, log_stream="")
    assert failed_ids(fine, ["a", "b"], []) == set()
    assert failed_ids(error, ["a", "b"], []) == {"a", "b"}
