"""Buckets that send object events: that of flow logs, that of failed invocations, and existing buckets."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.private_bucket import PrivateBucket
from stacks.settings.existing_flow_logs import ExistingBucket, object_events_pattern
from stacks.sources.object_queue import ObjectQueue

LOG_PREFIX = "AWSLogs/"
"""Key prefix of delivered flow logs."""
FAILED_INVOCATION_PREFIX = "aws/lambda/"
"""Key prefix of failed invocations that Lambda stores: `async/<function>/` follows, or for a batch of a stream the ID
of the event source mapping, which is not known at synth.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html"""
FAILED_INVOCATION_DAYS = 30
"""Longer than the dead-letter queue keeps an object event, so that each event there still has its object."""


class NotifyingBucket(PrivateBucket):
    """A bucket that sends an object event for each new object under a prefix.

    It sets the L1 property, because the L2 method deploys an additional Lambda function for the same purpose.
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


def allow_log_delivery(bucket: s3.Bucket) -> None:
    """Allows the delivery of flow logs of this account and Region.

    Without these statements AWS adds them to the bucket policy itself, and a later deployment overwrites them
    (https://github.com/aws/aws-cdk/issues/20765).
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


class BucketEvents(Construct):
    """A rule that puts the events of new objects into the queue of object events.

    The owner of the bucket turns on EventBridge for it: CloudFormation can't change a bucket that it did not create.
    The target allows only this rule to send to the queue and its dead-letter queue. Events go to the dead-letter queue
    at once if sending is denied, and after 24 hours of failed retries; without it, they would be lost.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """

    def __init__(
        self, scope: Construct, id_: str, *, buckets: Sequence[ExistingBucket], object_events: ObjectQueue
    ) -> None:
        super().__init__(scope, id_)
        pattern = object_events_pattern(buckets)
        events.Rule(
            self,
            "NewObjects",
            event_pattern=events.EventPattern(
                source=pattern["source"], detail_type=pattern["detail-type"], detail=pattern["detail"]
            ),
            targets=[targets.SqsQueue(object_events.queue, dead_letter_queue=object_events.dead_letters)],
        )
