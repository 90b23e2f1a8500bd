"""Environment variables of each function, generated from the settings dataclass that the function reads them into.

A new variable is a field in `flowsentry.settings`. A field that has the name of a setting of the deployment gets the
value of that setting; the values of all other fields are set here.
"""

from collections.abc import Sequence
from dataclasses import fields
from itertools import accumulate
from typing import Any

from flowsentry.settings import (
    FlowLogCreatorSettings,
    InventorySettings,
    NotifierSettings,
    ObjectProcessorSettings,
    ProcessorSettings,
    StreamProcessorSettings,
    environment_of,
)
from stacks.constructs.parameters import Value, log_group_value, parameter_name
from stacks.constructs.stack import FlowsentryStack
from stacks.ownership.inventory_queue import InventoryQueue
from stacks.settings.deployment import LOG_GROUP_ENTRY_BYTES
from stacks.settings.logged.delivery import CLOUDWATCH
from stacks.settings.sources import Source

MAX_LINKED_LOG_GROUPS, MAX_LINKED_BYTES = 10, 900
"""Log groups that alerts link to, and the bytes of their names together, since an existing one may have 512. Higher:
longer links, and no room for the other variables in the 4 KB of a function's environment."""
MAX_VPCS_IN_S3 = 40
"""VPCs logged to S3 that are passed to the notifier, so that alerts do not link to a log group for them. Higher: less
room in the same 4 KB. Lower: for the other VPCs the link opens an empty result, and the Athena query still works."""


class Environment:
    """The environment variables of each function of a stack.

    `requests` is the queue of the inventory function; `geo_databases` are the URIs of the GeoIP databases (`s3://…`),
    `detection_settings` that of the object with the detection settings, or empty.
    """

    def __init__(
        self,
        stack: FlowsentryStack,
        requests: InventoryQueue,
        geo_databases: Sequence[str],
        detection_settings: str,
    ) -> None:
        self._stack = stack
        self._deployment = stack.deployment
        self._requests = requests
        self._geo_databases = geo_databases
        self._detection_settings = detection_settings

    def stream_processor(self) -> dict[str, str]:
        """Variables of the stream processor."""
        bucket = self._stack.read(Value.FAILED_INVOCATION_BUCKET)
        return environment_of(StreamProcessorSettings(**self._processor_values(), failed_invocation_bucket=bucket))

    def object_processor(self) -> dict[str, str]:
        """Variables of the object processor."""
        return environment_of(
            ObjectProcessorSettings(
                **self._processor_values(),
                idempotency_table=self._stack.read(Value.IDEMPOTENCY_TABLE),
                object_dlq_url=self._stack.read(Value.OBJECT_DLQ_URL),
            )
        )

    def _processor_values(self) -> dict[str, Any]:
        """Values of the fields that the settings of both processors have."""
        deployment = self._deployment
        return {
            **self._deployment_values(ProcessorSettings),
            "evidence_table": self._stack.read(Value.EVIDENCE_TABLE),
            "findings_table": self._stack.read(Value.FINDINGS_TABLE),
            "output_bucket": self._stack.read(Value.OUTPUT_BUCKET),
            "log_formats_parameter": parameter_name(deployment, Value.LOG_FORMATS),
            "inventory_queue_url": self._requests.queue.queue_url,
            "geo_databases": tuple(self._geo_databases),
            "detection_settings": self._detection_settings,
            "suppressions_parameter": parameter_name(deployment, Value.SUPPRESSIONS),
            "observe_only_until": deployment.observed_only_until,
        }

    def inventory(self) -> dict[str, str]:
        """Variables of the inventory function."""
        values = {
            **self._deployment_values(InventorySettings),
            "observe_only_until": self._deployment.observed_only_until,
        }
        return environment_of(
            InventorySettings(
                **values,
                output_bucket=self._stack.read(Value.OUTPUT_BUCKET),
                inventory_queue_url=self._requests.queue.queue_url,
                inventory_dlq_url=self._requests.dead_letters.queue_url,
                inventory_targets_parameter=parameter_name(self._deployment, Value.INVENTORY_TARGETS),
                evidence_table=self._stack.read(Value.EVIDENCE_TABLE),
                findings_table=self._stack.read(Value.FINDINGS_TABLE),
                coverage_parameter=parameter_name(self._deployment, Value.FLOW_LOG_COVERAGE),
                suppressions_parameter=parameter_name(self._deployment, Value.SUPPRESSIONS),
            )
        )

    def notifier(self) -> dict[str, str]:
        """Variables of the notifier."""
        deployment, read = self._deployment, self._stack.read
        log_groups = self._log_groups()
        return environment_of(
            NotifierSettings(
                findings_table=read(Value.FINDINGS_TABLE),
                alert_topic_arn=read(Value.ALERT_TOPIC_ARN),
                output_bucket=read(Value.OUTPUT_BUCKET),
                digest_topic_arn=read(Value.DIGEST_TOPIC_ARN) if deployment.digest_topic else "",
                chat_topic_arn=read(Value.CHAT_TOPIC_ARN) if deployment.chat_topic else "",
                operator_topic_arn=read(Value.OPERATOR_TOPIC_ARN) if deployment.operator_emails else "",
                max_urgent_an_hour=deployment.max_urgent_messages_an_hour,
                deployment_name=deployment.name,
                account_id=self._stack.account,
                log_groups=log_groups,
                vpcs_in_s3=deployment.vpcs_in_s3[:MAX_VPCS_IN_S3] if log_groups else (),
                athena_table=read(Value.ATHENA_TABLE),
                athena_workgroup=read(Value.ATHENA_WORKGROUP),
                suppressions_parameter=parameter_name(deployment, Value.SUPPRESSIONS),
                log_bucket=read(Value.LOG_BUCKET),
                canary_log_group=read(log_group_value(group)) if (group := deployment.canary_log_group_id) else "",
                log_formats_parameter=parameter_name(deployment, Value.LOG_FORMATS),
                **self._deployment_values(NotifierSettings),
            )
        )

    def flow_log_creator(self, source: Source) -> dict[str, str]:
        """Variables of the function that creates flow logs of every VPC."""
        deployment = self._deployment
        (delivery,) = deployment.deliveries_of(source)
        in_logs = delivery.destination == CLOUDWATCH
        bucket = "" if in_logs else self._stack.bucket_arn(self._stack.read(Value.LOG_BUCKET))
        return environment_of(
            FlowLogCreatorSettings(
                deployment_name=deployment.name,
                delivery_id=delivery.id,
                log_format=delivery.log_format,
                traffic_type=delivery.traffic_type,
                aggregation_seconds=delivery.seconds,
                log_group_name=self._stack.read(log_group_value(delivery.id)) if in_logs else "",
                delivery_role_arn=self._stack.read(Value.DELIVERY_ROLE_ARN) if in_logs else "",
                destination_arn="" if in_logs else f"{bucket}/{delivery.prefix}",
                file_format="" if in_logs else delivery.file_format,
                hive_partitions=delivery.hive_partitions,
                hourly_partitions=delivery.hourly_partitions,
                except_vpc_ids=tuple(sorted({*source.except_vpc_ids, *deployment.vpcs_of_other_sources})),
                except_tags=tuple(sorted(source.except_tags)),
                flow_log_tags=tuple(f"{key}={value}" for key, value in sorted(deployment.tags_of(source).items())),
            )
        )

    def _deployment_values(self, settings: Any) -> dict[str, Any]:
        """Values of the fields that have the same name as a setting of the deployment."""
        names = (each.name for each in fields(settings))
        return {name: getattr(self._deployment, name) for name in names if name in type(self._deployment).model_fields}

    def _log_groups(self) -> tuple[str, ...]:
        """Names of the log groups that alerts link to: those that this app creates, then existing ones, as many as fit.

        The length of a name that CloudFormation generates is not known; LOG_GROUP_ENTRY_BYTES is an upper bound.
        """
        own = ((self._stack.read(log_group_value(id_)), LOG_GROUP_ENTRY_BYTES) for id_ in self._deployment.log_groups)
        existing = ((each.name, len(each.name) + 1) for each in self._deployment.existing_log_groups)
        first = [*own, *existing][:MAX_LINKED_LOG_GROUPS]
        totals = accumulate(size for _, size in first)
        return tuple(name for (name, _), total in zip(first, totals, strict=True) if total <= MAX_LINKED_BYTES)
