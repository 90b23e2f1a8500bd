"""Judges a packet by the network ACL of a subnet.

Entries are evaluated in the order of their numbers; the first that matches decides, and what none matches is denied.
Network ACLs are stateless: a reply is evaluated like any other packet.
https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from flowsentry.explain.descriptions import (
    describe_end,
    describe_entry_traffic,
    describe_traffic,
    rule_direction,
    rule_preposition,
    shortened,
    single_address_block,
)
from flowsentry.explain.matching import Match, all_match, matches_address, matches_code, matches_ports, matches_protocol
from flowsentry.explain.packet import EPHEMERAL_PORTS, WITH_PORTS, Packet, Ports
from flowsentry.findings.explanation import Judgement, Layer, Resource, Verdict
from flowsentry.inventory.firewall_rules import ALL, LAST_RULE_NUMBER, AclEntry, NetworkAcl, Rules
from flowsentry.records.code_names import ICMP, ICMPV6

MAX_NAMED_RANGES = 3
"""Port ranges that a sentence names when a network ACL allows some and denies others. Higher: longer sentences. Lower:
more ranges are left out."""


class Decision(NamedTuple):
    """The entry that decides on a packet; None if `possible` entries may or may not match it."""

    packet: Packet
    entry: AclEntry | None
    possible: tuple[AclEntry, ...] = ()

    @property
    def verdict(self) -> Verdict:
        if self.entry is None:
            return Verdict.UNDETERMINED
        return Verdict.ALLOWED if self.entry.is_allowed else Verdict.DENIED


def judge_acl(packet: Packet, rules: Rules, *, is_egress: bool) -> Judgement:
    """The judgement of the network ACL at the sender's subnet (egress) or the receiver's (ingress). NOT_EVALUATED if
    both ends are in one subnet or the subnet is not known.
    """
    near = packet.near(is_egress=is_egress)
    subnet_id = near.network_interface.subnet_id if near.network_interface else ""
    if not subnet_id:
        return _judgement(Verdict.NOT_EVALUATED, f"the subnet of {near.address} is not known", is_egress=is_egress)
    if not packet.leaves_its_subnet:
        return _judgement(Verdict.NOT_EVALUATED, f"both endpoints are in {subnet_id}", is_egress=is_egress)
    acl = rules.acl_of(subnet_id)
    if acl is None:
        reason = f"the network ACL of {subnet_id} is not known"
        return _judgement(Verdict.UNDETERMINED, reason, is_egress=is_egress)
    decisions = [_decision(each, acl, is_egress=is_egress) for each in _by_ports(packet, acl, is_egress=is_egress)]
    return _combined(packet, acl, decisions, is_egress=is_egress)


def _by_ports(packet: Packet, acl: NetworkAcl, *, is_egress: bool) -> Iterator[Packet]:
    """The packet. If its port can be one of many: one packet for each port range that every entry covers completely or
    not at all.
    """
    ports = packet.destination_ports
    ranges = [(each.first_port, each.last_port) for each in acl.entries_for(is_egress=is_egress)]
    edges = {edge for first, last in ranges if first is not None and last is not None for edge in (first, last + 1)}
    starts = [ports.first, *sorted(edge for edge in edges if ports.first < edge <= ports.last), ports.last + 1]
    if packet.protocol not in WITH_PORTS:
        yield packet
        return
    for start, after in pairwise(starts):
        yield replace(packet, destination_ports=Ports(start, after - 1))


def _decision(packet: Packet, acl: NetworkAcl, *, is_egress: bool) -> Decision:
    possible: list[AclEntry] = []
    for entry in (*acl.entries_for(is_egress=is_egress), _denying_all(packet, is_egress=is_egress)):
        match = _matches(entry, packet)
        if match is None:
            possible.append(entry)
        elif match and all(each.is_allowed is entry.is_allowed for each in possible):
            return Decision(packet, entry)
        elif match:
            break
    return Decision(packet, None, tuple(possible))


def _denying_all(packet: Packet, *, is_egress: bool) -> AclEntry:
    """The last entry of every network ACL (`*`), which cannot be removed, for the packet's IP version."""
    anywhere = "::/0" if ":" in packet.far(is_egress=is_egress).address else "0.0.0.0/0"
    return AclEntry(LAST_RULE_NUMBER, is_egress, is_allowed=False, protocol=ALL, cidr=anywhere)


def _matches(entry: AclEntry, packet: Packet) -> Match:
    """Whether the entry matches the packet. Compares ports for TCP and UDP; type and code for ICMP, and for ICMPv6 if
    the CIDR block is IPv6; neither for other protocols.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html
    """
    far = packet.far(is_egress=entry.is_egress)
    conditions = [matches_protocol(entry.protocol, packet.protocol), matches_address(entry.cidr, far.address)]
    if entry.protocol in WITH_PORTS:
        conditions += [matches_ports(entry.first_port, entry.last_port, packet.destination_ports)]
    elif entry.protocol == ICMP or (entry.protocol == ICMPV6 and ":" in entry.cidr):
        conditions += [matches_code(entry.icmp_type, packet.icmp_type), matches_code(entry.icmp_code, packet.icmp_code)]
    return all_match(conditions)


def _combined(packet: Packet, acl: NetworkAcl, decisions: list[Decision], *, is_egress: bool) -> Judgement:
    verdicts = {each.verdict for each in decisions}
    resource = (Resource(acl.acl_id, shortened(acl.name)),)
    deciding = {each.entry.rule_number: each.entry for each in decisions if each.entry}
    if verdicts == {Verdict.ALLOWED}:
        first = deciding[min(deciding)]
        return _judgement(Verdict.ALLOWED, _in_words(first), resource, first, is_egress=is_egress)
    if verdicts == {Verdict.DENIED}:
        return _denied(packet, acl, deciding[min(deciding)], is_egress=is_egress)
    reason = _possible_match(decisions) or _allowed_in_part(packet, decisions, is_egress=is_egress)
    return _judgement(Verdict.UNDETERMINED, reason, resource, is_egress=is_egress)


def _denied(packet: Packet, acl: NetworkAcl, entry: AclEntry, *, is_egress: bool) -> Judgement:
    far = packet.far(is_egress=is_egress)
    kind, preposition = rule_direction(is_egress=is_egress), rule_preposition(is_egress=is_egress)
    number = entry.rule_number
    reason = _in_words(entry)
    change = f"rule {number} of {acl.acl_id} {_does(entry)}"
    if number >= LAST_RULE_NUMBER:
        reason = f"no {kind} rule allows {describe_traffic(packet)} {preposition} {describe_end(far)}"
        wanted = f"{describe_traffic(_with_any_client_port(packet))} {preposition} {single_address_block(far.address)}"
        change = f"an {kind} allow rule for {wanted} in {acl.acl_id} would admit it"
    elif number > 1:
        change += f"; an allow rule with a number below {number} would admit it"
    else:
        change += "; no rule can have a number below 1, so rule 1 itself would have to change"
    resource = (Resource(acl.acl_id, shortened(acl.name)),)
    return replace(_judgement(Verdict.DENIED, reason, resource, entry, is_egress=is_egress), change=change)


def _with_any_client_port(packet: Packet) -> Packet:
    """The packet; a reply with all ephemeral ports, since the client's next connection uses another port."""
    return replace(packet, destination_ports=EPHEMERAL_PORTS) if packet.is_reply else packet


def _in_words(entry: AclEntry) -> str:
    """`rule 90 denies tcp/5432 from 10.20.0.0/23`."""
    return f"rule {entry.displayed_number} {_does(entry)}"


def _does(entry: AclEntry) -> str:
    verb, preposition = "allows" if entry.is_allowed else "denies", rule_preposition(is_egress=entry.is_egress)
    return f"{verb} {describe_entry_traffic(entry)} {preposition} {entry.cidr}"


def _possible_match(decisions: Iterable[Decision]) -> str:
    possible = (_in_words(entry) for each in decisions for entry in each.possible)
    return next((f"{each}, and whether it matches this traffic is not known" for each in possible), "")


def _allowed_in_part(packet: Packet, decisions: Iterable[Decision], *, is_egress: bool) -> str:
    allowed: list[Ports] = []
    for ports in (each.packet.destination_ports for each in decisions if each.verdict is Verdict.ALLOWED):
        adjacent = allowed and allowed[-1].last + 1 == ports.first
        allowed[-1:] = [Ports(allowed[-1].first, ports.last)] if adjacent else [*allowed[-1:], ports]
    named = [str(each) for each in allowed[:MAX_NAMED_RANGES]] + ["others"] * (len(allowed) > MAX_NAMED_RANGES)
    far = packet.far(is_egress=is_egress)
    return (
        f"of {describe_traffic(packet)} {rule_preposition(is_egress=is_egress)} {describe_end(far)}, "
        f"only ports {', '.join(named)} are allowed"
    )


def _judgement(
    verdict: Verdict,
    reason: str,
    resources: tuple[Resource, ...] = (),
    entry: AclEntry | None = None,
    *,
    is_egress: bool,
) -> Judgement:
    return Judgement(
        layer=Layer.NETWORK_ACL,
        is_egress=is_egress,
        verdict=verdict,
        reason=reason,
        resources=resources,
        rule=entry.displayed_number if entry else None,
    )
