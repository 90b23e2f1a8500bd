"""Describes the flow logs of an account and Region, and whether the resource of one has anything to record."""

from collections.abc import Iterator
from itertools import islice

from flowsentry.aws.inventory.interfaces import tag
from flowsentry.aws.inventory.pages import EC2_PAGE, Call, Described, Pages
from flowsentry.records.flow_logs import ALL_TRAFFIC, FlowLog, destination_of

FLOW_LOGS = Call("ec2", "describe_flow_logs", "FlowLogs", EC2_PAGE)
MAX_SEEN = 100
"""Interfaces, and instances, of a resource that are asked for. More: longer answers about a large VPC. Fewer: of a VPC
in which more than that were started within the last minutes, those that run for longer may be missed, and it counts as
just started."""
IN_USE = Call(
    "ec2",
    "describe_network_interfaces",
    "NetworkInterfaces[].Attachment | [?!InstanceId]",
    MAX_SEEN,
    {"IncludeManagedResources": True},
)
RUNNING = Call("ec2", "describe_instances", "Reservations[].Instances[]", MAX_SEEN)
_FILTER_OF = {"vpc": "vpc-id", "subnet": "subnet-id", "eni": "network-interface-id"}
_INSTANCES_BY = {"network-interface-id": "network-interface.network-interface-id"}
FAILED = "FAILED"


def flow_logs_in(pages: Pages) -> tuple[FlowLog, ...]:
    """The active flow logs, in the order of their ids. Raises what `Pages.rows` raises."""
    active = (each for each in pages.rows(FLOW_LOGS) if each.get("FlowLogStatus", "ACTIVE") == "ACTIVE")
    return tuple(sorted(map(_flow_log, active), key=lambda each: each.flow_log_id))


def _flow_log(described: Described) -> FlowLog:
    created, has_failed = described.get("CreationTime"), described.get("DeliverLogsStatus") == FAILED
    return FlowLog(
        flow_log_id=described["FlowLogId"],
        resource_id=described.get("ResourceId", ""),
        destination=destination_of(described.get("LogDestination", ""), described.get("LogGroupName", "")),
        created_at=int(created.timestamp()) if created else 0,
        traffic_type=described.get("TrafficType", ALL_TRAFFIC),
        name=tag(described.get("Tags", ()), "Name"),
        delivery_error=(described.get("DeliverLogsErrorMessage") or "no reason given") if has_failed else "",
    )


def running_since(pages: Pages, resource_id: str) -> float | None:
    """Since when (Unix s) a VPC, subnet or interface has had something to record: a running instance, or an interface
    that an AWS service attached. None when it has neither: an interface of a stopped instance writes no records. None
    also for other resources, such as transit gateways. Raises what `Pages.rows` raises.

    An interface without traffic has NODATA records, so a resource with interfaces is never without records.
    https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
    """
    name = _FILTER_OF.get(resource_id.partition("-")[0])
    return min(_starts(pages, name, resource_id), default=None) if name else None


def _starts(pages: Pages, name: str, resource_id: str) -> Iterator[float]:
    filters = [{"Name": name, "Values": [resource_id]}]
    in_use = [*filters, {"Name": "status", "Values": ["in-use"]}]
    for attachment in islice(pages.rows(IN_USE, Filters=in_use), MAX_SEEN):
        attached_at = attachment.get("AttachTime")
        yield attached_at.timestamp() if attached_at else 0.0
    running = [
        {"Name": _INSTANCES_BY.get(name, name), "Values": [resource_id]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    for instance in islice(pages.rows(RUNNING, Filters=running), MAX_SEEN):
        launched_at = instance.get("LaunchTime")
        yield launched_at.timestamp() if launched_at else 0.0
