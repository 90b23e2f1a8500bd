"""The Kinesis data stream in between, and who may write to it, for log groups that are too busy for a function."""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from constructs import Construct

RETENTION_HOURS = 24
"""What has no price of its own. Less there is none. More: an outage of the function may last longer; but payloads leave
the stream for the bucket of failed invocations long before (`MAX_PAYLOAD_AGE_HOURS`), and that keeps them for days."""


class PayloadStream(kinesis.Stream):
    """One for the deployment. On demand, as AWS advises for subscriptions: what a stream has no room for is throttled,
    and dropped after a day (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html).

    Encrypted with the key that AWS manages: who may use the stream may use it, without a grant. Kept when its stack
    lets go of it, for that happens before log groups stop to write to it, and before the last payload was read.
    """

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(
            scope,
            id_,
            stream_mode=kinesis.StreamMode.ON_DEMAND,
            encryption=kinesis.StreamEncryption.MANAGED,
            retention_period=Duration.hours(RETENTION_HOURS),
            removal_policy=RemovalPolicy.RETAIN,
        )


class SubscriptionRole(iam.Role):
    """The role that CloudWatch Logs puts payloads of log groups of this account and region, and no others, with.

    Its policy is inline, so that it is complete when a subscription names the role: CloudWatch Logs tries it at once.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions-confused-deputy.html
    """

    def __init__(self, scope: Construct, id_: str, *, stream_arn: str) -> None:
        stack = Stack.of(scope)
        put = iam.PolicyStatement(actions=["kinesis:PutRecord"], resources=[stream_arn])
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
            inline_policies={"PutPayloads": iam.PolicyDocument(statements=[put])},
        )
