"""The queue of object events during a batch: deletes messages that are done, returns the others to the queue."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from flowsentry.aws.dead_letters import REASON
from flowsentry.telemetry import logger
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MESSAGES_A_CALL = 10
"""SQS's limit. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html"""
MAX_VISIBILITY_TIMEOUT = 43_200
"""SQS's limit, in seconds."""
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 10, 600
"""Longest delay of the first retry of a message, which doubles with each receive, and longest delay of any. Longer:
findings of an object that failed once are later, and above a third of `freshness_minutes` a few failures raise the
alarm oldest-object-event. Shorter: a service that throttles is called more often, and the 100 receives of a message
are used up in less than ten hours."""


class QueueMessage(Value, frozen=True):
    """A message of a batch; `receives` counts how often it was received, this time included. One that `was_set_aside`
    was sent back from the dead-letter queue.
    """

    id: str
    body: str
    receipt: str
    queue_arn: str
    receives: int
    was_set_aside: bool = False

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """The message in a record of a Lambda event.

        https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
        """
        receive_count = str(record.get("attributes", {}).get("ApproximateReceiveCount", ""))
        receives = int(receive_count) if receive_count.isdecimal() else 1
        receipt, queue_arn = record.get("receiptHandle", ""), record.get("eventSourceARN", "")
        was_set_aside = REASON in (record.get("messageAttributes") or {})
        return cls(record["messageId"], record["body"], receipt, queue_arn, receives, was_set_aside)


class ObjectQueue(Value, frozen=True):
    """Its calls never fail. A message that could not be deleted is received again, and idempotency skips its object; a
    message that could not be made visible returns after its visibility timeout.
    """

    client: "SQSClient"
    jitter: Callable[[], float] = random.random

    def hide(self, messages: Sequence[QueueMessage], seconds: int) -> None:
        """Sets the visibility timeout: messages that are not deleted return after so many seconds."""
        self._set_visibility(messages, lambda _: seconds)

    def show(self, messages: Sequence[QueueMessage]) -> None:
        """Makes messages visible at once."""
        self.hide(messages, 0)

    def retry_later(self, messages: Sequence[QueueMessage]) -> None:
        """Makes failed messages visible after their retry delays. Lambda does not change the visibility timeout of a
        message that the function reports as failed.

        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html
        """
        self._set_visibility(messages, lambda message: retry_delay(message.receives, self.jitter()))

    def _set_visibility(self, messages: Sequence[QueueMessage], seconds_of: Callable[[QueueMessage], int]) -> None:
        for url, some, entries in self._calls(messages):
            timeouts = [min(max(seconds_of(each), 0), MAX_VISIBILITY_TIMEOUT) for each in some]
            changes: Any = [{**entry, "VisibilityTimeout": each} for entry, each in zip(entries, timeouts, strict=True)]
            try:
                self.client.change_message_visibility_batch(QueueUrl=url, Entries=changes)
            except (ClientError, BotoCoreError) as error:
                logger().warning("visibility not changed", extra={"queue": url, "error": str(error)})

    def delete(self, messages: Sequence[QueueMessage]) -> None:
        """Deletes messages, so that they do not return even if this invocation is killed. Lambda deletes them a second
        time when the batch succeeds, which is harmless.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
        """
        for url, _, entries in self._calls(messages):
            try:
                self.client.delete_message_batch(QueueUrl=url, Entries=entries)
            except (ClientError, BotoCoreError) as error:
                logger().warning("messages not deleted", extra={"queue": url, "error": str(error)})

    def _calls(self, messages: Sequence[QueueMessage]) -> Iterable[tuple[str, Sequence[QueueMessage], list[Any]]]:
        for first in range(0, len(messages), MESSAGES_A_CALL):
            some = messages[first : first + MESSAGES_A_CALL]
            entries = [{"Id": str(index), "ReceiptHandle": each.receipt} for index, each in enumerate(some)]
            yield self._url(some[0].queue_arn), some, entries

    def _url(self, arn: str) -> str:
        account, name = ["", "", *arn.split(":")][-2:]
        return f"{self.client.meta.endpoint_url}/{account}/{name}"


def retry_delay(receives: int, jitter: float) -> int:
    """The seconds until a failed message is visible again: it doubles with each receive up to LAST_RETRY_SECONDS, and
    `jitter` (0 to 1) takes away up to half, so that messages that failed together do not return together.

    https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    doublings = min(max(receives - 1, 0), LAST_RETRY_SECONDS.bit_length())
    longest = min(FIRST_RETRY_SECONDS << doublings, LAST_RETRY_SECONDS)
    return round(longest * (1 - jitter / 2))
