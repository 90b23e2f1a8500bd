"""EC2: flow logs as the template says, and interfaces as AWS's own services make them."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models.flow_logs import FlowLogs, FlowLogsBackend
from moto.ec2.models.tags import TagBackend
from moto.ec2.models.transit_gateway_route_tables import TransitGatewayRouteTableBackend
from moto.ec2.utils import random_eni_attach_id

from local.aws.gaps import adds, fills


@fills(FlowLogsBackend, "create_flow_logs")
def allow_a_prefix(original: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Moto takes the prefix of a flow log's destination for a part of the bucket's name."""
    call = inspect.signature(original).bind(*arguments, **keywords)
    destination = call.arguments.get("log_destination")
    if call.arguments.get("log_destination_type") == "s3" and destination:
        call.arguments["log_destination"] = destination.split("/")[0]
    made, refused = original(*call.args, **call.kwargs)
    for flow_log in made:
        flow_log.log_destination = destination
    return made, refused


@fills(FlowLogs, "create_from_cloudformation_json")
def tell_why_it_was_refused(
    original: Callable[..., Any], cls: Any, resource_name: str, cloudformation_json: Any, *rest: Any, **more: Any
) -> Any:
    """Moto drops the destination's options, and breaks where a flow log could not be made."""
    properties = cloudformation_json["Properties"]
    try:
        flow_log = original(cls, resource_name, cloudformation_json, *rest, **more)
    except IndexError:
        raise LookupError(f"no flow log can be made: {properties.get('LogDestination')} does not exist") from None
    flow_log.destination_options = properties.get("DestinationOptions", {})
    return flow_log


@adds(FlowLogs, "delete")
def delete_with_the_stack(flow_log: Any, account_id: str, region_name: str) -> None:
    """Moto leaves flow logs behind when they go from the template."""
    del account_id, region_name
    flow_log.ec2_backend.delete_flow_logs([flow_log.id])


AS_AWS = "as-aws:"
"""Tags of an interface that begin so are none. They say what AWS alone can say of an interface, and no caller:
`interface-type`, `requester-id`, `attached-by` (the service's account), `attached-at` (Unix seconds), `no-groups` (of
security, whatever the value), and `private-ip-address`: those that moto makes by itself have any address.
"""


@dataclass(frozen=True)
class AttachedService:
    """What stands where an instance does, for an interface that a service has attached to something of its own. Where
    moto asks whether there is an instance, there is none.
    """

    owner_id: str
    id: None = None

    def __bool__(self) -> bool:
        return False


@fills(TagBackend, "create_tags")
def describe_as_aws_does(
    original: Callable[..., Any], backend: Any, resource_ids: list[str], tags: dict[str, str]
) -> Any:
    """Moto makes no interfaces as the services of AWS do, and all of them now."""
    said = {name.removeprefix(AS_AWS): value for name, value in tags.items() if name.startswith(AS_AWS)}
    if said:
        for resource_id in resource_ids:
            _describe(backend.enis[resource_id], said)
    return original(backend, resource_ids, {name: tags[name] for name in tags if not name.startswith(AS_AWS)})


def _describe(interface: Any, said: Mapping[str, str]) -> None:
    if "interface-type" in said:
        interface.interface_type = said["interface-type"]
    if "requester-id" in said:
        interface.requester_id, interface.requester_managed = said["requester-id"], True
    if "private-ip-address" in said:
        interface.private_ip_address = said["private-ip-address"]
        interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": said["private-ip-address"]}]
    if "no-groups" in said:
        interface._group_set = []  # noqa: SLF001 - moto has no other way
    if "attached-by" in said:
        _attach(interface, AttachedService(said["attached-by"]))
    if "attached-at" in said:
        interface.attach_time = datetime.fromtimestamp(int(said["attached-at"]), UTC).replace(tzinfo=None)
        if interface.instance and interface.device_index == 0:
            interface.delete_on_termination = True
            interface.instance.launch_time = interface.attach_time


def _attach(interface: Any, service: AttachedService) -> None:
    """A service's interface is the second one of a machine that nobody sees."""
    interface.instance, interface.device_index, interface.status = service, 1, "in-use"
    interface.attachment_id = random_eni_attach_id()


@fills(TransitGatewayRouteTableBackend, "search_transit_gateway_routes")
def find_as_many_as_asked_for(
    original: Callable[..., Any],
    backend: Any,
    transit_gateway_route_table_id: str,
    filters: Any,
    max_results: int | None = None,
) -> list[Any]:
    """Moto fails where a number of routes is asked for."""
    return list(original(backend, transit_gateway_route_table_id, filters))[: int(max_results) if max_results else None]
