"""Which layer refused, as far as the record and the rules tell."""

import json
from dataclasses import replace

import pytest

from flowsentry.explain import explain
from flowsentry.findings.explanation import Layer
from flowsentry.findings.rejected_packet import End, RejectedPacket
from flowsentry.inventory.firewall_rules import NetworkAcl, Rules, SecurityGroup
from tests.explain.company import (
    API,
    DATA,
    TAKEN_AT,
    UDP,
    acl,
    arriving,
    departing,
    group,
    inbound,
    interface,
    reply,
    rules,
)

CLOSED_GROUPS = (group("api"), group("data"))
CLOSED_ACLS = (acl("api"), acl("data"))
INTERNET = End("203.0.113.99")


def refusers(refusal: RejectedPacket, *closed: SecurityGroup | NetworkAcl) -> list[str]:
    explained = explain(refusal, rules(*closed))
    return [each["id"] for each in explained.as_details()["refused_by"]]


@pytest.mark.parametrize(
    ("refusal", "candidates"),
    [
        pytest.param(arriving(), ["acl-data", "sg-data"], id="inbound reject: the group or the ACL"),
        pytest.param(departing(), ["sg-api", "acl-api"], id="outbound reject: the group or the ACL"),
        pytest.param(reply(), ["acl-data"], id="inbound accept and outbound reject: the ACL"),
        pytest.param(
            reply(seen_by="eni-api", direction="ingress"), ["acl-api"], id="outbound accept and inbound reject: the ACL"
        ),
    ],
)
def test_the_record_narrows_who_can_have_refused_as_the_examples_of_aws_have_it(
    refusal: RejectedPacket, candidates: list[str]
) -> None:
    assert refusers(refusal, *CLOSED_GROUPS, *CLOSED_ACLS) == candidates


@pytest.mark.parametrize("told", [arriving(), departing(), reply(), reply(seen_by="eni-api", direction="ingress")])
def test_the_direction_follows_from_which_end_saw_it(told: RejectedPacket) -> None:
    untold = replace(told, direction=None)
    closed = rules(*CLOSED_GROUPS, *CLOSED_ACLS)
    assert explain(untold, closed) == explain(told, closed)


def test_where_nobody_says_who_saw_it_all_on_the_way_are_asked_in_order() -> None:
    refusal = arriving(seen_by="", direction=None)
    assert refusers(refusal, *CLOSED_GROUPS, *CLOSED_ACLS) == ["sg-api", "acl-api", "acl-data", "sg-data"]
    assert refusers(replace(refusal, accepted_other_way=True), *CLOSED_GROUPS, *CLOSED_ACLS) == ["acl-api", "acl-data"]


def test_a_record_of_an_interface_on_the_way_is_not_explained_by_the_rules_of_the_ends() -> None:
    explained = explain(arriving(seen_by="eni-gateway"), rules(*CLOSED_GROUPS, *CLOSED_ACLS))
    assert explained.layer is Layer.UNKNOWN
    assert explained.why_unknown == "eni-gateway, which refused it, is not known as the interface of either end"
    assert explain(arriving(seen_by="eni-api"), rules(*CLOSED_GROUPS)).layer is Layer.UNKNOWN


def test_a_group_that_refuses_is_named_with_what_it_lacks_and_what_would_admit_it() -> None:
    explained = explain(arriving(), rules(group("data")))
    assert (explained.layer, explained.rule, explained.why_unknown) == (Layer.SECURITY_GROUP, None, "")
    sentence = "refused by sg-data data-tier: no inbound rule for tcp/5432 from 10.0.3.7 (i-api api-1)"
    assert explained.sentence() == sentence
    assert explained.change == "an inbound rule for tcp/5432 from 10.0.3.7/32 in sg-data would admit it"
    assert explained.rules_taken_at == TAKEN_AT


def test_details_are_plain_and_say_it_all() -> None:
    explained = explain(arriving(), rules(group("data")))
    assert json.loads(json.dumps(explained.as_details())) == {
        "layer": "security_group",
        "rule": None,
        "refused_by": [{"id": "sg-data", "name": "data-tier"}],
        "sentence": explained.sentence(),
        "change": explained.change,
        "why_unknown": "",
        "rules_taken_at": TAKEN_AT,
    }


def test_details_are_bounded_whatever_names_and_groups_there_are() -> None:
    groups = [SecurityGroup(f"sg-{number}", "g" * 255, "vpc-1") for number in range(50)]
    far = interface("api", "10.0.3.7", owner_id="o" * 255, owner_name="n" * 255)
    near = replace(DATA, security_groups=tuple(each.group_id for each in groups))
    refusal = arriving(source=End("10.0.3.7", far), destination=End("10.0.9.9", near))
    explained = explain(refusal, rules(*groups, acl("data")))
    assert len(json.dumps(explained.as_details())) < 5_000
    assert "and 47 more" in explained.sentence()


def test_of_two_that_refuse_both_are_named_in_the_order_of_the_way() -> None:
    explained = explain(arriving(), rules(group("data"), acl("data")))
    assert (explained.layer, explained.rule) == (Layer.NETWORK_ACL, "*")
    assert explained.sentence() == (
        "refused by network acl acl-data data-b: no inbound rule allows tcp/5432 from 10.0.3.7 (i-api api-1), "
        "and by sg-data data-tier: no inbound rule for tcp/5432 from 10.0.3.7 (i-api api-1)"
    )
    assert explained.change == (
        "an inbound allow rule for tcp/5432 from 10.0.3.7/32 in acl-data would admit it; "
        "and an inbound rule for tcp/5432 from 10.0.3.7/32 in sg-data would admit it"
    )
    assert explained.why_unknown == (
        "each of them refuses it, and the record does not tell which did; network acl acl-data data-b is met first"
    )


def test_what_is_allowed_now_was_refused_by_other_rules() -> None:
    explained = explain(arriving(), rules())
    assert (explained.layer, explained.change) == (Layer.UNKNOWN, "")
    assert explained.why_unknown == (
        "network acl acl-data data-b (rule 100 allows all traffic from 0.0.0.0/0) and "
        "sg-data data-tier (inbound rule for 0.0.0.0/0) allow it: the rules changed since"
    )
    assert explained.sentence() == f"what refused it is unknown: {explained.why_unknown}"


@pytest.mark.parametrize(
    ("refusal", "late"),
    [
        (arriving(opens=True), ""),
        (arriving(opens=None), ", or the packets came after their connection ended"),
        (arriving(opens=False), ", or the packets, which carry no SYN, came after their connection ended"),
        (arriving(opens=None, protocol=UDP), ", or the packets came after their connection ended"),
        (reply(), ""),
    ],
)
def test_what_is_allowed_now_may_also_have_come_late_unless_it_opened(refusal: RejectedPacket, late: str) -> None:
    assert explain(refusal, rules()).why_unknown.partition("the rules changed since")[2] == late


def test_a_group_without_a_rule_for_packets_without_syn_needs_no_change_as_they_may_be_late() -> None:
    explained = explain(arriving(opens=False, source_port=443, destination_port=40_000), rules(group("data")))
    assert (explained.layer, explained.change) == (Layer.SECURITY_GROUP, "")
    assert explained.why_unknown == (
        "the packets carry no SYN, and those of a connection that ended are refused the same way"
    )


def test_a_network_acl_refuses_packets_without_syn_as_any_other() -> None:
    explained = explain(arriving(opens=False), rules(acl("data")))
    assert (explained.layer, explained.why_unknown) == (Layer.NETWORK_ACL, "")
    assert "would admit it" in explained.change


@pytest.mark.parametrize(
    ("reason", "layer", "sentence"),
    [
        (
            "BPA",
            Layer.BLOCK_PUBLIC_ACCESS,
            "refused by VPC Block Public Access: it blocks internet gateways in the whole account and region",
        ),
        (
            "EC",
            Layer.ENCRYPTION_CONTROLS,
            "refused by VPC encryption controls of vpc-1: they enforce encryption, and the traffic was not encrypted",
        ),
    ],
)
def test_what_the_record_itself_names_is_believed_before_all_rules(reason: str, layer: Layer, sentence: str) -> None:
    explained = explain(arriving(source=INTERNET, reject_reason=reason), rules(*CLOSED_GROUPS, *CLOSED_ACLS))
    assert (explained.layer, explained.sentence()) == (layer, sentence)
    assert "exclusion" in explained.change


def test_a_reason_that_is_not_known_narrows_nothing() -> None:
    assert explain(arriving(reject_reason="NEW"), rules(group("data"))).layer is Layer.SECURITY_GROUP


def test_who_comes_from_outside_is_named_by_address() -> None:
    explained = explain(arriving(source=INTERNET), rules(group("data")))
    assert explained.sentence().endswith("no inbound rule for tcp/5432 from 203.0.113.99")


def test_an_interface_without_groups_is_not_refused_by_its_group() -> None:
    gateway = interface("data", "10.0.9.9", owner_kind="nat gateway", owner_id="nat-1", security_groups=())
    explained = explain(arriving(destination=End("10.0.9.9", gateway)), rules(acl("data")))
    assert [each.layer for each in explained.refused_by] == [Layer.NETWORK_ACL]


def test_where_nothing_can_refuse_that_is_said() -> None:
    neighbour = interface("api", "10.0.3.8", subnet_id=API.subnet_id, security_groups=())
    refusal = arriving(destination=End("10.0.3.8", neighbour), seen_by="eni-api")
    explained = explain(refusal, rules(*CLOSED_ACLS))
    assert explained.why_unknown == "no security group and no network acl is known to be on its way"


def test_an_empty_snapshot_explains_nothing_and_says_what_is_missing() -> None:
    explained = explain(arriving(), Rules())
    assert explained.layer is Layer.UNKNOWN
    assert explained.why_unknown == "the network acl of subnet-data is not known"


def test_what_refuses_is_told_also_where_another_layer_is_not_known() -> None:
    unknown_group = replace(DATA, security_groups=("sg-gone",))
    explained = explain(arriving(destination=End("10.0.9.9", unknown_group)), rules(acl("data")))
    assert (explained.layer, explained.why_unknown) == (Layer.NETWORK_ACL, "the rules of sg-gone are not known")


def test_where_all_others_allow_it_the_one_that_is_not_known_is_named() -> None:
    peer_group = group("data", inbound("sg-data", peer_group_id="sg-web"))
    explained = explain(arriving(source=End("10.0.3.7")), rules(peer_group))
    assert explained.layer is Layer.UNKNOWN
    assert explained.why_unknown == (
        "only sg-data data-tier can have refused it, but a rule of sg-data is for members of sg-web, and whether "
        "10.0.3.7 is one is not known"
    )
