"""Explanations follow AWS's documentation, and what is explained with partial knowledge holds with full knowledge."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, combinations

from hypothesis import assume, given
from hypothesis import strategies as st

from flowsentry.explain import explain
from flowsentry.explain.network_acls import judge_acl
from flowsentry.explain.packet import EPHEMERAL_PORTS, Packet, Ports
from flowsentry.explain.packet_path import forward_path, return_path
from flowsentry.explain.security_groups import judge_groups
from flowsentry.findings.explanation import Judgement, Layer, Verdict
from flowsentry.findings.rejected_packet import End, RejectedPacket
from flowsentry.inventory.firewall_rules import AclEntry, GroupRule, NetworkAcl, Rules
from flowsentry.inventory.inventory import Interface
from tests.properties import rule_reference as aws
from tests.properties.rule_strategies import EDGES, ESP, GROUPS, PROTOCOLS, V4, V6, About, pairs, ports, rule_sets
from tests.properties.strategies import law

LAW = law(75)
WITH_TYPES = (aws.ICMP, aws.ICMPV6)


@dataclass(frozen=True)
class Case:
    """Rules, two interfaces, a packet from the first to the second for `explain` and for the reference, and the end
    whose rules are evaluated.
    """

    rules: Rules
    ends: tuple[Interface, Interface]
    packet: Packet
    known: aws.Known
    is_egress: bool

    @property
    def near(self) -> Interface:
        return self.ends[0 if self.is_egress else 1]

    def groups_allow(self) -> bool:
        return aws.groups_allow(self.near, self.known, self.ends, self.rules, egress=self.is_egress)

    def acl_decides(self) -> tuple[bool, int]:
        (acl,) = (each for each in self.rules.acls if self.near.subnet_id in each.subnet_ids)
        return aws.acl_decides(acl, self.known, egress=self.is_egress)

    def both_ways(self) -> "tuple[Case, Case]":
        return replace(self, is_egress=True), replace(self, is_egress=False)

    @property
    def is_within_a_subnet(self) -> bool:
        return self.ends[0].subnet_id == self.ends[1].subnet_id


@st.composite
def cases(draw: st.DrawFn, protocols: tuple[int, ...] = PROTOCOLS) -> Case:
    ends = draw(pairs())
    source, destination = draw(st.sampled_from([V4, V6]))
    protocol, source_port, port = draw(st.sampled_from(protocols)), draw(ports), draw(ports)
    icmp = draw(st.tuples(st.sampled_from([0, 3, 8, 128]), st.sampled_from([0, 4])))
    packet = Packet(
        source=End(source, ends[0]),
        destination=End(destination, ends[1]),
        protocol=protocol,
        source_ports=Ports(source_port, source_port),
        destination_ports=Ports(port, port),
        icmp_type=icmp[0],
        icmp_code=icmp[1],
    )
    known = aws.Known(source, destination, protocol, port, icmp)
    return Case(draw(rule_sets(About(protocol, 6 if ":" in source else 4))), ends, packet, known, draw(st.booleans()))


def told(judgement: Judgement) -> tuple[bool, int] | None:
    """A network ACL's judgement in the form of the reference; None if it was not evaluated."""
    if judgement.verdict is Verdict.NOT_EVALUATED:
        return None
    assert judgement.rule
    return judgement.verdict is Verdict.ALLOWED, aws.STAR if judgement.rule == "*" else int(judgement.rule)


@LAW
@given(cases())
def test_each_layer_decides_as_documented_and_by_the_documented_rule(case: Case) -> None:
    leaving, out, entering, into = forward_path(case.packet, case.rules)
    for groups, acl, way in zip((leaving, into), (out, entering), case.both_ways(), strict=True):
        assert groups.verdict is (Verdict.ALLOWED if way.groups_allow() else Verdict.DENIED)
        assert told(acl) == (None if case.is_within_a_subnet else way.acl_decides())


@LAW
@given(cases((aws.TCP, aws.UDP, ESP)))
def test_a_reply_is_judged_by_network_acls_only_with_the_ports_swapped(case: Case) -> None:
    assume(not case.is_within_a_subnet)
    port = case.packet.source_ports.first
    known = aws.Known(case.known.destination, case.known.source, case.known.protocol, port)
    reply = replace(case, ends=case.ends[::-1], known=known)
    assert [told(each) for each in return_path(case.packet, case.rules)] == [
        each.acl_decides() for each in reply.both_ways()
    ]


@LAW
@given(cases(), st.sampled_from(["a request", "a reply"]))
def test_the_named_layers_are_exactly_those_that_deny_at_the_reporting_interface(case: Case, what: str) -> None:
    groups = what == "a request" and not case.groups_allow()
    acl = not case.is_within_a_subnet and not case.acl_decides()[0]
    refusing = [*[Layer.SECURITY_GROUP] * groups, *[Layer.NETWORK_ACL] * acl]
    explained = explain(refusal_of(case, accepted_other_way=what == "a reply"), case.rules)
    assert [each.layer for each in explained.refused_by] == refusing[:: 1 if case.is_egress else -1]
    assert explained.layer is (explained.refused_by[0].layer if explained.refused_by else Layer.UNKNOWN)
    assert bool(explained.why_unknown) is (len(explained.refused_by) != 1)


def refusal_of(case: Case, *, accepted_other_way: bool) -> RejectedPacket:
    return RejectedPacket(
        source=case.packet.source,
        destination=case.packet.destination,
        protocol=case.packet.protocol,
        source_port=case.packet.source_ports.first,
        destination_port=case.packet.destination_ports.first,
        icmp_type=case.packet.icmp_type,
        icmp_code=case.packet.icmp_code,
        seen_by=case.near.interface_id,
        opens=True,
        accepted_other_way=accepted_other_way,
    )


def holds(verdict: Verdict, truths: set[bool]) -> bool:
    """Whether a verdict with partial knowledge holds in every case."""
    return verdict is Verdict.UNDETERMINED or truths == {verdict is Verdict.ALLOWED}


def of_each_type(case: Case) -> Iterator[Case]:
    for icmp in ((0, 0), (0, 4), (3, 0), (3, 4), (8, 0), (9, 9), (128, 0), (128, 4)):
        yield replace(case, known=replace(case.known, icmp=icmp))


@LAW
@given(cases(WITH_TYPES))
def test_a_verdict_without_the_icmp_type_holds_for_each_type(case: Case) -> None:
    packet = replace(case.packet, icmp_type=None, icmp_code=None)
    groups = judge_groups(packet, case.rules, is_egress=case.is_egress)
    assert holds(groups.verdict, {each.groups_allow() for each in of_each_type(case)})
    acl = judge_acl(packet, case.rules, is_egress=case.is_egress)
    assert case.is_within_a_subnet or holds(acl.verdict, {each.acl_decides()[0] for each in of_each_type(case)})


@LAW
@given(cases())
def test_a_verdict_on_an_unknown_peer_is_given_exactly_if_it_holds_for_any_groups(
    case: Case,
) -> None:
    unknown = End(case.packet.far(is_egress=case.is_egress).address)
    packet = replace(case.packet, destination=unknown) if case.is_egress else replace(case.packet, source=unknown)
    verdict = judge_groups(packet, case.rules, is_egress=case.is_egress).verdict
    subsets = chain.from_iterable(combinations(GROUPS, size) for size in range(4))
    truths = {with_groups_of_the_far_end(case, groups).groups_allow() for groups in subsets}
    assert verdict is {frozenset({True}): Verdict.ALLOWED, frozenset({False}): Verdict.DENIED}.get(
        frozenset(truths), Verdict.UNDETERMINED
    )


def with_groups_of_the_far_end(case: Case, groups: tuple[str, ...]) -> Case:
    one, two = case.ends
    if case.is_egress:
        return replace(case, ends=(one, replace(two, security_groups=groups)))
    return replace(case, ends=(replace(one, security_groups=groups), two))


@LAW
@given(cases((aws.TCP, aws.UDP)))
def test_a_verdict_on_an_unknown_port_is_given_exactly_if_all_or_no_ports_are_allowed(case: Case) -> None:
    assume(not case.is_within_a_subnet)
    packet = replace(case.packet, destination_ports=EPHEMERAL_PORTS)
    verdict = judge_acl(packet, case.rules, is_egress=case.is_egress).verdict
    around = {edge + step for edge in EDGES for step in (-1, 0, 1)} & {*range(1024, 65_536)}
    truths = {replace(case, known=replace(case.known, port=port)).acl_decides()[0] for port in around}
    assert holds(verdict, truths)
    assert verdict is not Verdict.UNDETERMINED or truths == {True, False}


GROUP_CHANGE = re.compile(r"an (inbound|outbound) rule for (?P<what>.+) (?:from|to) (?P<cidr>\S+) in (?:any of )?sg-")
ACL_CHANGE = re.compile(r"an (inbound|outbound) allow rule for (?P<what>.+) (?:from|to) (?P<cidr>\S+) in acl-")
BELOW = re.compile(r"; an allow rule with a number below (\d+) would admit it$")
BY_NAME = {"tcp": aws.TCP, "udp": aws.UDP, "icmp": aws.ICMP, "icmpv6": aws.ICMPV6, "esp": ESP}


def asked_for(what: str) -> tuple[int, int | None, int | None]:
    """The protocol, and the first and last port (or type and code), in a description of traffic."""
    name, *words = re.split(r"[/ ]", what)
    numbers = [int(word) for word in words if word.isdigit()]
    return BY_NAME[name], *((numbers * 2)[:2] if numbers else (None, None))


@LAW
@given(cases())
def test_the_proposed_change_of_a_security_group_admits_the_packet(case: Case) -> None:
    refused = judge_groups(case.packet, case.rules, is_egress=case.is_egress)
    assume(refused.verdict is Verdict.DENIED)
    change = GROUP_CHANGE.match(refused.change)
    assert change
    assert change[1] == ("outbound" if case.is_egress else "inbound")
    rule = GroupRule(case.near.security_groups[0], case.is_egress, *asked_for(change["what"]), cidr=change["cidr"])
    groups = tuple(
        replace(each, rules=(*each.rules, rule)) if each.group_id == rule.group_id else each
        for each in case.rules.groups
    )
    assert replace(case, rules=replace(case.rules, groups=groups)).groups_allow()


@LAW
@given(cases())
def test_the_proposed_change_of_a_network_acl_admits_the_packet(case: Case) -> None:
    refused = judge_acl(case.packet, case.rules, is_egress=case.is_egress)
    assume(refused.verdict is Verdict.DENIED and refused.rule != "1")
    entry = entry_told(case, refused.change)
    assert with_entry(case, entry).acl_decides() == (True, entry.rule_number)


def entry_told(case: Case, change: str) -> AclEntry:
    if below := BELOW.search(change):
        anywhere = "::/0" if ":" in case.known.source else "0.0.0.0/0"
        return AclEntry(int(below[1]) - 1, case.is_egress, is_allowed=True, protocol=-1, cidr=anywhere)
    told = ACL_CHANGE.match(change)
    assert told
    protocol, first, last = asked_for(told["what"])
    allowing = AclEntry(32_766, case.is_egress, is_allowed=True, protocol=protocol, cidr=told["cidr"])
    if protocol in WITH_TYPES:
        return replace(allowing, icmp_type=first, icmp_code=last)
    return replace(allowing, first_port=first, last_port=last)


def with_entry(case: Case, entry: AclEntry) -> Case:
    """The case with the entry in all network ACLs; it replaces an entry with the same number."""

    def changed(acl: NetworkAcl) -> NetworkAcl:
        others = [each for each in acl.entries if each.rule_number != entry.rule_number]
        return replace(acl, entries=(*others, entry))

    return replace(case, rules=replace(case.rules, acls=tuple(changed(each) for each in case.rules.acls)))
