"""What groups do with a packet, in the words of AWS's pages."""

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


def test_a_group_without_rules_refuses_everything() -> None:
    assert verdict() is Verdict.REFUSED


def test_what_allows_is_named_with_its_id_where_it_is_known() -> None:
    allowed = judged(replace(inbound("sg-data", cidr="10.0.3.7/32"), rule_id="sgr-1"))
    assert (allowed.verdict, allowed.rule) == (Verdict.ALLOWED, "sgr-1")
    assert f"{allowed.who}: {allowed.reason}" == "sg-data data-tier: inbound rule sgr-1 for 10.0.3.7/32"


def test_outbound_rules_do_not_admit_and_inbound_rules_do_not_let_out() -> None:
    assert verdict(outbound("sg-data", -1, cidr="0.0.0.0/0")) is Verdict.REFUSED
    only_inbound = rules(group("api", inbound("sg-api", -1, cidr="0.0.0.0/0")))
    refused = judge_groups(packet(), only_inbound, is_egress=True)
    assert refused.verdict is Verdict.REFUSED
    assert refused.reason == "no outbound rule for tcp/5432 to 10.0.9.9 (i-data data-1)"
    assert refused.change == "an outbound rule for tcp/5432 to 10.0.9.9/32 in sg-api would admit it"


def test_all_groups_of_an_interface_are_one_set_of_rules() -> None:
    both = replace(DATA, security_groups=("sg-data", "sg-more"))
    asked = packet(destination=End("10.0.9.9", both))
    more = SecurityGroup("sg-more", "more", "vpc-1", (inbound("sg-more", cidr="10.0.0.0/8"),))
    assert judge_groups(asked, rules(group("data"), more), is_egress=False).verdict is Verdict.ALLOWED
    closed = judge_groups(asked, rules(group("data"), replace(more, rules=())), is_egress=False)
    assert closed.who == "sg-data data-tier and sg-more more"
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
def test_a_range_has_its_first_and_its_last_port(ports: tuple[int, int] | None, allowed: bool) -> None:  # noqa: FBT001
    expected = Verdict.ALLOWED if allowed else Verdict.REFUSED
    assert verdict(inbound("sg-data", TCP, ports, cidr="0.0.0.0/0")) is expected


@pytest.mark.parametrize(
    ("protocol", "asked", "expected"),
    [
        (TCP, TCP, Verdict.ALLOWED),
        (TCP, UDP, Verdict.REFUSED),
        (-1, TCP, Verdict.ALLOWED),
        (-1, ICMP, Verdict.ALLOWED),
        (-1, ESP, Verdict.ALLOWED),
        (ESP, ESP, Verdict.ALLOWED),
        (ESP, TCP, Verdict.REFUSED),
        (ICMP, ICMPV6, Verdict.REFUSED),
    ],
)
def test_a_rule_is_about_its_protocol_and_minus_one_about_all(protocol: int, asked: int, expected: Verdict) -> None:
    assert verdict(inbound("sg-data", protocol, cidr="0.0.0.0/0"), protocol=asked) is expected


def test_ports_mean_nothing_for_protocols_without() -> None:
    assert verdict(inbound("sg-data", ESP, (80, 80), cidr="0.0.0.0/0"), protocol=ESP) is Verdict.ALLOWED
    assert verdict(inbound("sg-data", -1, (80, 80), cidr="0.0.0.0/0")) is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("type_and_code", "asked", "expected"),
    [
        ((8, -1), (8, 0), Verdict.ALLOWED),
        ((8, 0), (8, 0), Verdict.ALLOWED),
        ((-1, -1), (3, 4), Verdict.ALLOWED),
        (None, (3, 4), Verdict.ALLOWED),
        ((3, 4), (3, 3), Verdict.REFUSED),
        ((3, -1), (8, 0), Verdict.REFUSED),
        ((8, -1), (None, None), Verdict.UNTOLD),
        ((-1, -1), (None, None), Verdict.ALLOWED),
    ],
)
def test_for_icmp_the_ports_are_type_and_code(
    type_and_code: tuple[int, int] | None, asked: tuple[int | None, int | None], expected: Verdict
) -> None:
    rule = inbound("sg-data", ICMP, type_and_code, cidr="0.0.0.0/0")
    assert verdict(rule, protocol=ICMP, icmp_type=asked[0], icmp_code=asked[1]) is expected


def test_a_type_of_icmp_that_is_not_known_is_said_to_be_not_known() -> None:
    untold = judged(inbound("sg-data", ICMP, (8, -1), cidr="0.0.0.0/0"), asked=packet(protocol=ICMP))
    assert untold.reason == "a rule of sg-data is for some of icmp, and which of it this was is not known"


def test_ipv6_has_rules_of_its_own() -> None:
    asked: dict[str, Any] = {"source": API_V6, "destination": DATA_V6}
    assert verdict(inbound("sg-data", cidr="0.0.0.0/0"), **asked) is Verdict.REFUSED
    assert verdict(inbound("sg-data", cidr="::/0"), **asked) is Verdict.ALLOWED
    assert verdict(inbound("sg-data", cidr="::/0")) is Verdict.REFUSED
    ping: dict[str, Any] = {"protocol": ICMPV6, "icmp_type": 128, "icmp_code": 0}
    assert verdict(inbound("sg-data", ICMPV6, (128, 0), cidr="::/0"), **ping, **asked) is Verdict.ALLOWED
    refused = judged(asked=packet(**asked))
    assert refused.change == "an inbound rule for tcp/5432 from 2001:db8:1::7/128 in sg-data would admit it"


def test_a_reference_to_a_group_means_all_interfaces_that_have_it_also_in_a_peered_vpc() -> None:
    reference = inbound("sg-data", peer_group_id="sg-api")
    assert verdict(reference) is Verdict.ALLOWED
    assert verdict(reference, source=API_V6, destination=DATA_V6) is Verdict.ALLOWED
    assert verdict(reference, source=End("10.0.3.7", replace(API, vpc_id="vpc-peered"))) is Verdict.ALLOWED
    assert verdict(reference, source=End("10.0.3.7", replace(API, security_groups=("sg-other",)))) is Verdict.REFUSED
    assert verdict(reference, source=End("10.0.3.7", replace(API, security_groups=()))) is Verdict.REFUSED


@pytest.mark.parametrize("source", [End("203.0.113.7", API), End("203.0.113.99")])
def test_a_reference_to_a_group_never_means_public_addresses(source: End) -> None:
    assert verdict(inbound("sg-data", peer_group_id="sg-api"), source=source) is Verdict.REFUSED


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(End("10.0.3.7"), id="nobody is known there"),
        pytest.param(End("2001:db8:1::99"), id="nobody is known there, and addresses of IPv6 are all public"),
        pytest.param(End("-"), id="it is no address"),
        pytest.param(End("10.0.3.200", API), id="the address is not known to be the interface's"),
        pytest.param(End("10.0.3.7", replace(API, interface_id="", security_groups=())), id="a pod has no interface"),
    ],
)
def test_whether_someone_is_a_member_of_a_group_may_be_unknown(source: End) -> None:
    untold = judged(inbound("sg-data", peer_group_id="sg-api"), asked=packet(source=source))
    assert untold.verdict is Verdict.UNTOLD
    assert untold.reason == (
        f"a rule of sg-data is for members of sg-api, and whether {source.address} is one is not known"
    )


def test_what_is_not_known_of_one_rule_does_not_matter_where_another_allows_or_it_is_about_something_else() -> None:
    reference = inbound("sg-data", TCP, (5432, 5432), peer_group_id="sg-api")
    unknown = End("10.0.3.7")
    assert verdict(reference, inbound("sg-data", cidr="10.0.3.0/24"), source=unknown) is Verdict.ALLOWED
    assert verdict(reference, source=unknown, destination_ports=Ports(22, 22)) is Verdict.REFUSED


def test_a_prefix_list_means_all_its_blocks() -> None:
    from_offices = inbound("sg-data", prefix_list_id="pl-1")
    assert verdict(from_offices) is Verdict.ALLOWED
    assert verdict(from_offices, source=API_V6, destination=DATA_V6) is Verdict.ALLOWED
    assert verdict(from_offices, source=End("10.0.4.1")) is Verdict.REFUSED


def test_a_prefix_list_that_is_not_known_is_said_to_be_not_known() -> None:
    untold = judged(replace(inbound("sg-data", prefix_list_id="pl-9"), rule_id="sgr-1"))
    assert untold.verdict is Verdict.UNTOLD
    assert untold.reason == "sgr-1 of sg-data is for pl-9, and what that holds is not known"


def test_a_group_that_is_not_known_leaves_open_what_no_other_group_allows() -> None:
    asked = packet(destination=End("10.0.9.9", replace(DATA, security_groups=("sg-data", "sg-shared"))))
    untold = judged(asked=asked)
    assert (untold.verdict, untold.reason) == (Verdict.UNTOLD, "the rules of sg-shared are not known")
    assert untold.who == "sg-data data-tier and sg-shared"
    assert judged(inbound("sg-data", cidr="0.0.0.0/0"), asked=asked).verdict is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("destination", "reason"),
    [
        (End("10.0.9.9"), "10.0.9.9 is of no interface that is known"),
        (
            End("10.0.9.9", replace(DATA, security_groups=(), owner_kind="nat gateway", owner_name="out")),
            "10.0.9.9 (nat gateway out) has no security group",
        ),
    ],
)
def test_where_there_is_no_group_none_is_asked(destination: End, reason: str) -> None:
    told = judged(asked=packet(destination=destination))
    assert (told.verdict, told.reason) == (Verdict.NOT_ASKED, reason)


def test_what_is_no_address_is_never_taken_for_one() -> None:
    assert verdict(inbound("sg-data", cidr="0.0.0.0/0"), source=End("-")) is Verdict.UNTOLD
