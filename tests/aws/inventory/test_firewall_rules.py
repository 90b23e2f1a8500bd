"""Firewall rules from EC2's describe calls."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.inventory.firewall_rules import describe_rules
from flowsentry.aws.inventory.pages import EC2_PAGE, PREFIX_LISTS_PAGE
from flowsentry.errors import RetryableError
from flowsentry.inventory.firewall_rules import (
    ALL,
    LAST_RULE_NUMBER,
    AclEntry,
    GroupRule,
    PrefixList,
    Rules,
)

NOW = 1_790_000_000
CLOUDFRONT = "com.amazonaws.global.cloudfront.origin-facing"


def describe() -> Rules:
    return describe_rules(clients.ec2(), clock=lambda: NOW + 0.9)


@pytest.fixture
def vpc_id() -> str:
    return clients.ec2().create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def group_id(vpc_id: str) -> str:
    return clients.ec2().create_security_group(GroupName="web", Description="web tier", VpcId=vpc_id)["GroupId"]


def permit(group_id: str, protocol: str, ports: tuple[int, int] = (-1, -1), **peers: Any) -> None:
    permission: Any = {"IpProtocol": protocol, "FromPort": ports[0], "ToPort": ports[1], **peers}
    clients.ec2().authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])


def inbound(group_id: str) -> list[GroupRule]:
    group = describe().group(group_id)
    assert group
    return [rule for rule in group.rules if not rule.is_egress]


def facts(rule: GroupRule) -> tuple[int, int | None, int | None, str]:
    return rule.protocol, rule.first_port, rule.last_port, rule.peer


def test_a_security_group_has_its_name_its_vpc_and_its_default_rules(vpc_id: str, group_id: str) -> None:
    rules = describe()
    group = rules.group(group_id)
    assert group
    assert (group.name, group.vpc_id, rules.taken_at) == ("web", vpc_id, NOW)
    assert [(rule.is_egress, *facts(rule)) for rule in group.rules] == [(True, ALL, None, None, "0.0.0.0/0")]


@pytest.mark.parametrize(
    ("protocol", "ports", "expected"),
    [
        ("tcp", (443, 444), (6, 443, 444)),
        ("udp", (0, 65_535), (17, 0, 65_535)),
        ("icmp", (8, -1), (1, 8, ALL)),
        ("icmp", (-1, -1), (1, ALL, ALL)),
        ("50", (-1, -1), (50, None, None)),
        ("-1", (-1, -1), (ALL, None, None)),
    ],
)
def test_protocols_become_numbers_and_only_protocols_with_ports_have_ranges(
    group_id: str, protocol: str, ports: tuple[int, int], expected: tuple[int, int | None, int | None]
) -> None:
    permit(group_id, protocol, ports, IpRanges=[{"CidrIp": "10.0.0.0/8"}])
    assert [facts(rule) for rule in inbound(group_id)] == [(*expected, "10.0.0.0/8")]


def test_a_rule_refers_to_ipv4_or_ipv6_blocks_a_group_or_a_prefix_list(group_id: str) -> None:
    peers: dict[str, Any] = {
        "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "192.0.2.0/24"}],
        "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
        "UserIdGroupPairs": [{"GroupId": group_id}],
        "PrefixListIds": [{"PrefixListId": prefix_list("offices")}],
    }
    permit(group_id, "tcp", (443, 443), **peers)
    rules = inbound(group_id)
    assert {rule.cidr for rule in rules} == {"10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32", ""}
    assert {rule.peer_group_id for rule in rules} == {group_id, ""}
    assert [rule.prefix_list_id for rule in rules if rule.prefix_list_id] == [each.prefix_list_id for each in lists()]


def test_each_rule_has_its_id_and_description(group_id: str) -> None:
    ranges = [{"CidrIp": "10.0.0.0/8", "Description": "d" * 300}, {"CidrIp": "192.0.2.0/24"}]
    permit(group_id, "tcp", (443, 443), IpRanges=ranges, UserIdGroupPairs=[{"GroupId": group_id}])
    permit(group_id, "icmp", (8, -1), IpRanges=ranges[:1])
    ids = {rule.rule_id for rule in inbound(group_id)}
    own = clients.ec2().describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    assert ids == {each["SecurityGroupRuleId"] for each in own["SecurityGroupRules"] if not each["IsEgress"]}
    assert {len(rule.description) for rule in inbound(group_id)} == {255, 0}


def prefix_list(name: str, *cidrs: str) -> str:
    entries: Any = [{"Cidr": cidr} for cidr in cidrs]
    answer = clients.ec2().create_managed_prefix_list(
        PrefixListName=name, AddressFamily="IPv4", MaxEntries=200, Entries=entries
    )
    return answer["PrefixList"]["PrefixListId"]


def lists() -> tuple[PrefixList, ...]:
    return describe().prefix_lists


def test_referenced_prefix_lists_have_all_their_blocks(group_id: str) -> None:
    cidrs = sorted(f"10.{number}.0.0/16" for number in range(150))
    used, _ = prefix_list("offices", *cidrs), prefix_list("unused", "192.0.2.0/24")
    permit(group_id, "tcp", (443, 443), PrefixListIds=[{"PrefixListId": used}])
    assert lists() == (PrefixList(used, "offices", tuple(cidrs)),)


def test_referenced_prefix_lists_of_aws_are_included(group_id: str) -> None:
    known = clients.ec2().describe_managed_prefix_lists()["PrefixLists"]
    (cloudfront,) = (each["PrefixListId"] for each in known if each["PrefixListName"] == CLOUDFRONT)
    permit(group_id, "tcp", (443, 443), PrefixListIds=[{"PrefixListId": cloudfront}])
    ((found),) = lists()
    assert (found.prefix_list_id, found.name) == (cloudfront, CLOUDFRONT)
    assert found.cidrs


def test_the_default_network_acl_has_its_subnets_and_denies_last(vpc_id: str) -> None:
    subnet = clients.ec2().create_subnet(VpcId=vpc_id, CidrBlock="10.1.1.0/24")["Subnet"]
    acl = describe().acl_of(subnet["SubnetId"])
    assert acl
    assert (acl.is_default, acl.vpc_id, acl.subnet_ids) == (True, vpc_id, (subnet["SubnetId"],))
    assert acl.entries_for(is_egress=True) == (
        AclEntry(100, is_egress=True, is_allowed=True, protocol=ALL, cidr="0.0.0.0/0"),
        AclEntry(LAST_RULE_NUMBER, is_egress=True, is_allowed=False, protocol=ALL, cidr="0.0.0.0/0"),
    )


def test_network_acl_entries_have_ipv4_or_ipv6_blocks_and_ports(vpc_id: str) -> None:
    named: Any = [{"ResourceType": "network-acl", "Tags": [{"Key": "Name", "Value": "data-b"}]}]
    acl_id = clients.ec2().create_network_acl(VpcId=vpc_id, TagSpecifications=named)["NetworkAcl"]["NetworkAclId"]
    fields: dict[str, Any] = {"NetworkAclId": acl_id, "Egress": False, "Protocol": "6"}
    ports: Any = {"From": 5432, "To": 5433}
    ec2 = clients.ec2()
    ec2.create_network_acl_entry(
        **fields, RuleNumber=110, RuleAction="allow", Ipv6CidrBlock="2001:db8::/32", PortRange=ports
    )
    ec2.create_network_acl_entry(**fields, RuleNumber=90, RuleAction="deny", CidrBlock="10.20.0.0/23", PortRange=ports)
    (acl,) = (each for each in describe().acls if each.acl_id == acl_id)
    assert acl.name == "data-b"
    assert [entry for entry in acl.entries_for(is_egress=False) if entry.rule_number < LAST_RULE_NUMBER] == [
        AclEntry(90, False, False, 6, "10.20.0.0/23", 5432, 5433),  # noqa: FBT003
        AclEntry(110, False, True, 6, "2001:db8::/32", 5432, 5433),  # noqa: FBT003
    ]


class Recorded:
    """EC2 with these pages as answers; records the arguments of its calls."""

    def __init__(self, **pages: list[dict[str, Any]]) -> None:
        self.pages, self.calls = pages, list[tuple[str, dict[str, Any]]]()
        self.gone: set[str] = set()

    def get_paginator(self, operation: str) -> Any:
        recorded = self

        class Paginator:
            def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
                recorded.calls.append((operation, arguments))
                if arguments.get("PrefixListId") in recorded.gone:
                    raise client_error("InvalidPrefixListID.NotFound", 400)
                yield from recorded.pages.get(operation, [])

        return Paginator()


def client_error(code: str, status: int) -> ClientError:
    error: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(error, "Describe")


def group_row(group_id: str, **peers: Any) -> dict[str, Any]:
    permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, **peers}
    return {"GroupId": group_id, "GroupName": "n" * 300, "VpcId": "vpc-1", "IpPermissions": [permission]}


def test_all_pages_of_rules_are_read_at_the_maximum_page_size() -> None:
    pages = [{"SecurityGroups": [group_row("sg-2")]}, {"SecurityGroups": [group_row("sg-1")]}]
    ec2: Any = Recorded(describe_security_groups=pages)
    rules = describe_rules(ec2, clock=lambda: NOW)
    assert [(group.group_id, len(group.name)) for group in rules.groups] == [("sg-1", 255), ("sg-2", 255)]
    sizes = {operation: arguments["PaginationConfig"]["PageSize"] for operation, arguments in ec2.calls}
    assert sizes == {
        "describe_security_group_rules": EC2_PAGE,
        "describe_security_groups": EC2_PAGE,
        "describe_network_acls": EC2_PAGE,
        "describe_managed_prefix_lists": PREFIX_LISTS_PAGE,
    }


def test_icmp_types_and_missing_port_ranges_are_kept() -> None:
    entry = {"RuleNumber": 90, "Egress": False, "RuleAction": "deny", "Protocol": "1", "CidrBlock": "0.0.0.0/0"}
    acl = {"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": False, "Associations": []}
    permission = {"IpProtocol": "icmpv6", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    group = {"GroupId": "sg-1", "GroupName": "web", "VpcId": "vpc-1", "IpPermissions": [permission]}
    ec2: Any = Recorded(
        describe_network_acls=[
            {"NetworkAcls": [{**acl, "Entries": [{**entry, "IcmpTypeCode": {"Type": 8, "Code": -1}}]}]}
        ],
        describe_security_groups=[{"SecurityGroups": [group]}],
    )
    rules = describe_rules(ec2, clock=lambda: NOW)
    assert [(each.icmp_type, each.icmp_code) for each in rules.acls[0].entries] == [(8, ALL)]
    assert [facts(rule) for rule in rules.groups[0].rules] == [(58, ALL, ALL, "::/0")]


def test_a_prefix_list_deleted_during_the_discovery_is_left_out() -> None:
    peers = {"PrefixListIds": [{"PrefixListId": "pl-1"}, {"PrefixListId": "pl-2"}]}
    listed = [{"PrefixListId": each, "PrefixListName": each} for each in ("pl-1", "pl-2")]
    ec2: Any = Recorded(
        describe_security_groups=[{"SecurityGroups": [group_row("sg-1", **peers)]}],
        describe_managed_prefix_lists=[{"PrefixLists": listed}],
        get_managed_prefix_list_entries=[{"Entries": [{"Cidr": "10.0.0.0/8"}]}],
    )
    ec2.gone = {"pl-1"}
    assert describe_rules(ec2, clock=lambda: NOW).prefix_lists == (PrefixList("pl-2", "pl-2", ("10.0.0.0/8",)),)


class Refusing:
    """EC2 that answers with an error."""

    def __init__(self, code: str, status: int) -> None:
        self.error = client_error(code, status)

    def get_paginator(self, _: str) -> Any:
        raise self.error


def test_throttling_raises_retryable_error() -> None:
    throttling: Any = Refusing("RequestLimitExceeded", 503)
    with pytest.raises(RetryableError, match="could not describe the rules: RequestLimitExceeded"):
        describe_rules(throttling, clock=lambda: NOW)


def test_a_denied_call_raises_its_client_error() -> None:
    forbidding: Any = Refusing("UnauthorizedOperation", 403)
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        describe_rules(forbidding, clock=lambda: NOW)


def test_two_discoveries_of_the_same_rules_are_equal(group_id: str) -> None:
    permit(group_id, "tcp", (1, 2), IpRanges=[{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "192.0.2.0/24"}])
    assert describe().to_json() == describe().to_json()
