"""Notices of buckets that exist already, by way of EventBridge: their own notifications belong to whoever made them."""

from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from stacks.settings.existing_flow_logs import ExistingBucket, object_events_pattern
from stacks.sources.object_queue import ObjectQueue


class BucketEvents(Construct):
    """A rule that puts events of new objects into the notice queue. Whoever has the bucket turns EventBridge on for it:
    CloudFormation can't for a bucket that it did not make.

    The target admits this rule, and no other, to both queues. Into the dead letters goes at once what may not be sent,
    and after a day what can't be; either would be gone otherwise.
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
