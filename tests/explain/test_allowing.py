"""What let packets in, as far as the rules tell."""

import json
from dataclasses import replace

import pytest

from flowsentry.explain.allowing import allowance
from flowsentry.explain.packet import Packet
from flowsentry.findings.rejected_packet import End
from flowsentry.inventory.firewall_rules import NetworkAcl, Rules, SecurityGroup
from tests.explain.company import DATA, TAKEN_AT, TCP, acl, arriving, entry, group, inbound, interface, rules

STRANGER = End("203.0.113.99")
SSH = Packet.of(arriving(source=STRANGER, destination_port=22))
ANYWHERE = inbound("sg-data", TCP, (22, 22), cidr="0.0.0.0/0", rule_id="sgr-1")
HOME = entry(100, "allow", "203.0.113.0/24", TCP, 22, 22)


def sentence(*parts: SecurityGroup | NetworkAcl, packet: Packet = SSH) -> str:
    return allowance(packet, rules(*parts)).sentence()


def test_the_group_and_the_network_acl_are_named_each_with_its_rule() -> None:
    assert sentence(group("data", ANYWHERE), acl("data", HOME)) == (
        "allowed by sg-data data-tier: inbound rule sgr-1 for 0.0.0.0/0, "
        "and by network acl acl-data data-b: rule 100 allows tcp/22 from 203.0.113.0/24"
    )


@pytest.mark.parametrize(
    ("closed", "refuser"), [(group("data"), "sg-data data-tier"), (acl("data"), "network acl acl-data data-b")]
)
def test_what_is_refused_now_was_let_in_by_other_rules(closed: SecurityGroup | NetworkAcl, refuser: str) -> None:
    assert sentence(closed).startswith(f"what let it in is unknown: {refuser} refuses it now (no inbound rule ")
    assert sentence(closed).endswith("so the rules changed since")


def test_where_one_of_both_is_not_known_the_other_is_named_and_that_is_said() -> None:
    lone = Rules(TAKEN_AT, groups=(group("data", ANYWHERE),))
    told = allowance(SSH, lone).sentence()
    assert told == (
        "allowed by sg-data data-tier: inbound rule sgr-1 for 0.0.0.0/0; the network acl of subnet-data is not known"
    )


def test_an_end_that_nobody_knows_has_no_rules() -> None:
    told = sentence(packet=replace(SSH, destination=End("10.0.9.9")))
    assert told == "what let it in is unknown: no security group and no network acl is known to be on its way"


def test_an_empty_snapshot_says_what_is_missing() -> None:
    assert allowance(SSH, Rules()).sentence() == "what let it in is unknown: the rules of sg-data are not known"


def test_details_are_plain_and_bounded() -> None:
    groups = [SecurityGroup(f"sg-{number}", "g" * 255, "vpc-1") for number in range(50)]
    near = interface("data", "10.0.9.9", security_groups=tuple(each.group_id for each in groups), owner_name="n" * 255)
    details = allowance(replace(SSH, destination=End("10.0.9.9", near)), rules(*groups)).as_details()
    assert json.loads(json.dumps(details)) == details
    assert (set(details), details["rules_taken_at"]) == ({"sentence", "rules_taken_at"}, TAKEN_AT)
    assert len(details["sentence"]) < 2_000


def test_the_rules_of_the_sender_do_not_count() -> None:
    assert DATA.interface_id != "eni-api"
    assert sentence(group("api"), acl("api")).startswith("allowed by sg-data")
