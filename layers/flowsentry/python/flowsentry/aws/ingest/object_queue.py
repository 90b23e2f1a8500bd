"""The queue of notices as a function sees it that was handed a batch: what is done is deleted, the rest goes back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from flowsentry.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MESSAGES_A_CALL = 10
"""The most that SQS takes. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html"""
MAX_HIDDEN_SECONDS = 43_200


@dataclass(frozen=True, slots=True)
class QueuedObject:
    """A message of a batch; `receives` says how often it was handed out, this time included."""

    id: str
    body: str
    receipt: str
    queue_arn: str
    receives: int

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """The message in a record of an event of Lambda.

        https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
        """
        told = str(record.get("attributes", {}).get("ApproximateReceiveCount", ""))
        receives = int(told) if told.isdecimal() else 1
        receipt, queue_arn = record.get("receiptHandle", ""), record.get("eventSourceARN", "")
        return cls(record["messageId"], record["body"], receipt, queue_arn, receives)


@dataclass(frozen=True)
class ObjectQueue:
    """None of its calls fails: a message that could not be deleted is done again, which is remembered; one that could
    not be shown comes when its time is up.
    """

    client: "SQSClient"

    def hide(self, object_events: Sequence[QueuedObject], seconds: int) -> None:
        """They come back after so many seconds, unless they are deleted."""
        hidden = min(max(seconds, 0), MAX_HIDDEN_SECONDS)
        for url, entries in self._calls(object_events):
            asked: Any = [{**entry, "VisibilityTimeout": hidden} for entry in entries]
            try:
                self.client.change_message_visibility_batch(QueueUrl=url, Entries=asked)
            except (ClientError, BotoCoreError) as error:
                logger().warning("visibility not changed", extra={"queue": url, "error": str(error)})

    def show(self, object_events: Sequence[QueuedObject]) -> None:
        """They come back at once."""
        self.hide(object_events, 0)

    def delete(self, object_events: Sequence[QueuedObject]) -> None:
        """They do not come back, whatever becomes of this invocation. Lambda deletes them once more: that is harmless.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
        """
        for url, entries in self._calls(object_events):
            try:
                self.client.delete_message_batch(QueueUrl=url, Entries=entries)
            except (ClientError, BotoCoreError) as error:
                logger().warning("messages not deleted", extra={"queue": url, "error": str(error)})

    def _calls(self, object_events: Sequence[QueuedObject]) -> Iterable[tuple[str, list[Any]]]:
        for first in range(0, len(object_events), MESSAGES_A_CALL):
            some = object_events[first : first + MESSAGES_A_CALL]
            entries = [{"Id": str(index), "ReceiptHandle": each.receipt} for index, each in enumerate(some)]
            yield self._url(some[0].queue_arn), entries

    def _url(self, arn: str) -> str:
        account, name = ["", "", *arn.split(":")][-2:]
        return f"{self.client.meta.endpoint_url}/{account}/{name}"
