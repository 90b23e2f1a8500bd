"""The statements of a key's policy that the services need, as plain values: flowsentry doctor, which compares a key of
yours with them, loads no CDK.
"""

from collections.abc import Sequence
from typing import Any

LOG_GROUP_ACTIONS = ("kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*")
DELIVERY_ACTIONS = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
SEND_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey*")
SENDERS = ("cloudwatch.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com")
"""Services that send alarms, object events and messages to the topics and queues."""


def service_statements(name: str, partition: str, region: str, account: str) -> list[dict[str, Any]]:
    """The statements of a key's policy that let AWS services use it for the resources of a deployment.

    The default statement, which lets IAM policies of the account grant access, is not among them.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-S3.html
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    logs = f"arn:{partition}:logs:{region}:{account}"
    of_account = {"StringEquals": {"aws:SourceAccount": account}}
    of_delivery = {**of_account, "ArnLike": {"aws:SourceArn": f"{logs}:*"}}
    of_log_groups = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"{logs}:log-group:{name}-*"}}
    return [
        statement_for("LogGroups", (f"logs.{region}.amazonaws.com",), LOG_GROUP_ACTIONS, of_log_groups),
        statement_for("LogDelivery", ("delivery.logs.amazonaws.com",), DELIVERY_ACTIONS, of_delivery),
        statement_for("ObjectEventsAndAlarms", SENDERS, SEND_ACTIONS, of_account),
        # EventBridge does not state the account: "Amazon EventBridge and encrypted topics" on SNS's page. What it may
        # send to is decided by the policies of the queues, which name its rules.
        statement_for("Events", ("events.amazonaws.com",), SEND_ACTIONS, None),
    ]


def statement_for(sid: str, services: Sequence[str], actions: Sequence[str], condition: Any) -> dict[str, Any]:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": list(services)},
        "Action": list(actions),
        "Resource": "*",  # in a key policy: this key
    }
    return statement | ({"Condition": condition} if condition else {})
