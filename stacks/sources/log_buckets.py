"""Buckets that send object events: that of flow logs, that of failed invocations, and existing buckets."""

from collections.abc import Iterator, Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.private_bucket import PrivateBucket
from stacks.settings.deployment import Deployment
from stacks.settings.existing_flow_logs import ExistingBucket, object_events_pattern
from stacks.settings.logged.delivery import AWS_PREFIX, LOG_PREFIX, S3, Delivery, Handling
from stacks.sources.log_delivery import allow_log_delivery
from stacks.sources.object_queue import ObjectQueue

LOG_PREFIXES = (LOG_PREFIX, AWS_PREFIX)
"""Keys of flow logs in the log bucket: those that this app creates, and those that people put into AWS's folder."""
FAILED_INVOCATION_PREFIX = "aws/lambda/"
"""Key prefix of failed invocations that Lambda stores: `async/<function>/` follows, or for a batch of a stream the ID
of the event source mapping, which is not known at synth.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html"""
FAILED_INVOCATION_DAYS = 30
"""Longer than the dead-letter queue keeps an object event, so that each event there still has its object."""


class NotifyingBucket(PrivateBucket):
    """A bucket that sends an object event for each new object under the prefixes, encrypted with the key of the queue.

    It sets the L1 property, because the L2 method deploys an additional Lambda function for the same purpose.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        object_events: ObjectQueue,
        prefixes: Sequence[str],
        expires_after_days: Mapping[str, int],
    ) -> None:
        super().__init__(scope, id_, expires_after_days=expires_after_days, key=object_events.key)
        bucket = self._bucket()
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[_object_event(object_events, prefix) for prefix in prefixes]
        )
        bucket.node.add_dependency(object_events.queue.node.find_child("Policy"))

    def _bucket(self) -> s3.CfnBucket:
        bucket = self.node.default_child
        assert isinstance(bucket, s3.CfnBucket)  # noqa: S101 - for the type checker
        return bucket


def _object_event(object_events: ObjectQueue, prefix: str) -> s3.CfnBucket.QueueConfigurationProperty:
    under = s3.CfnBucket.FilterRuleProperty(name="prefix", value=prefix)
    return s3.CfnBucket.QueueConfigurationProperty(
        event="s3:ObjectCreated:*",
        queue=object_events.queue.queue_arn,
        filter=s3.CfnBucket.NotificationFilterProperty(s3_key=s3.CfnBucket.S3KeyFilterProperty(rules=[under])),
    )


class LogBucket(NotifyingBucket):
    """The bucket of all flow logs with destination S3. Each delivery has a prefix with a retention of its own."""

    def __init__(self, scope: Construct, id_: str, *, object_events: ObjectQueue, deployment: Deployment) -> None:
        handlings = {each: how for each, how in deployment.handlings.items() if each.destination == S3}
        super().__init__(
            scope,
            id_,
            object_events=object_events,
            prefixes=LOG_PREFIXES,
            expires_after_days=_days_by_prefix(deployment, handlings),
        )
        for delivery, handling in handlings.items():
            if handling.transitions:
                self.add_lifecycle_rule(prefix=delivery.prefix, transitions=[*_transitions(handling)])
        if deployment.log_bucket_key_arn:
            self._bucket().bucket_encryption = _encryption(deployment.log_bucket_key_arn)
        allow_log_delivery(self, deployment)


def _days_by_prefix(deployment: Deployment, handlings: Mapping[Delivery, Handling]) -> dict[str, int]:
    """{key prefix: days after which its objects expire}.

    The empty prefix has the longest time, for objects of flow logs that are no longer in the settings; S3 applies the
    shortest of several rules. There is no such rule if a delivery is kept for ever: it would apply to it as well.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-conflicts.html
    """
    days = {delivery.prefix: deployment.days_of(handling) for delivery, handling in handlings.items()}
    if deployment.has_members:
        days[AWS_PREFIX] = deployment.log_retention_days
    expiring = {prefix: each for prefix, each in days.items() if each}
    if len(expiring) < len(days):
        return expiring
    longest = max((*days.values(), deployment.log_retention_days))
    return {"": longest} | {prefix: each for prefix, each in expiring.items() if each != longest}


def _transitions(handling: Handling) -> Iterator[s3.Transition]:
    for name, days in handling.transitions:
        yield s3.Transition(storage_class=s3.StorageClass(name), transition_after=Duration.days(days))


def _encryption(key_arn: str) -> s3.CfnBucket.BucketEncryptionProperty:
    """Default encryption with a customer managed key, and a bucket key, which makes one call to KMS for many objects.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    """
    by_key = s3.CfnBucket.ServerSideEncryptionByDefaultProperty(sse_algorithm="aws:kms", kms_master_key_id=key_arn)
    rule = s3.CfnBucket.ServerSideEncryptionRuleProperty(
        server_side_encryption_by_default=by_key, bucket_key_enabled=True
    )
    return s3.CfnBucket.BucketEncryptionProperty(server_side_encryption_configuration=[rule])


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
