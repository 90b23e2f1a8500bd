"""Rules: lookup by what they apply to, and their form in the snapshot."""

import json

import pytest

from flowsentry.inventory.firewall_rules import (
    AclEntry,
    GroupRule,
    NetworkAcl,
    PrefixList,
    Rules,
    SecurityGroup,
)

INBOUND = GroupRule(
    "sg-1", is_egress=False, protocol=6, first_port=443, last_port=443, cidr="0.0.0.0/0", rule_id="sgr-1"
)
OUTBOUND = GroupRule("sg-1", is_egress=True, protocol=-1, peer_group_id="sg-2", description="to the cache")
PINGS = GroupRule("sg-1", is_egress=False, protocol=1, first_port=0, last_port=-1, prefix_list_id="pl-1")
GROUP = SecurityGroup("sg-1", "web", "vpc-1", (INBOUND, OUTBOUND, PINGS))
DENY_ALL = AclEntry(32_767, is_egress=False, is_allowed=False, protocol=-1, cidr="0.0.0.0/0")
ALLOW = AclEntry(100, is_egress=False, is_allowed=True, protocol=6, cidr="10.0.0.0/8", first_port=0, last_port=443)
DENY_PINGS = AclEntry(90, is_egress=False, is_allowed=False, protocol=1, cidr="0.0.0.0/0", icmp_type=8, icmp_code=-1)
LEAVING = AclEntry(1, is_egress=True, is_allowed=True, protocol=-1, cidr="::/0")
ACL = NetworkAcl("acl-1", "web", "vpc-1", True, ("subnet-1", "subnet-2"), (DENY_ALL, ALLOW, LEAVING, DENY_PINGS))  # noqa: FBT003
LIST = PrefixList("pl-1", "offices", ("192.0.2.0/24", "2001:db8::/32"))
RULES = Rules(1_790_000_000, (GROUP,), (ACL,), (LIST,))


def test_rules_are_found_by_what_they_apply_to() -> None:
    assert (RULES.group("sg-1"), RULES.group("sg-2")) == (GROUP, None)
    assert [RULES.acl_of(each) for each in ("subnet-1", "subnet-2", "subnet-3")] == [ACL, ACL, None]
    assert (RULES.prefix_list("pl-1"), RULES.prefix_list("pl-2")) == (LIST, None)


def test_the_rules_of_a_security_group_are_separated_by_direction() -> None:
    assert GROUP.rules_for(is_egress=False) == (INBOUND, PINGS)
    assert GROUP.rules_for(is_egress=True) == (OUTBOUND,)


def test_the_entries_of_a_network_acl_are_sorted_by_number() -> None:
    assert ACL.entries_for(is_egress=False) == (DENY_PINGS, ALLOW, DENY_ALL)
    assert ACL.entries_for(is_egress=True) == (LEAVING,)
    assert [entry.displayed_number for entry in ACL.entries_for(is_egress=False)] == ["90", "100", "*"]


@pytest.mark.parametrize("rules", [Rules(), RULES])
def test_rules_are_unchanged_by_the_snapshot(rules: Rules) -> None:
    assert Rules.from_json(json.loads(json.dumps(rules.to_json()))) == rules


def test_equal_rules_are_equal_in_the_snapshot_in_any_order_of_targets() -> None:
    other = Rules(1_790_000_300, (SecurityGroup("sg-0", "data", "vpc-2"),))
    one, two = Rules.joined([RULES, other]), Rules.joined([other, RULES])
    assert json.dumps(one.to_json()) == json.dumps(two.to_json())


def test_default_values_are_left_out_of_the_snapshot() -> None:
    assert Rules(1, (SecurityGroup("sg-1", "web", "vpc-1", (INBOUND,)),)).to_json()["groups"] == [
        {
            "group_id": "sg-1",
            "name": "web",
            "vpc_id": "vpc-1",
            "rules": [
                {
                    "is_egress": False,
                    "protocol": 6,
                    "first_port": 443,
                    "last_port": 443,
                    "cidr": "0.0.0.0/0",
                    "rule_id": "sgr-1",
                }
            ],
        }
    ]


def test_joined_rules_have_the_oldest_time_and_an_empty_target_has_none() -> None:
    older = Rules(1_780_000_000, (SecurityGroup("sg-0", "data", "vpc-2"),))
    joined = Rules.joined([RULES, Rules(), older])
    assert joined.taken_at == older.taken_at
    assert [group.group_id for group in joined.groups] == ["sg-0", "sg-1"]
    assert (joined.acls, joined.prefix_lists) == ((ACL,), (LIST,))
    assert Rules.joined([]) == Rules()


def test_a_resource_of_two_targets_is_taken_from_the_later_one() -> None:
    later = Rules(RULES.taken_at + 1, (SecurityGroup("sg-1", "web renamed", "vpc-1"),))
    for targets in ([RULES, later], [later, RULES]):
        assert Rules.joined(targets).groups == later.groups
