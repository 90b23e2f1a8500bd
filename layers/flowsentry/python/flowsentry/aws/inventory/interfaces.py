"""Converts EC2's description of a network interface, or of an unassociated elastic IP, into an Interface."""

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
    """The interface. `zones` are the Availability Zone ids by subnet: zone names differ between accounts, and flow logs
    contain ids. The owner is as far as EC2 alone identifies it.
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
        has_fixed_owner=_has_fixed_owner(described),
    )


def lookup_kinds(described: Described, row: Interface) -> Iterator[str]:
    """The owner kinds for which another AWS API may identify the owner of this interface. For an ECS task that has an
    interface of its own on an instance, EC2 reports the instance.
    """
    yield row.owner_kind
    if row.owner_kind == INSTANCE and ":ecs:" in described.get("Description", ""):
        yield "ecs task"


def elastic_ip_row(described: Described, account_id: str) -> Interface:
    """An elastic IP that is not associated."""
    id_ = described.get("AllocationId") or described["PublicIp"]
    name = tag(described.get("Tags", ()), "Name") or id_
    public = (described["PublicIp"],)
    return Interface("", "", "", "", (), public, ELASTIC_IP, id_, name, account_id=account_id)


def tag(tags: Iterable[Described], key: str) -> str:
    """The value of a tag, bounded; empty without the tag."""
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


def _has_fixed_owner(described: Described) -> bool:
    """Whether the interface never changes its owner: requester-managed ones, and the first interface of an instance,
    which is deleted with it. Lambda's interfaces pass from functions to other functions.
    """
    attachment: Mapping[str, Any] = described.get("Attachment", {})
    if described.get("InterfaceType") == "lambda":
        return False
    is_first = attachment.get("DeviceIndex") == 0 and bool(attachment.get("InstanceId"))
    return bool(described.get("RequesterManaged")) or (is_first and bool(attachment.get("DeleteOnTermination")))


def _addresses(described: Described) -> Iterator[str]:
    """The primary address first, then other private addresses, then IPv6."""
    if primary := described.get("PrivateIpAddress"):
        yield primary
    yield from (each["PrivateIpAddress"] for each in described.get("PrivateIpAddresses", ()))
    yield from (each["Ipv6Address"] for each in described.get("Ipv6Addresses", ()))


def _public_addresses(described: Described) -> Iterator[str]:
    """Associated public IPv4 addresses, and IPv6 addresses, which are globally unique."""
    for each in (described, *described.get("PrivateIpAddresses", ())):
        if address := each.get("Association", {}).get("PublicIp"):
            yield address
    yield from (each["Ipv6Address"] for each in described.get("Ipv6Addresses", ()))
