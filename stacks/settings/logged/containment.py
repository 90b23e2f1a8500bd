"""Resources inside others that are logged too: each of their records would be read, and counted, twice.

A flow log of a VPC records its subnets, and that of a subnet its interfaces; that of a transit gateway its attachments
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-basics.html).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from stacks.settings.logged.resources import ResourceType, resource_type

CONTAINERS = {
    ResourceType.VPC: (),
    ResourceType.SUBNET: (ResourceType.VPC,),
    ResourceType.NETWORK_INTERFACE: (ResourceType.VPC, ResourceType.SUBNET),
    ResourceType.TRANSIT_GATEWAY: (),
    ResourceType.TRANSIT_GATEWAY_ATTACHMENT: (ResourceType.TRANSIT_GATEWAY,),
}
"""The types of resources that a resource of each type is inside of."""


def logged_twice(logged: Iterable[str], containers: Mapping[str, Collection[str]]) -> list[tuple[str, str]]:
    """(resource, what contains it) of the logged resources that are inside another logged one, sorted.

    `containers` are those of each resource, for example from `containers_of`. A resource that is not in it is inside
    nothing.
    """
    known = frozenset(logged)
    return sorted((inner, outer) for inner in known for outer in containers.get(inner, ()) if outer in known)


def containers_of(
    *,
    subnets: Iterable[Mapping[str, Any]] = (),
    interfaces: Iterable[Mapping[str, Any]] = (),
    attachments: Iterable[Mapping[str, Any]] = (),
) -> dict[str, frozenset[str]]:
    """{resource: what contains it} from what EC2 returns for DescribeSubnets, DescribeNetworkInterfaces and
    DescribeTransitGatewayAttachments.
    """
    found = {each["SubnetId"]: frozenset((each["VpcId"],)) for each in subnets}
    found |= {each["NetworkInterfaceId"]: frozenset((each["SubnetId"], each["VpcId"])) for each in interfaces}
    found |= {each["TransitGatewayAttachmentId"]: frozenset((each["TransitGatewayId"],)) for each in attachments}
    return found


def may_contain(inner: Iterable[str], logged: Sequence[str]) -> list[str]:
    """The logged resources that may contain one of the others, by their types: only EC2 knows whether they do."""
    types = {container for each in inner for container in CONTAINERS[resource_type(each)]}
    return [each for each in logged if resource_type(each) in types]
