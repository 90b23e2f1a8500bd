"""Explains which rules allowed packets in."""

import json
from dataclasses import replace

import pytest

from flowsentry.explain.packet import Packet
from flowsentry.explain.packet_path import allowance
from flowsentry.findings.rejected_packet import End
from flowsentry.inventory.firewall_rules import NetworkAcl, Rules, SecurityGroup
from tests.explain.company import DATA, TAKEN_AT, TCP, acl, arriving, entry, group, inbound, interface, rules

STRANGER = End("203.0.113.99")
SSH = Packet.of(arriving(source=STRANGER, destination_port=22))
ANYWHERE = inbound("sg-data", TCP, (22, 22), cidr="0.0.0.0/0", rule_id="sgr-1")
HOME = entry(100, "allow", "203.0.113.0/24", TCP, 22, 22)


def sentence(*parts: SecurityGroup | NetworkAcl, packet: Packet = SSH) -> str:
    return allowance(packet, rules(*parts)).sentence()


def test_an_allowed_packet_names_the_security_group_and_the_network_acl_with_their_rules() -> None:
    assert sentence(group("data", ANYWHERE), acl("data", HOME)) == (
        "allowed by security group sg-data data-tier: inbound rule sgr-1 allows traffic from 0.0.0.0/0, "
        "and by network ACL acl-data data-b: rule 100 allows tcp/22 from 203.0.113.0/24"
    )


@pytest.mark.parametrize(
    ("closed", "denier"),
    [(group("data"), "security group sg-data data-tier"), (acl("data"), "network ACL acl-data data-b")],
)
def test_a_packet_that_the_rules_deny_now_was_allowed_by_earlier_rules(
    closed: SecurityGroup | NetworkAcl, denier: str
) -> None:
    assert sentence(closed).startswith(
        f"what allowed it cannot be determined: {denier} denies it now (no inbound rule "
    )
    assert sentence(closed).endswith("so the rules have changed since")


def test_if_only_one_of_both_is_known_it_is_named_and_the_other_is_reported_as_unknown() -> None:
    lone = Rules(TAKEN_AT, groups=(group("data", ANYWHERE),))
    actual = allowance(SSH, lone).sentence()
    assert actual == (
        "allowed by security group sg-data data-tier: inbound rule sgr-1 allows traffic from 0.0.0.0/0; "
        "the network ACL of subnet-data is not known"
    )


def test_an_unknown_receiver_has_no_known_rules() -> None:
    actual = sentence(packet=replace(SSH, destination=End("10.0.9.9")))
    assert actual == "what allowed it cannot be determined: no security group or network ACL is known on its path"


def test_an_empty_snapshot_reports_which_rules_are_unknown() -> None:
    actual = allowance(SSH, Rules()).sentence()
    assert actual == "what allowed it cannot be determined: the rules of sg-data are not known"


def test_details_are_plain_values_of_bounded_size() -> None:
    groups = [SecurityGroup(f"sg-{number}", "g" * 255, "vpc-1") for number in range(50)]
    near = interface("data", "10.0.9.9", security_groups=tuple(each.group_id for each in groups), owner_name="n" * 255)
    details = allowance(replace(SSH, destination=End("10.0.9.9", near)), rules(*groups)).as_details()
    assert json.loads(json.dumps(details)) == details
    assert (set(details), details["rules_taken_at"]) == ({"sentence", "rules_taken_at"}, TAKEN_AT)
    assert len(details["sentence"]) < 2_000


def test_the_rules_of_the_sender_are_not_evaluated() -> None:
    assert DATA.interface_id != "eni-api"
    assert sentence(group("api"), acl("api")).startswith("allowed by security group sg-data")
