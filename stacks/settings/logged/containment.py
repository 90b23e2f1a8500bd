"""Resources inside others that are logged too: each of their records would be read, and counted, twice.

A flow log of a VPC records its subnets, and that of a subnet its interfaces; that of a transit gateway its attachments
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-basics.html).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

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

    `containers` are those of each resource: as the settings state them at synth, as EC2 describes them in the doctor
    command. A resource that is not in it is inside nothing.
    """
    known = frozenset(logged)
    return sorted((inner, outer) for inner in known for outer in containers.get(inner, ()) if outer in known)


def may_contain(inner: Iterable[str], logged: Sequence[str]) -> list[str]:
    """The logged resources that may contain one of the others, by their types: only EC2 knows whether they do."""
    types = {container for each in inner for container in CONTAINERS[resource_type(each)]}
    return [each for each in logged if resource_type(each) in types]
