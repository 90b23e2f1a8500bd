"""Rules of a small company for explanation tests: two subnets, each with an open security group and network ACL."""

from dataclasses import replace
from typing import Any

from flowsentry.findings.rejected_packet import End, RejectedPacket
from flowsentry.inventory.firewall_rules import (
    AclEntry,
    GroupRule,
    NetworkAcl,
    PrefixList,
    Rules,
    SecurityGroup,
)
from flowsentry.inventory.inventory import Interface

TAKEN_AT = 1_790_000_000
TCP, UDP, ICMP, ICMPV6, ESP = 6, 17, 1, 58, 50


def interface(name: str, *addresses: str, **values: Any) -> Interface:
    defaults: dict[str, Any] = {
        "interface_id": f"eni-{name}",
        "vpc_id": "vpc-1",
        "subnet_id": f"subnet-{name}",
        "availability_zone": "eu-west-1a",
        "addresses": addresses,
        "public_addresses": (),
        "owner_kind": "instance",
        "owner_id": f"i-{name}",
        "owner_name": f"{name}-1",
        "security_groups": (f"sg-{name}",),
    }
    return Interface(**defaults | values)


API = interface("api", "10.0.3.7", "2001:db8:1::7", public_addresses=("203.0.113.7", "2001:db8:1::7"))
DATA = interface("data", "10.0.9.9", "2001:db8:1::9")


def inbound(group_id: str, protocol: int = TCP, ports: tuple[int, int] | None = None, **peer: str) -> GroupRule:
    first, last = ports or (None, None)
    return GroupRule(group_id, False, protocol, first, last, **peer)  # noqa: FBT003


def outbound(group_id: str, protocol: int = TCP, ports: tuple[int, int] | None = None, **peer: str) -> GroupRule:
    return replace(inbound(group_id, protocol, ports, **peer), is_egress=True)


def group(name: str, *rules: GroupRule) -> SecurityGroup:
    return SecurityGroup(f"sg-{name}", f"{name}-tier", "vpc-1", rules)


def open_group(name: str) -> SecurityGroup:
    """A security group that allows all IPv4 traffic."""
    everything = [direction(f"sg-{name}", -1, cidr="0.0.0.0/0") for direction in (inbound, outbound)]
    return group(name, *everything)


def entry(number: int, verb: str, cidr: str, protocol: int = TCP, *ports: int, **values: Any) -> AclEntry:
    """An inbound entry, such as `entry(90, "deny", "10.0.0.0/8", TCP, 5432, 5432)`."""
    first, last = ports or (None, None)
    defaults = {"is_egress": False, "first_port": first, "last_port": last} | values
    return AclEntry(number, is_allowed=verb == "allow", protocol=protocol, cidr=cidr, **defaults)


def leaving(number: int, verb: str, cidr: str, protocol: int = TCP, *ports: int, **values: Any) -> AclEntry:
    """An outbound entry."""
    return replace(entry(number, verb, cidr, protocol, *ports, **values), is_egress=True)


def acl(name: str, *entries: AclEntry) -> NetworkAcl:
    return NetworkAcl(f"acl-{name}", f"{name}-b", "vpc-1", subnet_ids=(f"subnet-{name}",), entries=entries)


def open_acl(name: str) -> NetworkAcl:
    """A network ACL that allows all IPv4 traffic."""
    return acl(name, entry(100, "allow", "0.0.0.0/0", -1), leaving(100, "allow", "0.0.0.0/0", -1))


def rules(*parts: SecurityGroup | NetworkAcl | PrefixList) -> Rules:
    """The open rules of both ends; these parts replace those with the same id."""
    opened = (open_group("api"), open_group("data"), open_acl("api"), open_acl("data"))
    groups = {each.group_id: each for each in (*opened, *parts) if isinstance(each, SecurityGroup)}
    acls = {each.acl_id: each for each in (*opened, *parts) if isinstance(each, NetworkAcl)}
    lists = tuple(each for each in parts if isinstance(each, PrefixList))
    return Rules(TAKEN_AT, tuple(groups.values()), tuple(acls.values()), lists)


def arriving(**values: Any) -> RejectedPacket:
    """A packet from the API, rejected at the database's interface."""
    defaults: dict[str, Any] = {
        "source": End("10.0.3.7", API),
        "destination": End("10.0.9.9", DATA),
        "protocol": TCP,
        "source_port": 40_000,
        "destination_port": 5432,
        "seen_by": "eni-data",
        "direction": "ingress",
        "opens": True,
    }
    return RejectedPacket(**defaults | values)


def departing(**values: Any) -> RejectedPacket:
    """A packet from the API, rejected at its own interface."""
    return replace(arriving(seen_by="eni-api", direction="egress"), **values)


def reply(**values: Any) -> RejectedPacket:
    """The database's reply, rejected at its own interface."""
    defaults: dict[str, Any] = {
        "source": End("10.0.9.9", DATA),
        "destination": End("10.0.3.7", API),
        "source_port": 5432,
        "destination_port": 40_000,
        "direction": "egress",
        "opens": None,
        "accepted_other_way": True,
    }
    return arriving(**defaults | values)
