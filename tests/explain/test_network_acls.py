"""What network ACLs do with a packet, in the words of AWS's pages."""

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
    told = judged(*entries, **values)
    return told.verdict, told.rule


def test_the_first_that_matches_in_the_order_of_numbers_decides() -> None:
    allow, deny = entry(100, "allow", "10.0.0.0/8"), entry(90, "deny", "10.0.3.0/24")
    assert decided(allow, deny) == (Verdict.REFUSED, "90")
    assert decided(replace(allow, rule_number=80), deny) == (Verdict.ALLOWED, "80")
    assert decided(allow, replace(deny, cidr="10.0.4.0/24")) == (Verdict.ALLOWED, "100")


@pytest.mark.parametrize("entries", [(), (LAST,)])
def test_what_none_matches_is_denied(entries: tuple[AclEntry, ...]) -> None:
    refused = judged(*entries)
    assert (refused.verdict, refused.rule) == (Verdict.REFUSED, "*")
    assert refused.reason == "no inbound rule allows tcp/5432 from 10.0.3.7 (i-api api-1)"
    assert refused.change == "an inbound allow rule for tcp/5432 from 10.0.3.7/32 in acl-data would admit it"


def test_the_last_entry_of_ipv6_is_a_star_too() -> None:
    assert decided(LAST, entry(LAST_RULE_NUMBER + 1, "deny", "::/0", -1), **V6) == (Verdict.REFUSED, "*")


def test_a_rule_that_denies_is_named_as_it_is_and_with_what_would_come_before_it() -> None:
    refused = judged(entry(90, "deny", "10.0.0.0/23", TCP, 5000, 6000), entry(80, "deny", "10.0.2.0/23"))
    assert f"{refused.who}: {refused.reason}" == "network acl acl-data data-b: rule 80 denies tcp from 10.0.2.0/23"
    assert refused.change == (
        "rule 80 of acl-data denies tcp from 10.0.2.0/23; an allow rule with a number below 80 would admit it"
    )


def test_nothing_comes_before_rule_1() -> None:
    assert judged(entry(1, "deny", "10.0.0.0/8", -1)).change == (
        "rule 1 of acl-data denies all traffic from 10.0.0.0/8; "
        "there is no number below 1, so only with rule 1 changed would it be admitted"
    )


def test_outbound_rules_are_about_the_destination() -> None:
    refused = judged(
        leaving(90, "deny", "10.0.9.0/24", TCP, 5432, 5432), leaving(100, "allow", "0.0.0.0/0", -1), is_egress=True
    )
    assert (refused.verdict, refused.reason) == (Verdict.REFUSED, "rule 90 denies tcp/5432 to 10.0.9.0/24")
    none = judged(entry(100, "allow", "0.0.0.0/0", -1), is_egress=True)
    assert none.reason == "no outbound rule allows tcp/5432 to 10.0.9.9 (i-data data-1)"


@pytest.mark.parametrize(
    ("allowing", "asked", "expected"),
    [
        (entry(1, "allow", "0.0.0.0/0", TCP, 5432, 5432), {}, Verdict.ALLOWED),
        (entry(1, "allow", "0.0.0.0/0", TCP, 5433, 65_535), {}, Verdict.REFUSED),
        (entry(1, "allow", "0.0.0.0/0", UDP, 0, 65_535), {}, Verdict.REFUSED),
        (entry(1, "allow", "0.0.0.0/0", -1, 80, 80), {}, Verdict.ALLOWED),
        (entry(1, "allow", "0.0.0.0/0", ESP, 80, 80), {"protocol": ESP}, Verdict.ALLOWED),
        (
            entry(1, "allow", "0.0.0.0/0", ICMPV6, icmp_type=8, icmp_code=0),
            {"protocol": ICMPV6, "icmp_type": 3},
            Verdict.ALLOWED,
        ),
        (entry(1, "allow", "::/0", -1), {}, Verdict.REFUSED),
        (entry(1, "allow", "::/0", -1), V6, Verdict.ALLOWED),
        (entry(1, "allow", "0.0.0.0/0", -1), V6, Verdict.REFUSED),
    ],
)
def test_an_entry_is_about_its_protocol_its_ports_and_its_version_of_ip(
    allowing: AclEntry, asked: dict[str, Any], expected: Verdict
) -> None:
    assert judged(allowing, **asked).verdict is expected


@pytest.mark.parametrize(
    ("type_and_code", "asked", "expected"),
    [
        ((8, -1), (8, 0), Verdict.ALLOWED),
        ((-1, -1), (3, 4), Verdict.ALLOWED),
        ((3, 4), (3, 3), Verdict.REFUSED),
        ((8, -1), (None, None), Verdict.UNTOLD),
        ((-1, -1), (None, None), Verdict.ALLOWED),
    ],
)
@pytest.mark.parametrize(("protocol", "cidr", "ends"), [(ICMP, "0.0.0.0/0", {}), (ICMPV6, "::/0", V6)])
def test_icmp_is_told_by_type_and_code(
    protocol: int,
    cidr: str,
    ends: dict[str, Any],
    type_and_code: tuple[int, int],
    asked: tuple[int | None, int | None],
    expected: Verdict,
) -> None:
    allowing = entry(1, "allow", cidr, protocol, icmp_type=type_and_code[0], icmp_code=type_and_code[1])
    assert judged(allowing, protocol=protocol, icmp_type=asked[0], icmp_code=asked[1], **ends).verdict is expected


def test_what_is_not_known_of_an_entry_matters_only_where_what_comes_after_does_otherwise() -> None:
    pings, rest = entry(90, "deny", "0.0.0.0/0", ICMP, icmp_type=8, icmp_code=-1), entry(100, "allow", "0.0.0.0/0", -1)
    untold = judged(pings, rest, protocol=ICMP)
    assert untold.verdict is Verdict.UNTOLD
    assert untold.reason == "rule 90 denies icmp type 8 from 0.0.0.0/0, and whether this was that is not known"
    assert decided(pings, replace(rest, is_allowed=False), protocol=ICMP) == (Verdict.REFUSED, "100")
    assert decided(replace(pings, is_allowed=True), rest, protocol=ICMP) == (Verdict.ALLOWED, "100")


def test_within_a_subnet_no_network_acl_is_asked() -> None:
    neighbour = End("10.0.3.8", replace(DATA, subnet_id=API.subnet_id, addresses=("10.0.3.8",)))
    told = judge_acl(packet(destination=neighbour), rules(acl("api")), is_egress=False)
    assert (told.verdict, told.reason) == (Verdict.NOT_ASKED, "both ends are in subnet-api")


def test_a_neighbour_called_by_its_public_address_is_reached_from_outside_the_subnet() -> None:
    neighbour = replace(DATA, subnet_id=API.subnet_id, public_addresses=("203.0.113.9",))
    told = judge_acl(packet(destination=End("203.0.113.9", neighbour)), rules(acl("api")), is_egress=True)
    assert told.verdict is Verdict.REFUSED


def test_a_subnet_without_a_known_acl_is_not_judged() -> None:
    untold = judge_acl(packet(), Rules(), is_egress=False)
    assert (untold.verdict, untold.reason) == (Verdict.UNTOLD, "the network acl of subnet-data is not known")
    nowhere = judge_acl(packet(destination=End("10.0.9.9")), rules(), is_egress=False)
    assert (nowhere.verdict, nowhere.reason) == (Verdict.NOT_ASKED, "10.0.9.9 is in no subnet that is known")


def test_of_ports_that_are_not_known_all_are_asked() -> None:
    halves = (entry(1, "allow", "0.0.0.0/0", TCP, 0, 32_767), entry(2, "allow", "0.0.0.0/0", TCP, 32_768, 65_535))
    assert decided(*halves, destination_ports=EPHEMERAL_PORTS) == (Verdict.ALLOWED, "1")
    assert decided(destination_ports=EPHEMERAL_PORTS) == (Verdict.REFUSED, "*")


def test_of_ports_that_are_not_known_those_that_are_allowed_are_told() -> None:
    untold = judged(
        entry(1, "deny", "0.0.0.0/0", TCP, 40_000, 40_000),
        entry(2, "allow", "0.0.0.0/0", TCP, 32_768, 49_999),
        entry(3, "allow", "0.0.0.0/0", TCP, 50_000, 60_999),
        destination_ports=EPHEMERAL_PORTS,
    )
    assert untold.verdict is Verdict.UNTOLD
    assert untold.reason == (
        "of tcp/1024-65535 from 10.0.3.7 (i-api api-1), only ports 32768-39999, 40001-60999 are allowed"
    )


def test_many_stretches_of_ports_are_not_all_told() -> None:
    even = [entry(port, "allow", "0.0.0.0/0", TCP, port, port) for port in range(2000, 3000, 2)]
    reason = judged(*even, destination_ports=Ports(1024, 65_535)).reason
    assert reason.endswith("only ports 2000, 2002, 2004, others are allowed")


def test_what_is_no_address_is_never_taken_for_one() -> None:
    assert judged(entry(1, "allow", "0.0.0.0/0", -1), source=End("-")).verdict is Verdict.UNTOLD
