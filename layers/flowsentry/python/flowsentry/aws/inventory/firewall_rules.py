"""Converts EC2's security groups, network ACLs and prefix lists into the Rules of one account and Region."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from flowsentry.aws.inventory.pages import EC2_PAGE, PREFIX_LISTS_PAGE, Described
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.inventory.firewall_rules import (
    ALL,
    AclEntry,
    GroupRule,
    NetworkAcl,
    PrefixList,
    Rules,
    SecurityGroup,
)
from flowsentry.inventory.owner_kinds import MAX_LETTERS
from flowsentry.records.code_names import ICMP, ICMPV6, PROTOCOL_NUMBERS, TCP, UDP

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


_NUMBERS = PROTOCOL_NUMBERS | {"all": ALL}
_WITH_PORTS, _WITH_TYPES = (TCP, UDP), (ICMP, ICMPV6)
_PEERS = (
    ("IpRanges", "CidrIp", "cidr"),
    ("Ipv6Ranges", "CidrIpv6", "cidr"),
    ("PrefixListIds", "PrefixListId", "prefix_list_id"),
    ("UserIdGroupPairs", "GroupId", "peer_group_id"),
)
"""For each kind of peer in a permission: the list's key, the item's key, and the field of GroupRule."""


def describe_rules(ec2: "EC2Client", clock: Callable[[], float]) -> Rules:
    """The current rules, in an order that depends only on the rules. Raises RetryableError when AWS can't be reached or
    throttles.
    """
    taken_at = int(clock())
    with retryable("describe the rules"):
        rule_ids = dict(_rule_ids(ec2))
        groups = [_group(each, rule_ids) for each in _pages(ec2, "describe_security_groups", "SecurityGroups")]
        acls = [_acl(each) for each in _pages(ec2, "describe_network_acls", "NetworkAcls")]
        used = {rule.prefix_list_id for group in groups for rule in group.rules}
        prefix_lists = list(_prefix_lists(ec2, used))
    return Rules(
        taken_at,
        tuple(sorted(groups, key=attrgetter("group_id"))),
        tuple(sorted(acls, key=attrgetter("acl_id"))),
        tuple(sorted(prefix_lists, key=attrgetter("prefix_list_id"))),
    )


def _pages(ec2: "EC2Client", operation: Any, rows: str, size: int = EC2_PAGE, **arguments: Any) -> Iterator[Described]:
    for page in ec2.get_paginator(operation).paginate(PaginationConfig={"PageSize": size}, **arguments):
        yield from page[rows]


def _rule_ids(ec2: "EC2Client") -> Iterator[tuple[GroupRule, str]]:
    """The id of each rule, by its content: DescribeSecurityGroups, which is complete, returns no rule ids."""
    for each in _pages(ec2, "describe_security_group_rules", "SecurityGroupRules"):
        peer = {
            "cidr": each.get("CidrIpv4") or each.get("CidrIpv6", ""),
            "prefix_list_id": each.get("PrefixListId", ""),
            "peer_group_id": each.get("ReferencedGroupInfo", {}).get("GroupId", ""),
        }
        yield _rule(each["GroupId"], each, peer, is_egress=each["IsEgress"]), each["SecurityGroupRuleId"]


def _group(described: Described, rule_ids: Mapping[GroupRule, str]) -> SecurityGroup:
    rules = [*_rules(described, "IpPermissions"), *_rules(described, "IpPermissionsEgress")]
    named = [
        replace(rule, rule_id=rule_ids.get(rule, ""), description=description[:MAX_LETTERS])
        for rule, description in rules
    ]
    name, vpc_id = described["GroupName"][:MAX_LETTERS], described.get("VpcId", "")
    return SecurityGroup(described["GroupId"], name, vpc_id, tuple(sorted(named, key=_order)))


def _rules(described: Described, direction: str) -> Iterator[tuple[GroupRule, str]]:
    """Each rule with its description."""
    for permission in described.get(direction, ()):
        for peers, key, name in _PEERS:
            for peer in permission.get(peers, ()):
                rule = _rule(
                    described["GroupId"], permission, {name: peer[key]}, is_egress=direction == "IpPermissionsEgress"
                )
                yield rule, peer.get("Description", "")


def _rule(group_id: str, described: Described, peer: Mapping[str, str], *, is_egress: bool) -> GroupRule:
    protocol = _number(described["IpProtocol"])
    first, last = _ports(protocol, described.get("FromPort"), described.get("ToPort"))
    return GroupRule(group_id, is_egress, protocol, first, last, **peer)


def _number(protocol: str) -> int:
    """EC2 identifies some protocols by name, others by number."""
    return _NUMBERS[protocol] if protocol in _NUMBERS else int(protocol)


def _ports(protocol: int, first: int | None, last: int | None) -> tuple[int | None, int | None]:
    """The meaning of a port range by protocol; EC2 returns -1 or omits the range where there is none."""
    if protocol in _WITH_TYPES:
        return (ALL if first is None else first), (ALL if last is None else last)
    return (first, last) if protocol in _WITH_PORTS and ALL not in (first, last) else (None, None)


def _order(rule: GroupRule) -> tuple[bool, str, str, str]:
    return rule.is_egress, rule.rule_id, rule.peer, f"{rule.protocol} {rule.first_port} {rule.last_port}"


def _acl(described: Described) -> NetworkAcl:
    entries = [_entry(each) for each in described["Entries"]]
    return NetworkAcl(
        acl_id=described["NetworkAclId"],
        name=_name_tag(described),
        vpc_id=described["VpcId"],
        is_default=described["IsDefault"],
        subnet_ids=tuple(sorted(each["SubnetId"] for each in described["Associations"])),
        entries=tuple(sorted(entries, key=attrgetter("is_egress", "rule_number"))),
    )


def _entry(described: Described) -> AclEntry:
    ports, icmp = described.get("PortRange") or {}, described.get("IcmpTypeCode") or {}
    return AclEntry(
        rule_number=described["RuleNumber"],
        is_egress=described["Egress"],
        is_allowed=described["RuleAction"] == "allow",
        protocol=_number(described["Protocol"]),
        cidr=described.get("CidrBlock") or described.get("Ipv6CidrBlock", ""),
        first_port=ports.get("From"),
        last_port=ports.get("To"),
        icmp_type=icmp.get("Type"),
        icmp_code=icmp.get("Code"),
    )


def _prefix_lists(ec2: "EC2Client", used: Collection[str]) -> Iterator[PrefixList]:
    """The prefix lists that rules refer to, AWS-managed ones too: each costs a call, and the others explain nothing.
    One that is deleted during the call is left out.
    """
    for each in _pages(ec2, "describe_managed_prefix_lists", "PrefixLists", PREFIX_LISTS_PAGE):
        prefix_list_id = each["PrefixListId"]
        if prefix_list_id not in used:
            continue
        try:
            cidrs = tuple(sorted(_cidrs(ec2, prefix_list_id)))
        except ClientError as error:
            if code_of(error) != "InvalidPrefixListID.NotFound":
                raise
        else:
            yield PrefixList(prefix_list_id, each["PrefixListName"][:MAX_LETTERS], cidrs)


def _cidrs(ec2: "EC2Client", prefix_list_id: str) -> Iterator[str]:
    operation, size = "get_managed_prefix_list_entries", PREFIX_LISTS_PAGE
    for entry in _pages(ec2, operation, "Entries", size, PrefixListId=prefix_list_id):
        yield entry["Cidr"]


def _name_tag(described: Described) -> str:
    return next((tag["Value"][:MAX_LETTERS] for tag in described.get("Tags", ()) if tag["Key"] == "Name"), "")
