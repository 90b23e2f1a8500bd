"""Judges packets by network ACLs as AWS documents them."""

from dataclasses import replace
from typing import Any

import pytest

from flowsentry.explain.network_acls import judge_acl
from flowsentry.explain.packet import EPHEMERAL_PORTS, Packet, Ports
from flowsentry.findings.explanation import Judgement, Verdict
from flowsentry.findings.rejected_packet import End
from flowsentry.inventory.firewall_rules import LAST_RULE_NUMBER, AclEntry, Rules
from tests.explain.company import API, DATA, ESP, ICMP, ICMPV6, TCP, UDP, acl, arriving, entry, leaving, rules

LAST = entry(LAST_RULE_NUMBER, "deny", "0.0.0.0/0", -1)
V6 = {"source": End("2001:db8:1::7", API), "destination": End("2001:db8:1::9", DATA)}


def packet(**values: Any) -> Packet:
    return replace(Packet.of(arriving()), **values)


def judged(*entries: AclEntry, is_egress: bool = False, **values: Any) -> Judgement:
    name = "api" if is_egress else "data"
    return judge_acl(packet(**values), rules(acl(name, *entries)), is_egress=is_egress)


def decided(*entries: AclEntry, **values: Any) -> tuple[Verdict, str | None]:
    judgement = judged(*entries, **values)
    return judgement.verdict, judgement.rule


def test_the_matching_entry_with_the_lowest_number_decides() -> None:
    allow, deny = entry(100, "allow", "10.0.0.0/8"), entry(90, "deny", "10.0.3.0/24")
    assert decided(allow, deny) == (Verdict.DENIED, "90")
    assert decided(replace(allow, rule_number=80), deny) == (Verdict.ALLOWED, "80")
    assert decided(allow, replace(deny, cidr="10.0.4.0/24")) == (Verdict.ALLOWED, "100")


@pytest.mark.parametrize("entries", [(), (LAST,)])
def test_a_packet_that_no_entry_matches_is_denied(entries: tuple[AclEntry, ...]) -> None:
    denied = judged(*entries)
    assert (denied.verdict, denied.rule) == (Verdict.DENIED, "*")
    assert denied.reason == "no inbound rule allows tcp/5432 from 10.0.3.7 (i-api api-1)"
    assert denied.change == "an inbound allow rule for tcp/5432 from 10.0.3.7/32 in acl-data would admit it"


def test_the_last_ipv6_entry_is_displayed_as_a_star_too() -> None:
    assert decided(LAST, entry(LAST_RULE_NUMBER + 1, "deny", "::/0", -1), **V6) == (Verdict.DENIED, "*")


def test_a_denying_rule_is_named_with_the_rule_number_that_would_precede_it() -> None:
    denied = judged(entry(90, "deny", "10.0.0.0/23", TCP, 5000, 6000), entry(80, "deny", "10.0.2.0/23"))
    assert f"{denied.who}: {denied.reason}" == "network ACL acl-data data-b: rule 80 denies tcp from 10.0.2.0/23"
    assert denied.change == (
        "rule 80 of acl-data denies tcp from 10.0.2.0/23; an allow rule with a number below 80 would admit it"
    )


def test_no_rule_can_precede_rule_1() -> None:
    assert judged(entry(1, "deny", "10.0.0.0/8", -1)).change == (
        "rule 1 of acl-data denies all traffic from 10.0.0.0/8; "
        "no rule can have a number below 1, so rule 1 itself would have to change"
    )


def test_outbound_rules_match_the_destination() -> None:
    denied = judged(
        leaving(90, "deny", "10.0.9.0/24", TCP, 5432, 5432), leaving(100, "allow", "0.0.0.0/0", -1), is_egress=True
    )
    assert (denied.verdict, denied.reason) == (Verdict.DENIED, "rule 90 denies tcp/5432 to 10.0.9.0/24")
    none = judged(entry(100, "allow", "0.0.0.0/0", -1), is_egress=True)
    assert none.reason == "no outbound rule allows tcp/5432 to 10.0.9.9 (i-data data-1)"


@pytest.mark.parametrize(
    ("allowing", "asked", "expected"),
    [
        (entry(1, "allow", "0.0.0.0/0", TCP, 5432, 5432), {}, Verdict.ALLOWED),
        (entry(1, "allow", "0.0.0.0/0", TCP, 5433, 65_535), {}, Verdict.DENIED),
        (entry(1, "allow", "0.0.0.0/0", UDP, 0, 65_535), {}, Verdict.DENIED),
        (entry(1, "allow", "0.0.0.0/0", -1, 80, 80), {}, Verdict.ALLOWED),
        (entry(1, "allow", "0.0.0.0/0", ESP, 80, 80), {"protocol": ESP}, Verdict.ALLOWED),
        (
            entry(1, "allow", "0.0.0.0/0", ICMPV6, icmp_type=8, icmp_code=0),
            {"protocol": ICMPV6, "icmp_type": 3},
            Verdict.ALLOWED,
        ),
        (entry(1, "allow", "::/0", -1), {}, Verdict.DENIED),
        (entry(1, "allow", "::/0", -1), V6, Verdict.ALLOWED),
        (entry(1, "allow", "0.0.0.0/0", -1), V6, Verdict.DENIED),
    ],
)
def test_an_entry_matches_its_protocol_ports_and_ip_version(
    allowing: AclEntry, asked: dict[str, Any], expected: Verdict
) -> None:
    assert judged(allowing, **asked).verdict is expected


@pytest.mark.parametrize(
    ("type_and_code", "asked", "expected"),
    [
        ((8, -1), (8, 0), Verdict.ALLOWED),
        ((-1, -1), (3, 4), Verdict.ALLOWED),
        ((3, 4), (3, 3), Verdict.DENIED),
        ((8, -1), (None, None), Verdict.UNDETERMINED),
        ((-1, -1), (None, None), Verdict.ALLOWED),
    ],
)
@pytest.mark.parametrize(("protocol", "cidr", "ends"), [(ICMP, "0.0.0.0/0", {}), (ICMPV6, "::/0", V6)])
def test_icmp_entries_match_type_and_code(
    protocol: int,
    cidr: str,
    ends: dict[str, Any],
    type_and_code: tuple[int, int],
    asked: tuple[int | None, int | None],
    expected: Verdict,
) -> None:
    allowing = entry(1, "allow", cidr, protocol, icmp_type=type_and_code[0], icmp_code=type_and_code[1])
    assert judged(allowing, protocol=protocol, icmp_type=asked[0], icmp_code=asked[1], **ends).verdict is expected


def test_an_entry_that_may_match_counts_only_if_the_next_match_decides_otherwise() -> None:
    pings, rest = entry(90, "deny", "0.0.0.0/0", ICMP, icmp_type=8, icmp_code=-1), entry(100, "allow", "0.0.0.0/0", -1)
    unknown = judged(pings, rest, protocol=ICMP)
    assert unknown.verdict is Verdict.UNDETERMINED
    assert (
        unknown.reason == "rule 90 denies icmp type 8 from 0.0.0.0/0, and whether it matches this traffic is not known"
    )
    assert decided(pings, replace(rest, is_allowed=False), protocol=ICMP) == (Verdict.DENIED, "100")
    assert decided(replace(pings, is_allowed=True), rest, protocol=ICMP) == (Verdict.ALLOWED, "100")


def test_within_a_subnet_no_network_acl_is_evaluated() -> None:
    neighbour = End("10.0.3.8", replace(DATA, subnet_id=API.subnet_id, addresses=("10.0.3.8",)))
    judgement = judge_acl(packet(destination=neighbour), rules(acl("api")), is_egress=False)
    assert (judgement.verdict, judgement.reason) == (Verdict.NOT_EVALUATED, "both endpoints are in subnet-api")


def test_a_neighbour_at_its_public_address_is_reached_through_the_network_acl() -> None:
    neighbour = replace(DATA, subnet_id=API.subnet_id, public_addresses=("203.0.113.9",))
    judgement = judge_acl(packet(destination=End("203.0.113.9", neighbour)), rules(acl("api")), is_egress=True)
    assert judgement.verdict is Verdict.DENIED


def test_an_unknown_network_acl_is_undetermined_and_an_unknown_subnet_is_not_evaluated() -> None:
    unknown = judge_acl(packet(), Rules(), is_egress=False)
    assert (unknown.verdict, unknown.reason) == (Verdict.UNDETERMINED, "the network ACL of subnet-data is not known")
    nowhere = judge_acl(packet(destination=End("10.0.9.9")), rules(), is_egress=False)
    assert (nowhere.verdict, nowhere.reason) == (Verdict.NOT_EVALUATED, "the subnet of 10.0.9.9 is not known")


def test_if_the_port_is_unknown_all_ports_are_evaluated() -> None:
    halves = (entry(1, "allow", "0.0.0.0/0", TCP, 0, 32_767), entry(2, "allow", "0.0.0.0/0", TCP, 32_768, 65_535))
    assert decided(*halves, destination_ports=EPHEMERAL_PORTS) == (Verdict.ALLOWED, "1")
    assert decided(destination_ports=EPHEMERAL_PORTS) == (Verdict.DENIED, "*")


def test_if_the_port_is_unknown_the_allowed_ranges_are_named() -> None:
    unknown = judged(
        entry(1, "deny", "0.0.0.0/0", TCP, 40_000, 40_000),
        entry(2, "allow", "0.0.0.0/0", TCP, 32_768, 49_999),
        entry(3, "allow", "0.0.0.0/0", TCP, 50_000, 60_999),
        destination_ports=EPHEMERAL_PORTS,
    )
    assert unknown.verdict is Verdict.UNDETERMINED
    assert unknown.reason == (
        "of tcp/1024-65535 from 10.0.3.7 (i-api api-1), only ports 32768-39999, 40001-60999 are allowed"
    )


@pytest.mark.slow
def test_of_many_allowed_port_ranges_only_some_are_named() -> None:
    even = [entry(port, "allow", "0.0.0.0/0", TCP, port, port) for port in range(2000, 3000, 2)]
    reason = judged(*even, destination_ports=Ports(1024, 65_535)).reason
    assert reason.endswith("only ports 2000, 2002, 2004, others are allowed")


def test_an_invalid_address_is_undetermined() -> None:
    assert judged(entry(1, "allow", "0.0.0.0/0", -1), source=End("-")).verdict is Verdict.UNDETERMINED
