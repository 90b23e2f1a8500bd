"""Buckets whose new objects are noticed: flow logs, and the invocations that failed for good."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.private_bucket import PrivateBucket
from stacks.sources.object_queue import ObjectQueue

LOG_PREFIX = "AWSLogs/"
"""Where log delivery puts flow logs."""
FAILED_INVOCATION_PREFIX = "aws/lambda/"
"""Where Lambda puts records of failed invocations: under `async/<function>/`, and of a stream's batches under the id of
the event source mapping, which no template knows.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html"""
FAILED_INVOCATION_DAYS = 30
"""Longer than the dead-letter queue keeps a notice, so that every notice there still has its object."""


class NoticedBucket(PrivateBucket):
    """A bucket that tells the notice queue of each new object under a prefix.

    The L1 property, because the L2 method brings a Lambda function of its own to do the same.
    """

    def __init__(self, scope: Construct, id_: str, *, object_events: ObjectQueue, prefix: str, days: int) -> None:
        super().__init__(scope, id_, expires_after_days={"": days})
        bucket = self.node.default_child
        assert isinstance(bucket, s3.CfnBucket)  # noqa: S101 - for the type checker
        bucket.notification_configuration = _object_event(object_events, prefix)
        bucket.node.add_dependency(object_events.queue.node.find_child("Policy"))


def _object_event(object_events: ObjectQueue, prefix: str) -> s3.CfnBucket.NotificationConfigurationProperty:
    under = s3.CfnBucket.FilterRuleProperty(name="prefix", value=prefix)
    return s3.CfnBucket.NotificationConfigurationProperty(
        queue_configurations=[
            s3.CfnBucket.QueueConfigurationProperty(
                event="s3:ObjectCreated:*",
                queue=object_events.queue.queue_arn,
                filter=s3.CfnBucket.NotificationFilterProperty(s3_key=s3.CfnBucket.S3KeyFilterProperty(rules=[under])),
            )
        ]
    )


def admit_log_delivery(bucket: s3.Bucket) -> None:
    """Lets flow logs of this account and region be written. Without it AWS writes such a policy itself, and a later
    deploy overwrites it (https://github.com/aws/aws-cdk/issues/20765).
    """
    stack = Stack.of(bucket)
    of_this_account = {
        "StringEquals": {"aws:SourceAccount": stack.account},
        "ArnLike": {"aws:SourceArn": stack.format_arn(service="logs", resource="*")},
    }
    owned = {"aws:SourceAccount": stack.account, "s3:x-amz-acl": "bucket-owner-full-control"}
    folders = (stack.account, f"aws-account-id={stack.account}")
    for sid, actions, resources, conditions in (
        (
            "LogDeliveryWrite",
            ["s3:PutObject"],
            [bucket.arn_for_objects(f"{LOG_PREFIX}{folder}/*") for folder in folders],
            {**of_this_account, "StringEquals": owned},
        ),
        ("LogDeliveryCheck", ["s3:GetBucketAcl", "s3:ListBucket"], [bucket.bucket_arn], of_this_account),
    ):
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                principals=[iam.ServicePrincipal("delivery.logs.amazonaws.com")],
                actions=actions,
                resources=resources,
                conditions=conditions,
            )
        )
