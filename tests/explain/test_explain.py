"""Explains which layer denied a packet, by the record and the rules."""

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


def deniers(refusal: RejectedPacket, *closed: SecurityGroup | NetworkAcl) -> list[str]:
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
def test_the_record_limits_which_layers_can_have_denied_as_in_the_examples_of_aws(
    refusal: RejectedPacket, candidates: list[str]
) -> None:
    assert deniers(refusal, *CLOSED_GROUPS, *CLOSED_ACLS) == candidates


@pytest.mark.parametrize("rejected", [arriving(), departing(), reply(), reply(seen_by="eni-api", direction="ingress")])
def test_the_direction_follows_from_the_end_whose_interface_reported_it(rejected: RejectedPacket) -> None:
    without_direction = replace(rejected, direction=None)
    closed = rules(*CLOSED_GROUPS, *CLOSED_ACLS)
    assert explain(without_direction, closed) == explain(rejected, closed)


def test_without_a_reporting_interface_all_layers_of_the_path_are_evaluated_in_order() -> None:
    refusal = arriving(seen_by="", direction=None)
    assert deniers(refusal, *CLOSED_GROUPS, *CLOSED_ACLS) == ["sg-api", "acl-api", "acl-data", "sg-data"]
    assert deniers(replace(refusal, accepted_other_way=True), *CLOSED_GROUPS, *CLOSED_ACLS) == ["acl-api", "acl-data"]


def test_a_record_of_another_interface_on_the_path_is_not_explained_by_the_rules_of_the_endpoints() -> None:
    explained = explain(arriving(seen_by="eni-gateway"), rules(*CLOSED_GROUPS, *CLOSED_ACLS))
    assert explained.layer is Layer.UNKNOWN
    assert (
        explained.why_unknown
        == "eni-gateway, which rejected it, is not known as the network interface of either endpoint"
    )
    assert explain(arriving(seen_by="eni-api"), rules(*CLOSED_GROUPS)).layer is Layer.UNKNOWN


def test_a_security_group_that_denies_is_named_with_the_missing_rule_and_the_change_that_would_admit() -> None:
    explained = explain(arriving(), rules(group("data")))
    assert (explained.layer, explained.rule, explained.why_unknown) == (Layer.SECURITY_GROUP, None, "")
    sentence = "denied by security group sg-data data-tier: no inbound rule allows tcp/5432 from 10.0.3.7 (i-api api-1)"
    assert explained.sentence() == sentence
    assert explained.change == "an inbound rule for tcp/5432 from 10.0.3.7/32 in sg-data would admit it"
    assert explained.rules_taken_at == TAKEN_AT


def test_details_are_plain_values_with_the_whole_explanation() -> None:
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


def test_details_are_bounded_for_long_names_and_many_groups() -> None:
    groups = [SecurityGroup(f"sg-{number}", "g" * 255, "vpc-1") for number in range(50)]
    far = interface("api", "10.0.3.7", owner_id="o" * 255, owner_name="n" * 255)
    near = replace(DATA, security_groups=tuple(each.group_id for each in groups))
    refusal = arriving(source=End("10.0.3.7", far), destination=End("10.0.9.9", near))
    explained = explain(refusal, rules(*groups, acl("data")))
    assert len(json.dumps(explained.as_details())) < 5_000
    assert "and 47 more" in explained.sentence()


def test_if_two_layers_deny_both_are_named_in_the_order_of_the_path() -> None:
    explained = explain(arriving(), rules(group("data"), acl("data")))
    assert (explained.layer, explained.rule) == (Layer.NETWORK_ACL, "*")
    assert explained.sentence() == (
        "denied by network ACL acl-data data-b: no inbound rule allows tcp/5432 from 10.0.3.7 (i-api api-1), "
        "and by security group sg-data data-tier: no inbound rule allows tcp/5432 from 10.0.3.7 (i-api api-1)"
    )
    assert explained.change == (
        "an inbound allow rule for tcp/5432 from 10.0.3.7/32 in acl-data would admit it; "
        "and an inbound rule for tcp/5432 from 10.0.3.7/32 in sg-data would admit it"
    )
    assert explained.why_unknown == (
        "each of them denies it, and the record does not say which one did; "
        "network ACL acl-data data-b is evaluated first"
    )


def test_a_packet_that_the_rules_allow_now_was_denied_by_earlier_rules() -> None:
    explained = explain(arriving(), rules())
    assert (explained.layer, explained.change) == (Layer.UNKNOWN, "")
    assert explained.why_unknown == (
        "network ACL acl-data data-b (rule 100 allows all traffic from 0.0.0.0/0) and "
        "security group sg-data data-tier (an inbound rule allows traffic from 0.0.0.0/0) allow it now: "
        "the rules have changed since"
    )
    assert explained.sentence() == f"what denied it cannot be determined: {explained.why_unknown}"


@pytest.mark.parametrize(
    ("refusal", "late"),
    [
        (arriving(opens=True), ""),
        (arriving(opens=None), ", or the packets arrived after their connection closed"),
        (arriving(opens=False), ", or the packets, which carry no SYN, arrived after their connection closed"),
        (arriving(opens=None, protocol=UDP), ", or the packets arrived after their connection closed"),
        (reply(), ""),
    ],
)
def test_a_packet_that_the_rules_allow_now_may_have_been_late_unless_it_opened_a_connection(
    refusal: RejectedPacket, late: str
) -> None:
    assert explain(refusal, rules()).why_unknown.partition("the rules have changed since")[2] == late


def test_a_security_group_that_denies_packets_without_syn_needs_no_change_as_they_may_be_late() -> None:
    explained = explain(arriving(opens=False, source_port=443, destination_port=40_000), rules(group("data")))
    assert (explained.layer, explained.change) == (Layer.SECURITY_GROUP, "")
    assert explained.why_unknown == (
        "the packets carry no SYN, and packets of a closed connection are denied in the same way"
    )


def test_a_network_acl_denies_packets_without_syn_like_any_other() -> None:
    explained = explain(arriving(opens=False), rules(acl("data")))
    assert (explained.layer, explained.why_unknown) == (Layer.NETWORK_ACL, "")
    assert "would admit it" in explained.change


@pytest.mark.parametrize(
    ("reason", "layer", "sentence"),
    [
        (
            "BPA",
            Layer.BLOCK_PUBLIC_ACCESS,
            "denied by VPC Block Public Access: it blocks internet gateways in the whole account and Region",
        ),
        (
            "EC",
            Layer.ENCRYPTION_CONTROLS,
            "denied by VPC encryption controls of vpc-1: they enforce encryption, and the traffic was not encrypted",
        ),
    ],
)
def test_the_reject_reason_of_a_record_takes_precedence_over_the_rules(
    reason: str, layer: Layer, sentence: str
) -> None:
    explained = explain(arriving(source=INTERNET, reject_reason=reason), rules(*CLOSED_GROUPS, *CLOSED_ACLS))
    assert (explained.layer, explained.sentence()) == (layer, sentence)
    assert "exclusion" in explained.change


def test_an_unknown_reject_reason_is_ignored() -> None:
    assert explain(arriving(reject_reason="NEW"), rules(group("data"))).layer is Layer.SECURITY_GROUP


def test_an_outside_source_is_named_by_its_address() -> None:
    explained = explain(arriving(source=INTERNET), rules(group("data")))
    assert explained.sentence().endswith("no inbound rule allows tcp/5432 from 203.0.113.99")


def test_an_interface_without_security_groups_is_denied_by_the_network_acl_only() -> None:
    gateway = interface("data", "10.0.9.9", owner_kind="nat gateway", owner_id="nat-1", security_groups=())
    explained = explain(arriving(destination=End("10.0.9.9", gateway)), rules(acl("data")))
    assert [each.layer for each in explained.refused_by] == [Layer.NETWORK_ACL]


def test_a_path_without_any_layer_is_reported_as_such() -> None:
    neighbour = interface("api", "10.0.3.8", subnet_id=API.subnet_id, security_groups=())
    refusal = arriving(destination=End("10.0.3.8", neighbour), seen_by="eni-api")
    explained = explain(refusal, rules(*CLOSED_ACLS))
    assert explained.why_unknown == "no security group or network ACL is known on its path"


def test_an_empty_snapshot_explains_nothing_and_names_the_unknown_rules() -> None:
    explained = explain(arriving(), Rules())
    assert explained.layer is Layer.UNKNOWN
    assert explained.why_unknown == "the network ACL of subnet-data is not known"


def test_a_layer_that_denies_is_named_even_if_another_layer_is_unknown() -> None:
    unknown_group = replace(DATA, security_groups=("sg-gone",))
    explained = explain(arriving(destination=End("10.0.9.9", unknown_group)), rules(acl("data")))
    assert (explained.layer, explained.why_unknown) == (Layer.NETWORK_ACL, "the rules of sg-gone are not known")


def test_if_all_other_layers_allow_the_unknown_one_is_named() -> None:
    peer_group = group("data", inbound("sg-data", peer_group_id="sg-web"))
    explained = explain(arriving(source=End("10.0.3.7")), rules(peer_group))
    assert explained.layer is Layer.UNKNOWN
    assert explained.why_unknown == (
        "only security group sg-data data-tier can have denied it, but a rule of sg-data references sg-web, and "
        "whether 10.0.3.7 is a member is not known"
    )
