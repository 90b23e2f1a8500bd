"""SNS topics: text for people and JSON for machines, with attributes for filter policies; and one topic for chats."""

import json
from typing import TYPE_CHECKING

from flowsentry.aws.notifications.channels import Notification
from flowsentry.aws.service_errors import retryable
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

FOR_MACHINES = ("sqs", "lambda", "http", "https", "firehose")


class SnsTopic(Value, frozen=True):
    """Publishes one message at a time; a subscription's protocol decides which of its two forms it receives. A finding
    stays in the outbox until this topic has it.
    """

    arn: str
    client: "SNSClient"
    name: str = "topic"
    may_refuse: bool = False

    def send(self, notification: Notification) -> None:
        """Raises RetryableError when SNS can't be reached; the message may then arrive twice, and is never lost."""
        message = notification.message
        forms = {"default": message.text, "email": message.text} | dict.fromkeys(FOR_MACHINES, message.json)
        with retryable("publish an alert"):
            self.client.publish(
                TopicArn=self.arn,
                Subject=message.subject,
                Message=json.dumps(forms, ensure_ascii=False),
                MessageStructure="json",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()
                },
            )


class SnsChatTopic(Value, frozen=True):
    """The topic that Amazon Q Developer forwards to Slack, Teams or Chime. It accepts only its own message format, so
    other subscribers need another topic.

    https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
    """

    arn: str
    client: "SNSClient"
    name: str = "chat"
    may_refuse: bool = True

    def send(self, notification: Notification) -> None:
        """Raises RetryableError when SNS can't be reached."""
        with retryable("publish to the chat topic"):
            self.client.publish(TopicArn=self.arn, Message=notification.message.chat)
