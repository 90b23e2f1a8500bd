"""EC2: network interfaces as AWS services create them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models.tags import TagBackend
from moto.ec2.models.transit_gateway_route_tables import TransitGatewayRouteTableBackend
from moto.ec2.utils import random_eni_attach_id

from local.aws.moto_patches import replaces
from local.aws.settings import AS_AWS


@dataclass(frozen=True)
class ServiceAttachment:
    """Replaces the instance of an interface that an AWS service has attached to a resource of its own. It is false, so
    moto treats the interface as one without an instance.
    """

    owner_id: str
    id: None = None

    def __bool__(self) -> bool:
        return False


@replaces(TagBackend, "create_tags")
def apply_service_tags(
    original: Callable[..., Any], backend: Any, resource_ids: list[str], tags: dict[str, str]
) -> Any:
    """Moto cannot create interfaces as AWS services do, and attaches all of them at the current time."""
    attributes = {name.removeprefix(AS_AWS): value for name, value in tags.items() if name.startswith(AS_AWS)}
    if attributes:
        for resource_id in resource_ids:
            _set_attributes(backend.enis[resource_id], attributes)
    return original(backend, resource_ids, {name: tags[name] for name in tags if not name.startswith(AS_AWS)})


def _set_attributes(interface: Any, attributes: Mapping[str, str]) -> None:
    if "interface-type" in attributes:
        interface.interface_type = attributes["interface-type"]
    if "requester-id" in attributes:
        interface.requester_id, interface.requester_managed = attributes["requester-id"], True
    if "private-ip-address" in attributes:
        interface.private_ip_address = attributes["private-ip-address"]
        interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": attributes["private-ip-address"]}]
    if "no-groups" in attributes:
        interface._group_set = []  # noqa: SLF001 moto has no public method
    if "attached-by" in attributes:
        _attach(interface, ServiceAttachment(attributes["attached-by"]))
    if "attached-at" in attributes:
        interface.attach_time = datetime.fromtimestamp(int(attributes["attached-at"]), UTC).replace(tzinfo=None)
        if interface.instance and interface.device_index == 0:
            interface.delete_on_termination = True
            interface.instance.launch_time = interface.attach_time


def _attach(interface: Any, service: ServiceAttachment) -> None:
    """Attaches the interface as the second one of a machine outside of the account."""
    interface.instance, interface.device_index, interface.status = service, 1, "in-use"
    interface.attachment_id = random_eni_attach_id()


@replaces(TransitGatewayRouteTableBackend, "search_transit_gateway_routes")
def limit_found_routes(
    original: Callable[..., Any],
    backend: Any,
    transit_gateway_route_table_id: str,
    filters: Any,
    max_results: int | None = None,
) -> list[Any]:
    """Moto fails if `MaxResults` is given."""
    return list(original(backend, transit_gateway_route_table_id, filters))[: int(max_results) if max_results else None]
