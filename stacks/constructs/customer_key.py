"""The customer managed key of a deployment, and the statements of its policy that the services need."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

KEY_ACTIONS = (
    *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
    *("kms:ReEncryptFrom", "kms:ReEncryptTo"),
)
"""What a function needs for tables, buckets, queues and streams that the key encrypts.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html"""
LOG_GROUP_ACTIONS = ("kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*")
DELIVERY_ACTIONS = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
SEND_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey*")
SENDERS = ("cloudwatch.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com")
"""Services that send alarms, object events and messages to the topics and queues."""


class CustomerKey(kms.Key):
    """A key that rotates every year, and is retained: without it nothing that it encrypted can be read."""

    def __init__(self, scope: Construct, id_: str, *, deployment_name: str) -> None:
        super().__init__(
            scope,
            id_,
            description=f"Flowsentry {deployment_name}: log groups, buckets, tables, queues, topics, functions",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        stack = Stack.of(self)
        for statement in service_statements(deployment_name, stack.partition, stack.region, stack.account):
            self.add_to_resource_policy(iam.PolicyStatement.from_json(statement))

    def allow_delivery(self, sid: str, conditions: Mapping[str, Any]) -> None:
        """Lets the log delivery service use the key under these conditions, such as for flow logs of other accounts."""
        statement = _statement(sid, ("delivery.logs.amazonaws.com",), DELIVERY_ACTIONS, dict(conditions))
        self.add_to_resource_policy(iam.PolicyStatement.from_json(statement))


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
        _statement("LogGroups", (f"logs.{region}.amazonaws.com",), LOG_GROUP_ACTIONS, of_log_groups),
        _statement("LogDelivery", ("delivery.logs.amazonaws.com",), DELIVERY_ACTIONS, of_delivery),
        _statement("ObjectEventsAndAlarms", SENDERS, SEND_ACTIONS, of_account),
        # EventBridge does not state the account: "Amazon EventBridge and encrypted topics" on SNS's page. What it may
        # send to is decided by the policies of the queues, which name its rules.
        _statement("Events", ("events.amazonaws.com",), SEND_ACTIONS, None),
    ]


def _statement(sid: str, services: Sequence[str], actions: Sequence[str], condition: Any) -> dict[str, Any]:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": list(services)},
        "Action": list(actions),
        "Resource": "*",  # in a key policy: this key
    }
    return statement | ({"Condition": condition} if condition else {})
