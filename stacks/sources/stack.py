"""The flow logs stack, which keeps state: flow logs, their log groups and buckets, and the queue of object events."""

from typing import Any

from aws_cdk import Annotations, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.log_group import ExpiringLogGroup
from stacks.constructs.parameters import Value, log_group_value
from stacks.constructs.stack import FlowsentryStack
from stacks.settings.deployment import Deployment
from stacks.settings.flow_logs import unknown_fields
from stacks.settings.sources import CLOUDWATCH, Source
from stacks.sources.flow_logs import DeliveryRole, FlowLogs, to_bucket, to_log_group
from stacks.sources.log_buckets import (
    FAILED_INVOCATION_DAYS,
    FAILED_INVOCATION_PREFIX,
    LOG_PREFIX,
    BucketEvents,
    NotifyingBucket,
    allow_log_delivery,
)
from stacks.sources.member_delivery import allow_member_delivery
from stacks.sources.object_queue import ObjectQueue
from stacks.sources.payload_stream import PayloadStream


class FlowLogsStack(FlowsentryStack):
    """Creates flow logs, and sends object events of new and existing buckets to one queue."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(
            scope,
            id_,
            deployment=deployment,
            purpose="flow-logs",
            description="Flowsentry: VPC flow logs and their destinations",
        )
        object_events = ObjectQueue(
            self, "Notices", function_timeout_seconds=deployment.object_processor.timeout_seconds
        )
        log_bucket = NotifyingBucket(
            self, "LogBucket", object_events=object_events, prefix=LOG_PREFIX, days=deployment.log_retention_days
        )
        allow_log_delivery(log_bucket)
        allow_member_delivery(log_bucket, deployment)
        failed_invocations = NotifyingBucket(
            self,
            "FailedInvocations",
            object_events=object_events,
            prefix=FAILED_INVOCATION_PREFIX,
            days=FAILED_INVOCATION_DAYS,
        )
        log_groups = self._log_groups()
        self._flow_logs(log_bucket, log_groups)
        self._publish(object_events, log_bucket, failed_invocations)
        self._publish_log_groups(log_groups)
        if deployment.existing_buckets:
            BucketEvents(self, "ExistingBuckets", buckets=deployment.existing_buckets, object_events=object_events)
        if deployment.has_payload_stream:
            self.publish({Value.PAYLOAD_STREAM_ARN: PayloadStream(self, "PayloadStream").stream_arn})
        self._warn_of_unknown_fields()

    def _log_groups(self) -> dict[str, ExpiringLogGroup]:
        """A log group for each source and format, because a flow log record does not state its format."""
        days = self.deployment.log_retention_days
        return {
            id_: ExpiringLogGroup(self, f"LogGroup-{id_}", days=days, removal_policy=RemovalPolicy.RETAIN)
            for id_ in self.deployment.log_groups
        }

    def _flow_logs(self, bucket: s3.Bucket, log_groups: dict[str, ExpiringLogGroup]) -> None:
        to_groups = [source for source in self.deployment.sources if source.destination == CLOUDWATCH]
        role = DeliveryRole(self, "DeliveryRole", log_groups=list(log_groups.values())) if to_groups else None
        for source in self.deployment.sources:
            if role and source in to_groups:
                self._add(source, to_log_group(log_groups[source.log_group_id], role))
            else:
                assert bucket.policy is not None  # noqa: S101 - for the type checker; a TLS-only bucket has one
                self._add(source, to_bucket(bucket, source)).node.add_dependency(bucket, bucket.policy)

    def _add(self, source: Source, destination: dict[str, Any]) -> FlowLogs:
        return FlowLogs(self, f"FlowLogs-{source.id}", source=source, destination=destination)

    def _publish(self, object_events: ObjectQueue, log_bucket: s3.Bucket, failed_invocations: s3.Bucket) -> None:
        self.publish(
            {
                Value.LOG_BUCKET: log_bucket.bucket_name,
                Value.FAILED_INVOCATION_BUCKET: failed_invocations.bucket_name,
                Value.OBJECT_QUEUE_ARN: object_events.queue.queue_arn,
                Value.OBJECT_QUEUE: object_events.queue.queue_name,
                Value.OBJECT_DLQ_ARN: object_events.dead_letters.queue_arn,
                Value.OBJECT_DLQ_URL: object_events.dead_letters.queue_url,
                Value.OBJECT_DLQ: object_events.dead_letters.queue_name,
            }
        )

    def _publish_log_groups(self, log_groups: dict[str, ExpiringLogGroup]) -> None:
        """Publishes names of log groups, and the log formats of all log groups and buckets where they are known."""
        self.publish({log_group_value(id_): log_group.log_group_name for id_, log_group in log_groups.items()})
        forms = {log_groups[id_].log_group_name: form for id_, form in self.deployment.log_groups.items()}
        self.publish({Value.LOG_FORMATS: self.to_json_string({**forms, **self.deployment.existing_log_formats})})

    def _warn_of_unknown_fields(self) -> None:
        for where, field in unknown_fields(self.deployment):
            Annotations.of(self).add_warning_v2(
                f"flowsentry:field-{field}", f"{where}: field {field} is unknown; it is stored as text"
            )
