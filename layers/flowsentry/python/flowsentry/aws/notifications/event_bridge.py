"""An EventBridge bus: one event per urgent finding and per digest, for rules to match."""

from typing import TYPE_CHECKING

from flowsentry.aws.notifications.channels import Notification, refusal
from flowsentry.aws.service_errors import retryable
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "flowsentry"
FINDING, DIGEST = "Flowsentry Finding", "Flowsentry Digest"


class EventBridgeBus(Value, frozen=True):
    """`bus` is a name or an ARN."""

    bus: str
    client: "EventBridgeClient"
    name: str = "events"
    may_refuse: bool = True

    def send(self, notification: Notification) -> None:
        """Raises RetryableError for a transient failure, PoisonError for a permanent refusal.

        A successful call may have accepted nothing:
        https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
        """
        entry = {
            "Source": SOURCE,
            "DetailType": FINDING if notification.finding else DIGEST,
            "Detail": notification.message.json,
            "EventBusName": self.bus,
        }
        with retryable("put an event"):
            answer = self.client.put_events(Entries=[entry])  # type: ignore[list-item]
        if answer["FailedEntryCount"]:
            raise refusal("the event bus", answer["Entries"][0])
