"""The dead-letter queue: where a notice goes that no retry can help, with the reason."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsentry.aws.service_errors import retryable
from flowsentry.errors import PoisonError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_ATTRIBUTE_LETTERS = 1_000


@dataclass(frozen=True)
class DeadLetters:
    """Takes the original message as it was, so that a redrive tries it again."""

    queue_url: str
    client: "SQSClient"

    def send(self, body: str, error: PoisonError) -> None:
        """Attributes: `reason`, a short word, and `message`, the sentence. Raises RetryableError when SQS can't be
        reached: the notice then stays in its own queue.
        """
        with retryable("send a notice to the dead-letter queue"):
            self.client.send_message(
                QueueUrl=self.queue_url,
                MessageBody=body,
                MessageAttributes={
                    "reason": {"DataType": "String", "StringValue": error.reason},
                    "message": {"DataType": "String", "StringValue": _plain(str(error)) or error.reason},
                },
            )


def _plain(text: str) -> str:
    """SQS refuses control characters.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    return "".join(letter if letter.isprintable() else " " for letter in text)[:MAX_ATTRIBUTE_LETTERS]
