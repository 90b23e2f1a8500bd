"""EC2 flow logs: created for the resources, formats and destinations that EC2 accepts, and refused like by EC2.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
"""

import contextvars
from collections.abc import Callable, Mapping
from typing import Any

from moto.ec2.exceptions import EC2ClientError, FlowLogAlreadyExists
from moto.ec2.models.flow_logs import FlowLogs, FlowLogsBackend
from moto.ec2.responses.flow_logs import FlowLogs as FlowLogsResponse
from moto.ec2.utils import random_flow_log_id

from local.aws.moto_patches import adds, replaces
from local.aws.resources.flow_log_destinations import delivery_error, destination_defect
from local.aws.resources.flow_log_fields import DEFAULT_FORMATS, kind_of
from local.aws.resources.flow_log_request import Wanted, validate

MOST_FLOW_LOGS = 250
"""Flow logs of one resource in an account: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-limitations.html.
Older pages say 2."""

_options: contextvars.ContextVar[Mapping[str, Any]] = contextvars.ContextVar("_options", default={})  # noqa: B039 not changed
"""The destination options of the current request, which moto does not pass on."""


@replaces(FlowLogsBackend, "create_flow_logs")
def create_flow_logs(  # noqa: PLR0913, PLR0917 moto's parameters
    _original: Callable[..., Any],
    backend: Any,
    resource_type: str,
    resource_ids: list[str],
    traffic_type: str | None,
    deliver_logs_permission_arn: str | None,
    log_destination_type: str | None,
    log_destination: str | None,
    log_group_name: str | None,
    log_format: str | None,
    max_aggregation_interval: int | None,
) -> tuple[list[FlowLogs], list[Any]]:
    """Moto knows no flow logs of transit gateways, checks neither formats nor permissions nor quotas, and treats the
    prefix of a destination as part of the bucket name.
    """
    wanted = Wanted(
        resource_type=resource_type,
        traffic_type=traffic_type,
        role=deliver_logs_permission_arn,
        destination_type=log_destination_type or "cloud-watch-logs",
        destination=log_destination,
        log_group=log_group_name,
        log_format=log_format or DEFAULT_FORMATS[kind_of(resource_type)],
        interval=int(max_aggregation_interval or 600),
        is_hive_compatible=str(_options.get().get("HiveCompatiblePartitions", False)).lower() == "true",
    )
    validate(wanted, resource_ids)
    for resource_id in resource_ids:
        _require_resource(backend, wanted.resource_type, resource_id)
        _require_room(backend, wanted, resource_id)
    if defect := destination_defect(backend.region_name, wanted):
        return [], [(resource_id, "400", defect) for resource_id in resource_ids]
    return [_created(backend, wanted, resource_id) for resource_id in resource_ids], []


def _require_resource(backend: Any, resource_type: str, resource_id: str) -> None:
    """Raises EC2's error if the resource does not exist."""
    if resource_type == "VPC":
        backend.get_vpc(resource_id)
    elif resource_type == "Subnet":
        backend.get_subnet(resource_id)
    elif resource_type == "NetworkInterface":
        backend.get_network_interface(resource_id)
    elif resource_type == "TransitGateway" and resource_id not in backend.transit_gateways:
        raise EC2ClientError(
            "InvalidTransitGatewayID.NotFound", f"Transit Gateway {resource_id} was deleted or does not exist."
        )
    elif resource_type == "TransitGatewayAttachment" and resource_id not in backend.transit_gateway_attachments:
        text = f"Transit Gateway Attachment {resource_id} was deleted or does not exist."
        raise EC2ClientError("InvalidTransitGatewayAttachmentID.NotFound", text)


def _require_room(backend: Any, wanted: Wanted, resource_id: str) -> None:
    """Raises EC2's error if the resource has a flow log with this destination, or as many as it may have.

    EC2 calls it "the same configuration and log destination": which properties belong to the configuration is not
    documented; here it is the resource alone, which is the strictest reading.
    """
    existing = [each for each in backend.flow_logs.values() if each.resource_id == resource_id]
    if any(each.target == wanted.target for each in existing):
        raise FlowLogAlreadyExists
    if len(existing) >= MOST_FLOW_LOGS:
        raise EC2ClientError("FlowLogsLimitExceeded", f"The maximum number of flow logs for {resource_id} was reached.")


def _created(backend: Any, wanted: Wanted, resource_id: str) -> FlowLogs:
    error = delivery_error(backend.region_name, wanted)
    make: Any = FlowLogs  # abstract for mypy, because moto's class lacks methods
    flow_log: Any = make(
        backend,
        random_flow_log_id(),
        resource_id,
        str(wanted.traffic_type),
        str(wanted.destination),
        str(wanted.log_group),
        str(wanted.role),
        wanted.interval,
        wanted.destination_type,
        wanted.log_format,
        "FAILED" if error else "SUCCESS",
        error or None,
    )
    # moto's constructor wants texts; None is omitted from the response
    flow_log.traffic_type, flow_log.log_destination = wanted.traffic_type, wanted.destination
    flow_log.log_group_name, flow_log.deliver_logs_permission_arn = wanted.log_group, wanted.role
    flow_log.target = wanted.target
    backend.flow_logs[flow_log.id] = flow_log
    return flow_log  # type: ignore[no-any-return]


@replaces(FlowLogsResponse, "create_flow_logs")
def store_options(original: Callable[..., Any], response: Any) -> Any:
    """Moto does not store the destination options and the tag fields of a flow log."""
    _options.set(response._get_param("DestinationOptions") or {})  # noqa: SLF001 as moto does
    answer = original(response)
    for flow_log_id in answer.result["FlowLogIds"]:
        flow_log: Any = response.ec2_backend.flow_logs[flow_log_id]
        flow_log.destination_options = _options.get()
        flow_log.tag_field_specifications = response._get_param("TagFieldSpecifications") or []  # noqa: SLF001
    return answer


@replaces(FlowLogs, "create_from_cloudformation_json")
def create_with_destination_options(
    _original: Callable[..., Any],
    _cls: Any,
    resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
    **_: Any,
) -> Any:
    """Moto ignores the destination options, and raises IndexError if a flow log cannot be created."""
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 imports this module's owner

    del resource_name
    properties: Mapping[str, Any] = cloudformation_json["Properties"]
    _options.set(properties.get("DestinationOptions", {}))
    backend: Any = ec2_backends[account_id][region_name]
    created, refused = backend.create_flow_logs(
        properties.get("ResourceType"),
        [properties.get("ResourceId")],
        properties.get("TrafficType"),
        properties.get("DeliverLogsPermissionArn"),
        properties.get("LogDestinationType"),
        properties.get("LogDestination"),
        properties.get("LogGroupName"),
        properties.get("LogFormat"),
        properties.get("MaxAggregationInterval"),
    )
    if refused:
        raise EC2ClientError(refused[0][1], refused[0][2])
    [flow_log] = created
    flow_log.destination_options = properties.get("DestinationOptions", {})
    flow_log.add_tags({each["Key"]: each["Value"] for each in properties.get("Tags", [])})
    return flow_log


@adds(FlowLogs, "update_from_cloudformation_json", classmethod)
def update_tags(_cls: Any, original_resource: Any, cloudformation_json: Any, **_: Any) -> Any:
    """Moto loses a flow log whose tags change, which are all that can be changed."""
    tags = cloudformation_json["Properties"].get("Tags", [])
    old = {each["key"]: None for each in original_resource.get_tags()}
    original_resource.ec2_backend.delete_tags([original_resource.id], old)
    original_resource.add_tags({each["Key"]: each["Value"] for each in tags})
    return original_resource


@adds(FlowLogs, "delete")
def delete_flow_log(flow_log: Any, account_id: str, region_name: str) -> None:
    """Moto does not delete flow logs that are removed from the template."""
    del account_id, region_name
    flow_log.ec2_backend.delete_flow_logs([flow_log.id])
