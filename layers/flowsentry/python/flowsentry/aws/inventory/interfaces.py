"""What EC2 says about a network interface, or an address without one → its row of the inventory."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flowsentry.aws.inventory.pages import EC2_PAGE, Call, Described
from flowsentry.inventory.inventory import Interface
from flowsentry.inventory.owner_kinds import (
    ELASTIC_IP,
    INSTANCE,
    InterfaceFacts,
    bounded,
    owner_of_interface,
)

INTERFACES = Call(
    "ec2", "describe_network_interfaces", "NetworkInterfaces", EC2_PAGE, {"IncludeManagedResources": True}
)
ELASTIC_IPS = Call("ec2", "describe_addresses", "Addresses[?!AssociationId]")


def interface_row(described: Described, zones: Mapping[str, str]) -> Interface:
    """The interface; `zones` are the ids of the subnets' availability zones: their names differ between accounts, and
    flow logs tell the id. Its owner is whom EC2 alone tells.
    """
    owner = owner_of_interface(_facts(described))
    subnet_id = described.get("SubnetId", "")
    attached = described.get("Attachment", {}).get("AttachTime")
    return Interface(
        interface_id=described["NetworkInterfaceId"],
        vpc_id=described.get("VpcId", ""),
        subnet_id=subnet_id,
        availability_zone=described.get("AvailabilityZoneId") or zones.get(subnet_id, ""),
        addresses=tuple(dict.fromkeys(_addresses(described))),
        public_addresses=tuple(dict.fromkeys(_public_addresses(described))),
        owner_kind=owner.kind,
        owner_id=owner.id,
        owner_name=owner.name,
        security_groups=tuple(sorted(group["GroupId"] for group in described.get("Groups", ()))),
        account_id=described.get("OwnerId", ""),
        attached_at=int(attached.timestamp()) if attached else None,
        is_lasting=_is_lasting(described),
    )


def kinds_told(described: Described, row: Interface) -> Iterator[str]:
    """The kinds of owners of which a service may know whose this interface is. Of a task that has an interface of its
    own on an instance, EC2 tells the instance.
    """
    yield row.owner_kind
    if row.owner_kind == INSTANCE and ":ecs:" in described.get("Description", ""):
        yield "ecs task"


def elastic_ip_row(described: Described, account_id: str) -> Interface:
    """An elastic IP that is associated with nothing."""
    id_ = described.get("AllocationId") or described["PublicIp"]
    name = tag(described.get("Tags", ()), "Name") or id_
    public = (described["PublicIp"],)
    return Interface("", "", "", "", (), public, ELASTIC_IP, id_, name, account_id=account_id)


def tag(tags: Iterable[Described], key: str) -> str:
    """The value of a tag, bounded; nothing where there is none."""
    return next((bounded(each["Value"]) for each in tags if each["Key"] == key), "")


def _facts(described: Described) -> InterfaceFacts:
    tags = described.get("TagSet", ())
    own_name = tag(tags, "Name")
    return InterfaceFacts(
        interface_id=described["NetworkInterfaceId"],
        interface_type=described.get("InterfaceType", ""),
        description=described.get("Description", ""),
        requester_id=described.get("RequesterId", ""),
        instance_id=described.get("Attachment", {}).get("InstanceId", ""),
        link_id=tag(tags, "VpcLinkId"),
        names={described["NetworkInterfaceId"]: own_name} if own_name else {},
    )


def _is_lasting(described: Described) -> bool:
    """Whether it never has another owner: a service's, or the first interface of an instance, which goes with it. Those
    of Lambda pass from functions to other functions.
    """
    attachment: Mapping[str, Any] = described.get("Attachment", {})
    if described.get("InterfaceType") == "lambda":
        return False
    is_first = attachment.get("DeviceIndex") == 0 and bool(attachment.get("InstanceId"))
    return bool(described.get("RequesterManaged")) or (is_first and bool(attachment.get("DeleteOnTermination")))


def _addresses(described: Described) -> Iterator[str]:
    """The primary address first, then the other private ones, then IPv6."""
    if primary := described.get("PrivateIpAddress"):
        yield primary
    yield from (each["PrivateIpAddress"] for each in described.get("PrivateIpAddresses", ()))
    yield from (each["Ipv6Address"] for each in described.get("Ipv6Addresses", ()))


def _public_addresses(described: Described) -> Iterator[str]:
    """Associated public IPv4 addresses, and IPv6 addresses, which mean the same everywhere."""
    for each in (described, *described.get("PrivateIpAddresses", ())):
        if address := each.get("Association", {}).get("PublicIp"):
            yield address
    yield from (each["Ipv6Address"] for each in described.get("Ipv6Addresses", ()))
