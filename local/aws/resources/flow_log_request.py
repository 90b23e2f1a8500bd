"""A request for flow logs, and what EC2 refuses whatever exists.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from moto.ec2.exceptions import EC2ClientError

from local.aws.resources.flow_log_fields import FIELDS, INTERFACES, TRANSIT_GATEWAYS, kind_of, unknown_words

MOST_RESOURCES = {INTERFACES: 1000, TRANSIT_GATEWAYS: 25}
"""Resources of one request, by kind of resource."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A request for flow logs, with EC2's default values."""

    resource_type: str
    traffic_type: str | None
    role: str | None
    destination_type: str
    destination: str | None
    log_group: str | None
    log_format: str
    interval: int
    is_hive_compatible: bool

    @property
    def kind(self) -> str:
        return kind_of(self.resource_type)

    @property
    def target(self) -> str:
        """What identifies the destination: the log group, or the bucket with the prefix, or the stream."""
        if self.destination_type == "cloud-watch-logs":
            return self.log_group or str(self.destination).removesuffix(":*").partition(":log-group:")[2]
        return str(self.destination).rstrip("/")


def validate(wanted: Wanted, resource_ids: Sequence[str]) -> None:
    """Raises the error of a request that EC2 refuses whatever exists."""
    if wanted.resource_type not in FIELDS:
        raise _invalid(f"Value ({wanted.resource_type}) for parameter resourceType is invalid.")
    if len(resource_ids) > MOST_RESOURCES[wanted.kind]:
        raise _invalid(f"The maximum number of resource ids is {MOST_RESOURCES[wanted.kind]}")
    if wanted.destination_type == "cloud-watch-logs" and wanted.role is None:
        raise _invalid("DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.")
    if wanted.destination_type != "cloud-watch-logs" and wanted.log_group is not None:
        raise _invalid("LogDestination type must be cloud-watch-logs if LogGroupName is provided.")
    if wanted.log_group is None and wanted.destination is None:
        raise _invalid("LogDestination can't be empty if LogGroupName is not provided.")
    _validate_kind(wanted)


def _validate_kind(wanted: Wanted) -> None:
    is_transit = wanted.kind == TRANSIT_GATEWAYS
    if is_transit and wanted.traffic_type is not None:
        raise _invalid(f"TrafficType is not supported for resource type {wanted.resource_type}")
    if not is_transit and wanted.traffic_type not in {"ACCEPT", "REJECT", "ALL"}:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter TrafficType")
    if wanted.interval not in ({60} if is_transit else {60, 600}):
        raise _invalid("Invalid Flow Log Max Aggregation Interval")
    unknown = unknown_words(wanted.log_format, wanted.resource_type)
    if unknown:
        raise _invalid(f"Unknown fields provided for resource type {wanted.resource_type}: {', '.join(unknown)}")


def _invalid(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameter", message)
