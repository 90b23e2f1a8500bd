"""The flow logs stack, which keeps state: flow logs, their log groups and buckets, and the queue of object events."""

from collections.abc import Sequence
from functools import cached_property

from aws_cdk import Annotations, RemovalPolicy, Tags
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.customer_key import CustomerKey
from stacks.constructs.log_group import ExpiringLogGroup
from stacks.constructs.parameters import Value, log_group_value
from stacks.constructs.stack import FlowsentryStack
from stacks.settings.deployment import Deployment
from stacks.settings.flow_logs import missing_fields_of, unknown_fields
from stacks.settings.logged.between_sources import unknown_containment
from stacks.settings.logged.delivery import CLOUDWATCH, Delivery, Handling
from stacks.sources.flow_logs import LOG_GROUP, DeliveryRole, FlowLog, to_bucket, to_log_group
from stacks.sources.log_buckets import (
    FAILED_INVOCATION_DAYS,
    FAILED_INVOCATION_PREFIX,
    BucketEvents,
    LogBucket,
    NotifyingBucket,
)
from stacks.sources.log_delivery import member_conditions
from stacks.sources.object_queue import ObjectQueue
from stacks.sources.payload_stream import PayloadStream

MAX_NAMED = 3
"""Resources in a warning. More: it can't be read at once. Fewer: it is less clear what may contain what."""


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
            self,
            "Notices",
            function_timeout_seconds=deployment.object_processor.timeout_seconds,
            key=self.encryption_key,
        )
        log_bucket = LogBucket(self, "LogBucket", object_events=object_events, deployment=deployment)
        failed_invocations = NotifyingBucket(
            self,
            "FailedInvocations",
            object_events=object_events,
            prefixes=[FAILED_INVOCATION_PREFIX],
            expires_after_days={"": FAILED_INVOCATION_DAYS},
        )
        log_groups = self._log_groups()
        self._flow_logs(log_bucket, log_groups)
        self._publish(object_events, log_bucket, failed_invocations)
        self._publish_log_groups(log_groups)
        self._publish_coverage(log_bucket, log_groups)
        if deployment.existing_buckets:
            BucketEvents(self, "ExistingBuckets", buckets=deployment.existing_buckets, object_events=object_events)
        if deployment.has_payload_stream:
            stream = PayloadStream(
                self, "PayloadStream", shards=deployment.payload_stream.shards, key=self.encryption_key
            )
            self.publish({Value.PAYLOAD_STREAM_ARN: stream.stream_arn})
        self._warn_of_unknown_fields()
        self._warn_of_missing_fields()
        self._warn_of_containment()
        self._warn_of_unchecked_resources()

    @cached_property
    def encryption_key(self) -> kms.IKey | None:
        """The customer managed key. This stack, which is deployed first, creates it if it is to be created."""
        if not self.deployment.customer_key:
            return super().encryption_key
        key = CustomerKey(self, "EncryptionKey", deployment_name=self.deployment.name)
        for members, conditions in member_conditions(self, self.deployment):
            key.allow_delivery(members, conditions)
        self.publish({Value.ENCRYPTION_KEY_ARN: key.key_arn})
        return key

    def _log_groups(self) -> dict[str, ExpiringLogGroup]:
        """A log group for each delivery, because a flow log record does not state its format."""
        return {
            delivery.id: self._log_group(delivery, handling)
            for delivery, handling in self.deployment.handlings.items()
            if delivery.destination == CLOUDWATCH
        }

    def _log_group(self, delivery: Delivery, handling: Handling) -> ExpiringLogGroup:
        log_group = ExpiringLogGroup(
            self,
            f"{LOG_GROUP}-{delivery.id}",
            days=self.deployment.days_of(handling),
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            kms_key_arn=handling.kms_key_arn or self.encryption_key_arn,
        )
        for key, value in self.deployment.common_tags(delivery).items():
            Tags.of(log_group).add(key, value)
        return log_group

    def _flow_logs(self, bucket: s3.Bucket, log_groups: dict[str, ExpiringLogGroup]) -> None:
        retained, own = self.deployment.keeps_flow_logs, self.deployment.delivery_role_path
        roles = {path: DeliveryRole(self, path=path, retained=retained) for path in self.deployment.delivery_role_paths}
        if own in roles and self.deployment.source_of_all_vpcs:
            self.publish({Value.DELIVERY_ROLE_ARN: roles[own].role_arn})
        for logged, source in self.deployment.flow_logs.items():
            if logged.delivery.destination == CLOUDWATCH:
                destination = to_log_group(log_groups[logged.delivery.id], roles[logged.delivery.role_path])
                FlowLog(self, logged, tags=source.tags, destination=destination)
            else:
                assert bucket.policy is not None  # noqa: S101 - for the type checker; a TLS-only bucket has one
                flow_log = FlowLog(self, logged, tags=source.tags, destination=to_bucket(bucket, logged.delivery))
                flow_log.node.add_dependency(bucket, bucket.policy)

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

    def _publish_coverage(self, log_bucket: s3.Bucket, log_groups: dict[str, ExpiringLogGroup]) -> None:
        """Publishes which flow logs are checked: where those deliver that are read, and what this stack records."""
        created = (log_group.log_group_name for log_group in log_groups.values())
        existing = (each.name for each in self.deployment.existing_log_groups)
        buckets = (f"s3://{log_bucket.bucket_name}/", *(each.address for each in self.deployment.existing_buckets))
        resources = self.deployment.checked_resources
        covered = {"destinations": [*created, *existing, *buckets], "resources": list(resources)}
        self.publish({Value.FLOW_LOG_COVERAGE: self.to_json_string(covered)})

    def _warn_of_unknown_fields(self) -> None:
        for where, field in unknown_fields(self.deployment):
            Annotations.of(self).add_warning_v2(
                f"flowsentry:field-{field}", f"{where}: field {field} is unknown; it is stored as text"
            )

    def _warn_of_missing_fields(self) -> None:
        for where, missing in missing_fields_of(self.deployment):
            Annotations.of(self).add_warning_v2(f"flowsentry:missing-{where}", f"{where}: {missing}")

    def _warn_of_containment(self) -> None:
        for label, inner, outer in unknown_containment(self.deployment.sources):
            Annotations.of(self).add_warning_v2(
                f"flowsentry:inside-{label}",
                f"source {label}: if {_some(inner)} is inside {_some(outer)}, its records are counted twice; "
                "state in `inside` what it is inside of, or run `flowsentry doctor`",
            )

    def _warn_of_unchecked_resources(self) -> None:
        if number := self.deployment.unchecked_resources:
            Annotations.of(self).add_warning_v2(
                "flowsentry:unchecked-resources",
                f"{number} resources have no room in the parameter with the coverage of flow logs: nobody is told when "
                "somebody deletes their flow log; a source with all_vpcs creates deleted flow logs again",
            )


def _some(resources: Sequence[str]) -> str:
    """The first of the resources."""
    more = ["…"] if len(resources) > MAX_NAMED else []
    return " or ".join([*resources[:MAX_NAMED], *more])
