"""EC2: flow logs as the template says."""

import inspect
from collections.abc import Callable
from typing import Any

from moto.ec2.models.flow_logs import FlowLogs, FlowLogsBackend

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
