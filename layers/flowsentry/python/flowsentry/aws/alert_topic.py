"""The SNS topic: text for people, JSON for machines, attributes for filter policies."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsentry.aws.service_errors import retryable
from flowsentry.emit.alert_message import AlertMessage

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

FOR_MACHINES = ("sqs", "lambda", "http", "https", "firehose")


@dataclass(frozen=True)
class AlertTopic:
    """Publishes one message at a time; a subscription's protocol decides which of its two forms it gets."""

    arn: str
    client: "SNSClient"

    def publish(self, message: AlertMessage) -> None:
        """Raises RetryableError when SNS can't be reached; the message may then arrive twice, and never not at all."""
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
