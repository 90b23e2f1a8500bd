"""What Lambda does with the records of a shard: batches in their order, cut at what failed, tried again, given up."""

import json
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from moto.awslambda.models import EventSourceMapping

from local.aws.compute.runtime_interface import Answer

Record = TypeVar("Record")
HandOver = Callable[[Sequence[Record]], int]
"""Gives a batch to the function; how many of its records, from the first, need not come again."""
GiveUp = Callable[[Sequence[Record], int], None]
"""What becomes of a batch that failed for good, after so many tries."""


class Reader:
    """How far a function has read a shard.

    A batch that fails is cut, and a cut is no retry: where the function says that it failed, else in halves if the
    mapping bisects. What can't be cut is tried again as often as the mapping says.
    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
    """

    def __init__(self, mapping: EventSourceMapping, position: int, retry_seconds: float) -> None:
        self.position = position
        self._mapping = mapping
        self._retry_seconds = retry_seconds
        self._cut: list[int] = []
        self._tries = 0
        self._not_before = 0.0

    def next_batch(self, records: Sequence[Record]) -> Sequence[Record]:
        """The records of the shard that come next; none while a failed batch waits."""
        if time.monotonic() < self._not_before:
            return ()
        size = self._cut[0] if self._cut else int(self._mapping.batch_size)
        return records[self.position : self.position + size]

    def take(self, batch: Sequence[Record], hand_over: HandOver[Record], give_up: GiveUp[Record]) -> None:
        """One try of a batch that came next."""
        done = hand_over(batch)
        self._tries += 1
        failed, behind = len(batch) - done, self._cut[1:]
        if not failed:
            self._go_on(done, behind)
            return
        if done:
            self._go_on(done, [failed, *behind])
        elif self._mapping.bisect_on_error and failed > 1:
            self._go_on(0, [failed // 2, failed - failed // 2, *behind])
        elif 0 <= _retries(self._mapping) < self._tries:
            give_up(batch, self._tries)
            self._go_on(failed, behind)
        else:
            self._cut = [failed, *behind]
        self._not_before = time.monotonic() + self._retry_seconds

    def _go_on(self, records: int, cut: list[int]) -> None:
        self.position += records
        self._cut, self._tries = cut, 0


def _retries(mapping: EventSourceMapping) -> int:
    return -1 if mapping.max_retry_attempts is None else int(mapping.max_retry_attempts)


def succeeded(answer: Answer, ids: Sequence[str], mapping: EventSourceMapping) -> int:
    """How many records, from the first, a function has done with: up to the first that it reports."""
    failed = failed_ids(answer, ids, mapping.function_response_types or [])
    return next((number for number, id_ in enumerate(ids) if id_ in failed), len(ids))


def failed_ids(answer: Answer, ids: Sequence[str], response_types: Sequence[str]) -> set[str]:
    """Which items come back: all after an error, and after an answer that names one which is not in the batch.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
    """
    if answer.is_error:
        return set(ids)
    if "ReportBatchItemFailures" not in response_types:
        return set()
    told = json.loads(answer.payload or b"null")
    if told is None or (isinstance(told, dict) and not told.get("batchItemFailures")):
        return set()
    try:
        failed = {failure["itemIdentifier"] for failure in told["batchItemFailures"]}
    except (TypeError, KeyError):
        return set(ids)
    return set(ids) if failed - set(ids) else failed
