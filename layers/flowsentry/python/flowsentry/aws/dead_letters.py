"""The dead-letter queue, for messages that no retry can help, with the reason."""

from typing import TYPE_CHECKING

from flowsentry.aws.service_errors import retryable
from flowsentry.errors import PoisonError
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_ATTRIBUTE_LETTERS = 1_000
REASON = "reason"
"""The message attribute with the reason, which stays when the message is sent back."""


class DeadLetters(Value, frozen=True):
    """Sends the original message unchanged, so that a redrive processes it again."""

    queue_url: str
    client: "SQSClient"

    def send(self, body: str, error: PoisonError) -> None:
        """Sends with the attributes `reason`, a short word, and `message`, a sentence. Raises RetryableError when SQS
        cannot be reached: the message then stays in its own queue.
        """
        with retryable("send a message to the dead-letter queue"):
            self.client.send_message(
                QueueUrl=self.queue_url,
                MessageBody=body,
                MessageAttributes={
                    REASON: {"DataType": "String", "StringValue": error.reason},
                    "message": {"DataType": "String", "StringValue": _printable(str(error)) or error.reason},
                },
            )


def _printable(text: str) -> str:
    """The text without control characters, which SQS refuses, and cut to MAX_ATTRIBUTE_LETTERS.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    return "".join(letter if letter.isprintable() else " " for letter in text)[:MAX_ATTRIBUTE_LETTERS]
