"""Adds to findings what denied their packets, or what allowed them in."""

from typing import Any

import pytest

from flowsentry.explain.findings import with_explanations
from flowsentry.findings.drafts import NamedFinding
from flowsentry.findings.finding import Finding, Severity
from flowsentry.inventory.address_space import AddressQuery, AddressSpace
from flowsentry.inventory.firewall_rules import NetworkAcl, SecurityGroup
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.source_address import address_of
from tests.explain.company import (
    API,
    DATA,
    TCP,
    acl,
    entry,
    group,
    inbound,
    leaving,
    outbound,
    rules,
)

AT = 1_790_000_000
TO_CLIENTS = leaving(100, "allow", "0.0.0.0/0", TCP, 32_768, 60_999)


def found(kind: str, subject: str = "10.0.3.7", scope: str = "vpc-1", **details: Any) -> Finding:
    defaults = {
        "responder": "10.0.9.9",
        "responder_port": 5432,
        "protocol": "tcp",
        "interface_ids": [],
        "technique": None,
    }
    return Finding("1", kind, Severity.MEDIUM, "", subject, scope, AT, AT, details=defaults | details)


def with_ends(finding: Finding, known: Inventory) -> NamedFinding:
    """The finding with its ends, as its detector asks for them."""
    details = finding.details
    initiator = details.get("initiator") or next(iter(details.get("source_addresses", ())), finding.subject)
    scope = details.get("responder_scope", finding.scope)
    ends = [AddressQuery(scope, address_of(each), AT) for each in (initiator, details["responder"])]
    return NamedFinding(finding, ends, AddressSpace.of(known).owners_of(ends))


def explained(finding: Finding, *parts: SecurityGroup | NetworkAcl) -> dict[str, Any]:
    known = Inventory.of((API, DATA), {"vpc-1": ("10.0.0.0/16",)}, rules(*parts))
    (with_explanation,) = with_explanations([with_ends(finding, known)], known.rules)
    assert {**with_explanation.details, **finding.details} == with_explanation.details
    return dict(with_explanation.details)


def refused_reply(**values: Any) -> Finding:
    defaults = {"initiator": "10.0.3.7", "initiator_port": 40_000, "interface_ids": ["eni-data"]}
    return found("denied_by_acl_reply", **defaults | values)


def test_a_blocked_internal_finding_names_what_denied_it() -> None:
    details = explained(found("blocked_internal", interface_ids=["eni-data"], reject_reason=None), group("data"))
    assert details["refusal"]["sentence"].startswith(
        "denied by security group sg-data data-tier: no inbound rule allows tcp/5432"
    )


def test_a_blocked_egress_finding_names_the_rule_at_the_sender() -> None:
    way_out = {"responder": "198.51.100.7", "responder_port": 443, "interface_ids": ["eni-api"], "reject_reason": None}
    closed = group("api", outbound("sg-api", TCP, (443, 443), cidr="10.0.0.0/8"))
    refusal = explained(found("blocked_egress", **way_out), closed)["refusal"]
    assert (
        refusal["sentence"]
        == "denied by security group sg-api api-tier: no outbound rule allows tcp/443 to 198.51.100.7"
    )
    assert refusal["change"] == "an outbound rule for tcp/443 to 198.51.100.7/32 in sg-api would admit it"


def test_block_public_access_is_named_if_the_record_reports_it() -> None:
    way_out = {"responder": "198.51.100.7", "interface_ids": ["eni-api"], "reject_reason": "BPA"}
    assert explained(found("blocked_egress", **way_out))["refusal"]["layer"] == "block_public_access"


def test_a_denied_reply_names_the_network_acl_of_the_reporting_end_and_never_a_security_group() -> None:
    denied = acl("data", leaving(90, "deny", "10.0.3.0/24", TCP, 1024, 65_535), TO_CLIENTS)
    refusal = explained(refused_reply(), denied, group("data"), group("api"))["refusal"]
    assert (refusal["layer"], refusal["rule"], refusal["why_unknown"]) == ("network_acl", "90", "")
    assert refusal["sentence"] == (
        "denied by network ACL acl-data data-b: rule 90 denies tcp/1024-65535 to 10.0.3.0/24"
    )


def test_a_reply_denied_at_the_receiver_names_the_network_acl_there() -> None:
    refusal = explained(refused_reply(interface_ids=["eni-api"]), acl("api"))["refusal"]
    assert refusal["sentence"].startswith("denied by network ACL acl-api api-b: no inbound rule allows tcp/40000 from")
    assert refusal["change"] == "an inbound allow rule for tcp/1024-65535 from 10.0.9.9/32 in acl-api would admit it"


def test_without_the_clients_port_the_network_acl_is_certain_but_its_rule_may_be_unknown() -> None:
    unknown = refused_reply(initiator_port=None)
    refusal = explained(unknown, acl("data", TO_CLIENTS))["refusal"]
    assert (refusal["layer"], refusal["rule"]) == ("network_acl", None)
    assert refusal["sentence"] == (
        "denied by network ACL acl-data data-b: "
        "of tcp/1024-65535 to 10.0.3.7 (i-api api-1), only ports 32768-60999 are allowed"
    )
    assert refusal["why_unknown"] == "the record does not identify the rule"
    closed = explained(unknown, acl("data"))["refusal"]
    assert (closed["rule"], closed["why_unknown"]) == ("*", "")


def test_a_reply_that_the_rules_allow_now_was_denied_by_earlier_rules() -> None:
    refusal = explained(refused_reply())["refusal"]
    assert refusal["layer"] == "unknown"
    assert refusal["why_unknown"].endswith("the rules have changed since")


def test_a_denied_reply_to_the_outside_is_explained_at_the_inside_end() -> None:
    outside = refused_reply(subject="10.0.9.9", initiator="203.0.113.99", initiator_port=50_000)
    refusal = explained(outside, acl("data", leaving(100, "allow", "10.0.0.0/8", -1)))["refusal"]
    assert refusal["sentence"] == (
        "denied by network ACL acl-data data-b: no outbound rule allows tcp/50000 to 203.0.113.99"
    )


def test_a_remote_login_names_what_allowed_it_in() -> None:
    anywhere = inbound("sg-data", TCP, (22, 22), cidr="0.0.0.0/0", rule_id="sgr-1")
    session = found("remote_login", "203.0.113.99", "public", responder_port=22, responder_scope="vpc-1")
    details = explained(session, group("data", anywhere), acl("data", entry(100, "allow", "0.0.0.0/0", -1)))
    assert details["allowance"]["sentence"] == (
        "allowed by security group sg-data data-tier: inbound rule sgr-1 allows traffic from 0.0.0.0/0, "
        "and by network ACL acl-data data-b: rule 100 allows all traffic from 0.0.0.0/0"
    )


def test_a_public_login_service_names_what_allowed_the_newest_client_in() -> None:
    one = inbound("sg-data", TCP, (22, 22), cidr="203.0.113.99/32", rule_id="sgr-1")
    crowd = found("public_login_service", "10.0.9.9", responder_port=22, initiator="203.0.113.99", initiators=12)
    details = explained(crowd, group("data", one), acl("data", entry(100, "allow", "0.0.0.0/0", -1)))
    assert details["allowance"]["sentence"].startswith(
        "allowed by security group sg-data data-tier: inbound rule sgr-1"
    )


@pytest.mark.parametrize("known", [{"source_addresses": ["2001:db8:1:2::5"]}, {}])
def test_a_session_from_an_ipv6_network_is_explained_by_one_of_its_addresses(known: dict[str, Any]) -> None:
    anywhere = inbound("sg-data", TCP, (22, 22), cidr="2001:db8:1:2::/64", rule_id="sgr-1")
    session = found("remote_login", "2001:db8:1:2::/64", "public", responder_port=22, responder_scope="vpc-1", **known)
    assert "allowance" in explained(session, group("data", anywhere), acl("data"))


def test_many_findings_are_each_explained_by_their_own_endpoints_in_order() -> None:
    anywhere = inbound("sg-data", TCP, (22, 22), cidr="0.0.0.0/0", rule_id="sgr-1")
    session = found("remote_login", "203.0.113.99", "public", responder_port=22, responder_scope="vpc-1")
    blocked = found("blocked_internal", interface_ids=["eni-data"], reject_reason=None)
    parts = (group("data", anywhere), acl("data", entry(100, "allow", "0.0.0.0/0", -1)))
    several = [blocked, found("port_scan"), session, refused_reply(), blocked]
    known = Inventory.of((API, DATA), {"vpc-1": ("10.0.0.0/16",)}, rules(*parts))
    actual = [
        dict(each.details) for each in with_explanations([with_ends(each, known) for each in several], known.rules)
    ]
    assert actual == [explained(each, *parts) for each in several]


@pytest.mark.parametrize("kind", ["port_scan", "records_skipped", "login_brute_force", "a_kind_of_an_earlier_version"])
def test_a_finding_about_no_single_path_is_unchanged(kind: str) -> None:
    assert not {"refusal", "allowance"} & set(explained(found(kind)))
