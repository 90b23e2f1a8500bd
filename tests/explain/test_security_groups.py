"""Judges packets by security groups as AWS documents them."""

from dataclasses import replace
from typing import Any

import pytest

from flowsentry.explain.packet import Packet, Ports
from flowsentry.explain.security_groups import judge_groups
from flowsentry.findings.explanation import Judgement, Verdict
from flowsentry.findings.rejected_packet import End
from flowsentry.inventory.firewall_rules import GroupRule, PrefixList, SecurityGroup
from tests.explain.company import API, DATA, ESP, ICMP, ICMPV6, TCP, UDP, arriving, group, inbound, outbound, rules

API_V6, DATA_V6 = End("2001:db8:1::7", API), End("2001:db8:1::9", DATA)
OFFICES = PrefixList("pl-1", "offices", ("192.0.2.0/24", "10.0.3.0/24", "2001:db8:1::/64"))


def packet(**values: Any) -> Packet:
    return replace(Packet.of(arriving()), **values)


def judged(*group_rules: GroupRule, asked: Packet | None = None, lists: tuple[PrefixList, ...] = ()) -> Judgement:
    return judge_groups(asked or packet(), rules(group("data", *group_rules), *lists), is_egress=False)


def verdict(*group_rules: GroupRule, **values: Any) -> Verdict:
    return judged(*group_rules, asked=packet(**values), lists=(OFFICES,)).verdict


def test_a_security_group_without_rules_denies_everything() -> None:
    assert verdict() is Verdict.DENIED


def test_an_allowing_rule_is_named_with_its_id() -> None:
    allowed = judged(replace(inbound("sg-data", cidr="10.0.3.7/32"), rule_id="sgr-1"))
    assert (allowed.verdict, allowed.rule) == (Verdict.ALLOWED, "sgr-1")
    assert f"{allowed.who}: {allowed.reason}" == (
        "security group sg-data data-tier: inbound rule sgr-1 allows traffic from 10.0.3.7/32"
    )


def test_inbound_and_outbound_rules_are_separate() -> None:
    assert verdict(outbound("sg-data", -1, cidr="0.0.0.0/0")) is Verdict.DENIED
    only_inbound = rules(group("api", inbound("sg-api", -1, cidr="0.0.0.0/0")))
    denied = judge_groups(packet(), only_inbound, is_egress=True)
    assert denied.verdict is Verdict.DENIED
    assert denied.reason == "no outbound rule allows tcp/5432 to 10.0.9.9 (i-data data-1)"
    assert denied.change == "an outbound rule for tcp/5432 to 10.0.9.9/32 in sg-api would admit it"


def test_all_security_groups_of_an_interface_form_one_set_of_rules() -> None:
    both = replace(DATA, security_groups=("sg-data", "sg-more"))
    asked = packet(destination=End("10.0.9.9", both))
    more = SecurityGroup("sg-more", "more", "vpc-1", (inbound("sg-more", cidr="10.0.0.0/8"),))
    assert judge_groups(asked, rules(group("data"), more), is_egress=False).verdict is Verdict.ALLOWED
    closed = judge_groups(asked, rules(group("data"), replace(more, rules=())), is_egress=False)
    assert closed.who == "security groups sg-data data-tier and sg-more more"
    assert closed.change.endswith("in any of sg-data, sg-more would admit it")


@pytest.mark.parametrize(
    ("ports", "allowed"),
    [
        ((5432, 5432), True),
        ((5431, 5433), True),
        ((0, 65_535), True),
        (None, True),
        ((0, 5431), False),
        ((5433, 65_535), False),
    ],
)
def test_a_port_range_includes_its_first_and_last_port(ports: tuple[int, int] | None, allowed: bool) -> None:  # noqa: FBT001
    expected = Verdict.ALLOWED if allowed else Verdict.DENIED
    assert verdict(inbound("sg-data", TCP, ports, cidr="0.0.0.0/0")) is expected


@pytest.mark.parametrize(
    ("protocol", "asked", "expected"),
    [
        (TCP, TCP, Verdict.ALLOWED),
        (TCP, UDP, Verdict.DENIED),
        (-1, TCP, Verdict.ALLOWED),
        (-1, ICMP, Verdict.ALLOWED),
        (-1, ESP, Verdict.ALLOWED),
        (ESP, ESP, Verdict.ALLOWED),
        (ESP, TCP, Verdict.DENIED),
        (ICMP, ICMPV6, Verdict.DENIED),
    ],
)
def test_a_rule_matches_its_protocol_and_minus_one_matches_all(protocol: int, asked: int, expected: Verdict) -> None:
    assert verdict(inbound("sg-data", protocol, cidr="0.0.0.0/0"), protocol=asked) is expected


def test_ports_are_ignored_for_protocols_without_ports() -> None:
    assert verdict(inbound("sg-data", ESP, (80, 80), cidr="0.0.0.0/0"), protocol=ESP) is Verdict.ALLOWED
    assert verdict(inbound("sg-data", -1, (80, 80), cidr="0.0.0.0/0")) is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("type_and_code", "asked", "expected"),
    [
        ((8, -1), (8, 0), Verdict.ALLOWED),
        ((8, 0), (8, 0), Verdict.ALLOWED),
        ((-1, -1), (3, 4), Verdict.ALLOWED),
        (None, (3, 4), Verdict.ALLOWED),
        ((3, 4), (3, 3), Verdict.DENIED),
        ((3, -1), (8, 0), Verdict.DENIED),
        ((8, -1), (None, None), Verdict.UNDETERMINED),
        ((-1, -1), (None, None), Verdict.ALLOWED),
    ],
)
def test_for_icmp_the_port_fields_are_type_and_code(
    type_and_code: tuple[int, int] | None, asked: tuple[int | None, int | None], expected: Verdict
) -> None:
    rule = inbound("sg-data", ICMP, type_and_code, cidr="0.0.0.0/0")
    assert verdict(rule, protocol=ICMP, icmp_type=asked[0], icmp_code=asked[1]) is expected


def test_an_unknown_icmp_type_is_reported() -> None:
    unknown = judged(inbound("sg-data", ICMP, (8, -1), cidr="0.0.0.0/0"), asked=packet(protocol=ICMP))
    assert unknown.reason == "a rule of sg-data covers only part of icmp, and which part this was is not known"


def test_ipv6_traffic_needs_ipv6_rules() -> None:
    asked: dict[str, Any] = {"source": API_V6, "destination": DATA_V6}
    assert verdict(inbound("sg-data", cidr="0.0.0.0/0"), **asked) is Verdict.DENIED
    assert verdict(inbound("sg-data", cidr="::/0"), **asked) is Verdict.ALLOWED
    assert verdict(inbound("sg-data", cidr="::/0")) is Verdict.DENIED
    ping: dict[str, Any] = {"protocol": ICMPV6, "icmp_type": 128, "icmp_code": 0}
    assert verdict(inbound("sg-data", ICMPV6, (128, 0), cidr="::/0"), **ping, **asked) is Verdict.ALLOWED
    denied = judged(asked=packet(**asked))
    assert denied.change == "an inbound rule for tcp/5432 from 2001:db8:1::7/128 in sg-data would admit it"


def test_a_group_reference_covers_all_interfaces_with_the_group_even_in_a_peered_vpc() -> None:
    reference = inbound("sg-data", peer_group_id="sg-api")
    assert verdict(reference) is Verdict.ALLOWED
    assert verdict(reference, source=API_V6, destination=DATA_V6) is Verdict.ALLOWED
    assert verdict(reference, source=End("10.0.3.7", replace(API, vpc_id="vpc-peered"))) is Verdict.ALLOWED
    assert verdict(reference, source=End("10.0.3.7", replace(API, security_groups=("sg-other",)))) is Verdict.DENIED
    assert verdict(reference, source=End("10.0.3.7", replace(API, security_groups=()))) is Verdict.DENIED


@pytest.mark.parametrize("source", [End("203.0.113.7", API), End("203.0.113.99")])
def test_a_group_reference_never_covers_public_addresses(source: End) -> None:
    assert verdict(inbound("sg-data", peer_group_id="sg-api"), source=source) is Verdict.DENIED


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(End("10.0.3.7"), id="no interface is known at the address"),
        pytest.param(End("2001:db8:1::99"), id="no interface is known at the IPv6 address"),
        pytest.param(End("-"), id="it is no address"),
        pytest.param(End("10.0.3.200", API), id="the address is not known to be the interface's"),
        pytest.param(End("10.0.3.7", replace(API, interface_id="", security_groups=())), id="a pod has no interface"),
    ],
)
def test_the_membership_of_an_unknown_address_is_undetermined(source: End) -> None:
    unknown = judged(inbound("sg-data", peer_group_id="sg-api"), asked=packet(source=source))
    assert unknown.verdict is Verdict.UNDETERMINED
    assert unknown.reason == (
        f"a rule of sg-data references sg-api, and whether {source.address} is a member is not known"
    )


def test_an_undetermined_rule_is_irrelevant_if_another_allows_or_its_ports_differ() -> None:
    reference = inbound("sg-data", TCP, (5432, 5432), peer_group_id="sg-api")
    stranger = End("10.0.3.7")
    assert verdict(reference, inbound("sg-data", cidr="10.0.3.0/24"), source=stranger) is Verdict.ALLOWED
    assert verdict(reference, source=stranger, destination_ports=Ports(22, 22)) is Verdict.DENIED


def test_a_prefix_list_covers_all_its_cidr_blocks() -> None:
    from_offices = inbound("sg-data", prefix_list_id="pl-1")
    assert verdict(from_offices) is Verdict.ALLOWED
    assert verdict(from_offices, source=API_V6, destination=DATA_V6) is Verdict.ALLOWED
    assert verdict(from_offices, source=End("10.0.4.1")) is Verdict.DENIED


def test_an_unknown_prefix_list_is_reported() -> None:
    unknown = judged(replace(inbound("sg-data", prefix_list_id="pl-9"), rule_id="sgr-1"))
    assert unknown.verdict is Verdict.UNDETERMINED
    assert unknown.reason == "sgr-1 of sg-data references pl-9, whose entries are not known"


def test_an_unknown_security_group_is_undetermined_unless_another_group_allows() -> None:
    asked = packet(destination=End("10.0.9.9", replace(DATA, security_groups=("sg-data", "sg-shared"))))
    unknown = judged(asked=asked)
    assert (unknown.verdict, unknown.reason) == (Verdict.UNDETERMINED, "the rules of sg-shared are not known")
    assert unknown.who == "security groups sg-data data-tier and sg-shared"
    assert judged(inbound("sg-data", cidr="0.0.0.0/0"), asked=asked).verdict is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("destination", "reason"),
    [
        (End("10.0.9.9"), "no known network interface has 10.0.9.9"),
        (
            End("10.0.9.9", replace(DATA, security_groups=(), owner_kind="nat gateway", owner_name="out")),
            "10.0.9.9 (nat gateway out) has no security group",
        ),
    ],
)
def test_without_a_security_group_none_is_evaluated(destination: End, reason: str) -> None:
    judgement = judged(asked=packet(destination=destination))
    assert (judgement.verdict, judgement.reason) == (Verdict.NOT_EVALUATED, reason)


def test_an_invalid_address_is_undetermined() -> None:
    assert verdict(inbound("sg-data", cidr="0.0.0.0/0"), source=End("-")) is Verdict.UNDETERMINED
