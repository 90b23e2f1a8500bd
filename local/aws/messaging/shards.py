"""How Lambda reads a shard: batches in order, split after a failure, retried, and discarded at last."""

import json
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from moto.awslambda.models import EventSourceMapping

from local.aws.compute.runtime_interface import Answer

Record = TypeVar("Record")
InvokeFunction = Callable[[Sequence[Record]], int]
"""Invokes the function with a batch; returns how many records, from the first, were processed."""
Discard = Callable[[Sequence[Record], int], None]
"""Receives a discarded batch and its number of attempts."""


class Reader:
    """The position of a function in a shard.

    A failed batch is split, which does not count as a retry: at the first record that the function reports, else in
    halves if the mapping bisects. A batch that cannot be split is retried as often as the mapping states.
    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
    """

    def __init__(self, mapping: EventSourceMapping, position: int, retry_seconds: float) -> None:
        self.position = position
        self._mapping = mapping
        self._retry_seconds = retry_seconds
        self._pending_sizes: list[int] = []
        self._attempts = 0
        self._retry_at = 0.0

    def next_batch(self, records: Sequence[Record]) -> Sequence[Record]:
        """The next records of the shard; none until a failed batch may be retried."""
        if time.monotonic() < self._retry_at:
            return ()
        size = self._pending_sizes[0] if self._pending_sizes else int(self._mapping.batch_size)
        return records[self.position : self.position + size]

    def process(
        self, batch: Sequence[Record], invoke_function: InvokeFunction[Record], discard: Discard[Record]
    ) -> None:
        """Invokes the function once with a batch from `next_batch`, and advances, splits, retries or discards."""
        processed = invoke_function(batch)
        self._attempts += 1
        failed, later = len(batch) - processed, self._pending_sizes[1:]
        if not failed:
            self._advance(processed, later)
            return
        if processed:
            self._advance(processed, [failed, *later])
        elif self._mapping.bisect_on_error and failed > 1:
            self._advance(0, [failed // 2, failed - failed // 2, *later])
        elif 0 <= _retries(self._mapping) < self._attempts:
            discard(batch, self._attempts)
            self._advance(failed, later)
        else:
            self._pending_sizes = [failed, *later]
        self._retry_at = time.monotonic() + self._retry_seconds

    def _advance(self, records: int, sizes: list[int]) -> None:
        self.position += records
        self._pending_sizes, self._attempts = sizes, 0


def _retries(mapping: EventSourceMapping) -> int:
    return -1 if mapping.max_retry_attempts is None else int(mapping.max_retry_attempts)


def succeeded(answer: Answer, ids: Sequence[str], mapping: EventSourceMapping) -> int:
    """How many records, from the first, a function has processed: those before the first that it reports."""
    failed = failed_ids(answer, ids, mapping.function_response_types or [])
    return next((number for number, id_ in enumerate(ids) if id_ in failed), len(ids))


def failed_ids(answer: Answer, ids: Sequence[str], response_types: Sequence[str]) -> set[str]:
    """The ids of the items to retry: all after an error, and after a response with an id that is not in the batch.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
    """
    if answer.is_error:
        return set(ids)
    if "ReportBatchItemFailures" not in response_types:
        return set()
    response = json.loads(answer.payload or b"null")
    if response is None or (isinstance(response, dict) and not response.get("batchItemFailures")):
        return set()
    try:
        failed = {failure["itemIdentifier"] for failure in response["batchItemFailures"]}
    except (TypeError, KeyError):
        return set(ids)
    return set(ids) if failed - set(ids) else failed
