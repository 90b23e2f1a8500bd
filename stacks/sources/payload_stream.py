"""The Kinesis data stream for log groups with more payloads than direct invocation handles, and the role to write."""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.constructs.nag_suppressions import acknowledge

RETENTION_HOURS = 24
"""The minimum, which costs nothing extra. Higher: the function may fail for longer; but payloads go to the bucket of
failed invocations long before (`MAX_PAYLOAD_AGE_HOURS`), which keeps them for days."""


class PayloadStream(kinesis.Stream):
    """The one data stream of a deployment.

    With `shards`, or on demand for none, which costs as much as three. Payloads beyond the capacity of a stream are
    throttled, and dropped after 24 hours
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html). Encrypted with
    a customer managed key, or the AWS managed one, which needs no permission beside that for the stream. Retained when
    it leaves its stack, as log groups still write to it then, and not all payloads have been read.
    """

    def __init__(self, scope: Construct, id_: str, *, shards: int, key: kms.IKey | None = None) -> None:
        super().__init__(
            scope,
            id_,
            stream_mode=kinesis.StreamMode.PROVISIONED if shards else kinesis.StreamMode.ON_DEMAND,
            shard_count=shards or None,
            encryption=kinesis.StreamEncryption.KMS if key else kinesis.StreamEncryption.MANAGED,
            encryption_key=key,
            retention_period=Duration.hours(RETENTION_HOURS),
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        if key is not None:
            acknowledge(self, "KDS3", "The settings ask for a customer managed key, with which access can be revoked.")


class SubscriptionRole(iam.Role):
    """The role with which CloudWatch Logs puts payloads of log groups of this account and Region, and no others.

    Its policy is inline, so that it exists before a subscription that uses the role: CloudWatch Logs tests it on
    creation.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions-confused-deputy.html
    """

    def __init__(
        self, scope: Construct, id_: str, *, stream_arn: str, key: kms.IKey | None = None, path: str | None = None
    ) -> None:
        stack = Stack.of(scope)
        put = [iam.PolicyStatement(actions=["kinesis:PutRecord"], resources=[stream_arn])]
        if key is not None:
            put.append(iam.PolicyStatement(actions=["kms:GenerateDataKey"], resources=[key.key_arn]))
        super().__init__(
            scope,
            id_,
            assumed_by=iam.ServicePrincipal(
                "logs.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "StringLike": {"aws:SourceArn": stack.format_arn(service="logs", resource="*")},
                },
            ),
            path=path,
            inline_policies={"PutPayloads": iam.PolicyDocument(statements=put)},
        )
