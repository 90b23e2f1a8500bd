"""Rejected records get columns that name what denied them; other records get null."""

import polars as pl
import pytest

from flowsentry.explain import flows as explain_flows
from flowsentry.explain.flows import EXPLANATION_COLUMNS, FlowExplainer
from flowsentry.frames import EnrichedFlows
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.firewall_rules import AclEntry, GroupRule, NetworkAcl, Rules, SecurityGroup
from flowsentry.inventory.inventory import Inventory
from tests.builders import INTERFACE, SYN, SYN_ACK, V2, V5, VPC, blocked, enriched, interface, line

CLIENT = interface("10.0.0.1", name="client", security_groups=("sg-client",))
SERVER = interface("10.0.0.2", name="server", interface_id=INTERFACE, security_groups=("sg-server",))
OUT = GroupRule("sg-client", is_egress=True, protocol=-1, cidr="0.0.0.0/0")
WEB = GroupRule("sg-server", is_egress=False, protocol=6, first_port=443, last_port=443, peer_group_id="sg-client")
GROUPS = (SecurityGroup("sg-client", "client", VPC, (OUT,)), SecurityGroup("sg-server", "server", VPC, (WEB,)))
ALL = (
    AclEntry(100, is_egress=False, is_allowed=True, protocol=-1, cidr="0.0.0.0/0"),
    AclEntry(100, is_egress=True, is_allowed=True, protocol=-1, cidr="0.0.0.0/0"),
)
RULES = Rules(1, GROUPS, (NetworkAcl("acl-open", "open", VPC, subnet_ids=("subnet-1",), entries=ALL),))
V8 = (*V5, "reject-reason")


def explanations(*lines: str, names: tuple[str, ...] = V5, rules: Rules | None = RULES) -> list[tuple[object, ...]]:
    inventory = Inventory.of((CLIENT, SERVER), rules=rules)
    explaining = FlowExplainer(AddressSpace.of(inventory))
    return columns(explaining, enriched(lines, names, inventory))


def columns(explaining: FlowExplainer, flows: EnrichedFlows) -> list[tuple[object, ...]]:
    explained = explaining.explained(flows)
    assert explained.drop(*EXPLANATION_COLUMNS).equals(flows)
    return explained.select(pl.col(*EXPLANATION_COLUMNS).cast(pl.String)).rows()


BY_GROUP = ("security_group", "sg-server", None)
NOTHING = (None, None, None)


def test_each_rejected_record_names_what_denied_it_in_its_own_row() -> None:
    refused = blocked("10.0.0.1", "10.0.0.2", 5432)
    assert explanations(line(), refused, line(), refused) == [NOTHING, BY_GROUP, NOTHING, BY_GROUP]


def test_a_record_that_the_rules_allow_now_is_not_explained() -> None:
    assert explanations(blocked("10.0.0.1", "10.0.0.2", 443)) == [NOTHING]


def test_without_rules_or_rejected_records_all_columns_are_null() -> None:
    refused = blocked("10.0.0.1", "10.0.0.2", 5432)
    assert explanations(refused, rules=None) == explanations(line()) == [NOTHING]


def test_rejected_flows_from_outside_are_explained() -> None:
    assert explanations(blocked("192.0.2.9", "10.0.0.2", 22)) == [BY_GROUP]


@pytest.mark.parametrize("few", [0, 20], ids=["by class", "one by one"])
def test_just_outside_a_range_of_ports_a_group_denies_and_at_its_ends_it_does_not(
    monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(explain_flows, "MAX_FEW_REFUSED", few)
    ports = GroupRule("sg-server", is_egress=False, protocol=6, first_port=80, last_port=443, cidr="0.0.0.0/0")
    told = [blocked("192.0.2.9", "10.0.0.2", port) for port in (79, 80, 443, 444)]
    assert explanations(*told, rules=open_to(ports)) == [BY_GROUP, NOTHING, NOTHING, BY_GROUP]


@pytest.mark.parametrize("few", [0, 20], ids=["by class", "one by one"])
def test_just_outside_a_cidr_block_a_group_denies_and_at_its_ends_it_does_not(
    monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(explain_flows, "MAX_FEW_REFUSED", few)
    block = GroupRule("sg-server", is_egress=False, protocol=-1, cidr="192.0.2.64/26")
    told = [blocked(f"192.0.2.{number}", "10.0.0.2", 22) for number in (63, 64, 127, 128)]
    assert explanations(*told, rules=open_to(block)) == [BY_GROUP, NOTHING, NOTHING, BY_GROUP]


def open_to(rule: GroupRule) -> Rules:
    """The server's group allows this, and its network ACL everything."""
    return Rules(1, (SecurityGroup("sg-server", "server", VPC, (rule,)),), RULES.acls)


def test_the_default_format_suffices() -> None:
    assert explanations(blocked("192.0.2.9", "10.0.0.2", 22, V2), names=V2) == [BY_GROUP]


def test_a_network_acl_is_named_with_its_rule_number() -> None:
    denial = AclEntry(
        90, is_egress=False, is_allowed=False, protocol=6, cidr="10.0.0.0/8", first_port=443, last_port=443
    )
    acl = NetworkAcl("acl-1", "data", VPC, subnet_ids=("subnet-1",), entries=(denial, *ALL))
    open_group = GroupRule("sg-server", is_egress=False, protocol=-1, cidr="0.0.0.0/0")
    rules = Rules(1, GROUPS, (acl,))
    far = blocked("10.9.0.1", "10.0.0.2", 443)
    group_too = Rules(1, (SecurityGroup("sg-server", "server", VPC, (open_group,)),), (acl,))
    assert explanations(far, rules=group_too) == [("network_acl", "acl-1", "90")]
    assert explanations(far, rules=rules) == [NOTHING], "both deny it, and which one did cannot be determined"


def test_a_reply_to_accepted_packets_can_only_be_denied_by_a_network_acl() -> None:
    ports = {"srcport": 45000, "dstport": 443}
    back = {"srcport": 443, "dstport": 45000, "action": "REJECT", "tcp_flags": SYN_ACK}
    accepted = line(srcaddr="192.0.2.9", dstaddr="10.0.0.2", flow_direction="ingress", tcp_flags=SYN, **ports)
    reply = line(srcaddr="10.0.0.2", dstaddr="192.0.2.9", flow_direction="egress", **back)
    acl = NetworkAcl("acl-1", "data", VPC, subnet_ids=("subnet-1",))
    rules = Rules(1, GROUPS, (acl,))
    assert explanations(accepted, reply, rules=rules) == [NOTHING, ("network_acl", "acl-1", "*")]


def test_packets_that_another_interface_accepted_make_no_reply() -> None:
    told = {"srcaddr": "192.0.2.9", "dstaddr": "10.0.0.2", "srcport": 45000, "dstport": 443}
    elsewhere = line(**told, flow_direction="ingress", tcp_flags=SYN, interface_id="eni-other")
    back = {"srcaddr": "10.0.0.2", "dstaddr": "192.0.2.9", "srcport": 443, "dstport": 45000, "tcp_flags": SYN_ACK}
    refused = line(**back, flow_direction="egress", action="REJECT")
    rules = Rules(1, GROUPS, (NetworkAcl("acl-1", "data", VPC, subnet_ids=("subnet-1",)),))
    assert explanations(elsewhere, refused, rules=rules) == [NOTHING, NOTHING], "group and network ACL both deny it"


def test_block_public_access_is_named_by_the_reject_reason() -> None:
    refused = blocked("192.0.2.9", "10.0.0.2", 443, V8, reject_reason="BPA")
    ((layer, *_),) = explanations(refused, names=V8)
    assert layer == "block_public_access"


def test_beyond_the_limit_inside_senders_are_explained_before_outside_senders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain_flows, "MAX_FEW_REFUSED", 0)
    monkeypatch.setattr(explain_flows, "MAX_EXPLAINED", 1)
    strangers = [blocked("192.0.2.9", "10.0.0.2", 22)] * 3
    assert explanations(*strangers, blocked("10.0.0.1", "10.0.0.2", 5432)) == [NOTHING, NOTHING, NOTHING, BY_GROUP]


def test_an_explanation_from_one_chunk_is_reused_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain_flows, "MAX_FEW_REFUSED", 0)
    inventory = Inventory.of((CLIENT, SERVER), rules=RULES)
    explaining = FlowExplainer(AddressSpace.of(inventory))
    chunk = enriched([blocked("10.0.0.1", "10.0.0.2", 5432)], V5, inventory)
    assert columns(explaining, chunk) == [BY_GROUP]
    monkeypatch.setattr(explain_flows, "explain", None)
    assert columns(explaining, chunk) == [BY_GROUP]


def test_ports_and_addresses_next_to_those_of_a_rule_are_in_other_classes() -> None:
    rule = GroupRule("sg-server", is_egress=False, protocol=6, first_port=80, last_port=90, cidr="192.0.2.8/31")
    rules = Rules(1, (SecurityGroup("sg-server", "server", VPC, (rule,)),), RULES.acls)
    ports = [blocked("192.0.2.8", "10.0.0.2", port) for port in (79, 80, 90, 91)]
    addresses = [blocked(f"192.0.2.{number}", "10.0.0.2", 80) for number in (7, 8, 9, 10)]
    assert explanations(*ports, rules=rules) == [BY_GROUP, NOTHING, NOTHING, BY_GROUP]
    assert explanations(*addresses, rules=rules) == [BY_GROUP, NOTHING, NOTHING, BY_GROUP]


def test_equivalent_flows_share_one_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    explain = explain_flows.explain
    monkeypatch.setattr(explain_flows, "explain", lambda *given: asked.append(given) or explain(*given))
    strangers = [blocked(f"192.0.2.{number}", "10.0.0.2", 1_000 + number) for number in range(1, 200)]
    assert explanations(*strangers) == [BY_GROUP] * 199
    assert len(asked) == 1
