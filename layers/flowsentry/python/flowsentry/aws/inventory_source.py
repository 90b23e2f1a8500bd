"""The describe calls of EC2 and load balancing → an inventory: the only place that asks AWS who has what."""

import time
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flowsentry.aws.service_errors import retryable
from flowsentry.owner_kinds import MAX_LETTERS, InterfaceFacts, Owner, owner_of_interface
from flowsentry.ownership import Interface, Inventory

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

Described = Mapping[str, Any]

PAGES: Any = {"PageSize": 1_000}
"""EC2's most. Without a size it answers with everything at once, or with a time-out where there is much."""


@dataclass(frozen=True)
class InventorySource:
    """Describes one region of one account."""

    ec2: "EC2Client"
    load_balancing: "ElasticLoadBalancingv2Client"
    clock: Callable[[], float] = time.time

    def describe(self) -> Inventory:
        """The inventory as it is now, in an order that depends on nothing but itself. Raises RetryableError when AWS
        can't be reached or throttles.
        """
        with retryable("describe the inventory"):
            names = dict(self._instance_names())
            arns = dict(self._load_balancer_arns())
            interfaces = self._pages("describe_network_interfaces", "NetworkInterfaces", IncludeManagedResources=True)
            rows = [_row(each, names, arns) for each in interfaces]
            networks = {vpc["VpcId"]: _networks(vpc) for vpc in self._pages("describe_vpcs", "Vpcs")}
        rows.sort(key=lambda row: row.interface_id)
        return Inventory(int(self.clock()), tuple(rows), networks)

    def _pages(self, operation: Any, entries: str, **arguments: Any) -> Iterator[Described]:
        for page in self.ec2.get_paginator(operation).paginate(PaginationConfig=PAGES, **arguments):
            yield from page[entries]

    def _instance_names(self) -> Iterator[tuple[str, str]]:
        for reservation in self._pages("describe_instances", "Reservations", IncludeManagedResources=True):
            for instance in reservation["Instances"]:
                yield instance["InstanceId"], _name_tag(instance.get("Tags", ()))

    def _load_balancer_arns(self) -> Iterator[tuple[str, str]]:
        """`app/NAME/ID` → the ARN that ends with it, which is how the interfaces of a load balancer name it."""
        for page in self.load_balancing.get_paginator("describe_load_balancers").paginate():
            for balancer in page["LoadBalancers"]:
                arn = balancer["LoadBalancerArn"]
                yield arn.partition(":loadbalancer/")[2], arn


def _row(described: Described, names: dict[str, str], arns: Mapping[str, str]) -> Interface:
    own_name = {described["NetworkInterfaceId"]: _name_tag(described.get("TagSet", ()))}
    owner = owner_of_interface(replace(_facts(described), names=ChainMap(own_name, names)))
    owner = Owner(owner.kind, arns.get(owner.id, owner.id), owner.name)
    return Interface(
        interface_id=described["NetworkInterfaceId"],
        vpc_id=described.get("VpcId", ""),
        subnet_id=described.get("SubnetId", ""),
        availability_zone=described.get("AvailabilityZone", ""),
        addresses=tuple(dict.fromkeys(_addresses(described))),
        public_addresses=tuple(dict.fromkeys(_public_addresses(described))),
        owner_kind=owner.kind,
        owner_id=owner.id,
        owner_name=owner.name,
        security_groups=tuple(sorted(group["GroupId"] for group in described.get("Groups", ()))),
    )


def _facts(described: Described) -> InterfaceFacts:
    return InterfaceFacts(
        interface_id=described["NetworkInterfaceId"],
        interface_type=described.get("InterfaceType", "interface"),
        description=described.get("Description", ""),
        requester_id=described.get("RequesterId", ""),
        instance_id=described.get("Attachment", {}).get("InstanceId", ""),
    )


def _addresses(described: Described) -> Iterator[str]:
    """The primary address first, then the other private ones, then IPv6."""
    if primary := described.get("PrivateIpAddress"):
        yield primary
    yield from (each["PrivateIpAddress"] for each in described.get("PrivateIpAddresses", ()))
    yield from (each["Ipv6Address"] for each in described.get("Ipv6Addresses", ()))


def _public_addresses(described: Described) -> Iterator[str]:
    """Associated public IPv4 addresses, and IPv6 addresses, which mean the same everywhere."""
    associations = [described, *described.get("PrivateIpAddresses", ())]
    for each in associations:
        if address := each.get("Association", {}).get("PublicIp"):
            yield address
    yield from (each["Ipv6Address"] for each in described.get("Ipv6Addresses", ()))


def _networks(vpc: Described) -> tuple[str, ...]:
    blocks = [vpc.get("CidrBlock", "")]
    blocks += [each["CidrBlock"] for each in vpc.get("CidrBlockAssociationSet", ())]
    blocks += [each["Ipv6CidrBlock"] for each in vpc.get("Ipv6CidrBlockAssociationSet", ())]
    return tuple(dict.fromkeys(block for block in blocks if block))


def _name_tag(tags: Iterable[Described]) -> str:
    return next((tag["Value"][:MAX_LETTERS] for tag in tags if tag["Key"] == "Name"), "")
