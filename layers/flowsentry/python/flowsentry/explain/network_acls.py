"""What the network ACL of a subnet does with a packet.

Entries are asked in the order of their numbers, the first that matches decides, and what none matches is denied. They
are stateless: a reply is asked about as any other packet.
https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from flowsentry.explain.matching import Told, every, holds_address, holds_code, holds_ports, holds_protocol
from flowsentry.explain.packet import EPHEMERAL_PORTS, ICMP, ICMPV6, WITH_PORTS, Packet, Ports
from flowsentry.explain.wording import (
    direction,
    end_in_words,
    entry_traffic,
    name_in_words,
    only,
    preposition,
    traffic,
)
from flowsentry.findings.explanation import Judgement, Layer, Resource, Verdict
from flowsentry.inventory.firewall_rules import ALL, LAST_RULE_NUMBER, AclEntry, NetworkAcl, Rules

MAX_NAMED_STRETCHES = 3
"""Of ports that an ACL allows where it denies others. More: longer sentences. Fewer: less told."""


class Decision(NamedTuple):
    """The entry that decides about a packet; None where `doubts` are entries that may or may not be about it."""

    packet: Packet
    entry: AclEntry | None
    doubts: tuple[AclEntry, ...] = ()

    @property
    def verdict(self) -> Verdict:
        if self.entry is None:
            return Verdict.UNTOLD
        return Verdict.ALLOWED if self.entry.is_allowed else Verdict.REFUSED


def judge_acl(packet: Packet, rules: Rules, *, is_egress: bool) -> Judgement:
    """The judgement of the network ACL at the near end. It is not asked within a subnet, nor where there is no subnet
    that is known.
    """
    near = packet.near(is_egress=is_egress)
    subnet_id = near.network_interface.subnet_id if near.network_interface else ""
    if not subnet_id:
        return _judgement(Verdict.NOT_ASKED, f"{near.address} is in no subnet that is known", is_egress=is_egress)
    if not packet.leaves_its_subnet:
        return _judgement(Verdict.NOT_ASKED, f"both ends are in {subnet_id}", is_egress=is_egress)
    acl = rules.acl_of(subnet_id)
    if acl is None:
        reason = f"the network acl of {subnet_id} is not known"
        return _judgement(Verdict.UNTOLD, reason, is_egress=is_egress)
    decisions = [_decision(each, acl, is_egress=is_egress) for each in _by_ports(packet, acl, is_egress=is_egress)]
    return _together(packet, acl, decisions, is_egress=is_egress)


def _by_ports(packet: Packet, acl: NetworkAcl, *, is_egress: bool) -> Iterator[Packet]:
    """The packet; where its port can be one of many, one for each stretch of ports that no entry has only some of."""
    asked = packet.destination_ports
    ranges = [(each.first_port, each.last_port) for each in acl.entries_for(is_egress=is_egress)]
    edges = {edge for first, last in ranges if first is not None and last is not None for edge in (first, last + 1)}
    starts = [asked.first, *sorted(edge for edge in edges if asked.first < edge <= asked.last), asked.last + 1]
    if packet.protocol not in WITH_PORTS:
        yield packet
        return
    for start, after in pairwise(starts):
        yield replace(packet, destination_ports=Ports(start, after - 1))


def _decision(packet: Packet, acl: NetworkAcl, *, is_egress: bool) -> Decision:
    doubts: list[AclEntry] = []
    for entry in (*acl.entries_for(is_egress=is_egress), _denying_all(packet, is_egress=is_egress)):
        told = _is_about(entry, packet)
        if told is None:
            doubts.append(entry)
        elif told and all(each.is_allowed is entry.is_allowed for each in doubts):
            return Decision(packet, entry)
        elif told:
            break
    return Decision(packet, None, tuple(doubts))


def _denying_all(packet: Packet, *, is_egress: bool) -> AclEntry:
    """The last entry of every ACL, which can't be removed, for the packet's version of IP."""
    anywhere = "::/0" if ":" in packet.far(is_egress=is_egress).address else "0.0.0.0/0"
    return AclEntry(LAST_RULE_NUMBER, is_egress, is_allowed=False, protocol=ALL, cidr=anywhere)


def _is_about(entry: AclEntry, packet: Packet) -> Told:
    """Ports count for TCP and UDP; types and codes for ICMP, and for that of IPv6 where the block is IPv6; nothing for
    all other protocols.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html
    """
    far = packet.far(is_egress=entry.is_egress)
    conditions = [holds_protocol(entry.protocol, packet.protocol), holds_address(entry.cidr, far.address)]
    if entry.protocol in WITH_PORTS:
        conditions += [holds_ports(entry.first_port, entry.last_port, packet.destination_ports)]
    elif entry.protocol == ICMP or (entry.protocol == ICMPV6 and ":" in entry.cidr):
        conditions += [holds_code(entry.icmp_type, packet.icmp_type), holds_code(entry.icmp_code, packet.icmp_code)]
    return every(conditions)


def _together(packet: Packet, acl: NetworkAcl, decisions: list[Decision], *, is_egress: bool) -> Judgement:
    verdicts = {each.verdict for each in decisions}
    resource = (Resource(acl.acl_id, name_in_words(acl.name)),)
    deciding = {each.entry.rule_number: each.entry for each in decisions if each.entry}
    if verdicts == {Verdict.ALLOWED}:
        first = deciding[min(deciding)]
        return _judgement(Verdict.ALLOWED, _told(first), resource, first, is_egress=is_egress)
    if verdicts == {Verdict.REFUSED}:
        return _refused(packet, acl, deciding[min(deciding)], is_egress=is_egress)
    reason = _doubt(decisions) or _allowed_in_part(packet, decisions, is_egress=is_egress)
    return _judgement(Verdict.UNTOLD, reason, resource, is_egress=is_egress)


def _refused(packet: Packet, acl: NetworkAcl, entry: AclEntry, *, is_egress: bool) -> Judgement:
    far = packet.far(is_egress=is_egress)
    kind, led = direction(is_egress=is_egress), preposition(is_egress=is_egress)
    number = entry.rule_number
    reason = _told(entry)
    change = f"rule {number} of {acl.acl_id} {_does(entry)}"
    if number >= LAST_RULE_NUMBER:
        reason = f"no {kind} rule allows {traffic(packet)} {led} {end_in_words(far)}"
        wanted = f"{traffic(_alike(packet))} {led} {only(far.address)} in {acl.acl_id}"
        change = f"an {kind} allow rule for {wanted} would admit it"
    elif number > 1:
        change += f"; an allow rule with a number below {number} would admit it"
    else:
        change += "; there is no number below 1, so only with rule 1 changed would it be admitted"
    resource = (Resource(acl.acl_id, name_in_words(acl.name)),)
    return replace(_judgement(Verdict.REFUSED, reason, resource, entry, is_egress=is_egress), change=change)


def _alike(packet: Packet) -> Packet:
    """The packet with all like it: the client's next connection has another port for replies."""
    return replace(packet, destination_ports=EPHEMERAL_PORTS) if packet.is_reply else packet


def _told(entry: AclEntry) -> str:
    """`rule 90 denies tcp/5432 from 10.20.0.0/23`."""
    return f"rule {entry.number_in_words} {_does(entry)}"


def _does(entry: AclEntry) -> str:
    verb, led = "allows" if entry.is_allowed else "denies", preposition(is_egress=entry.is_egress)
    return f"{verb} {entry_traffic(entry)} {led} {entry.cidr}"


def _doubt(decisions: Iterable[Decision]) -> str:
    doubts = (_told(doubt) for each in decisions for doubt in each.doubts)
    return next((f"{each}, and whether this was that is not known" for each in doubts), "")


def _allowed_in_part(packet: Packet, decisions: Iterable[Decision], *, is_egress: bool) -> str:
    allowed: list[Ports] = []
    for ports in (each.packet.destination_ports for each in decisions if each.verdict is Verdict.ALLOWED):
        adjacent = allowed and allowed[-1].last + 1 == ports.first
        allowed[-1:] = [Ports(allowed[-1].first, ports.last)] if adjacent else [*allowed[-1:], ports]
    named = [str(each) for each in allowed[:MAX_NAMED_STRETCHES]] + ["others"] * (len(allowed) > MAX_NAMED_STRETCHES)
    far = packet.far(is_egress=is_egress)
    return (
        f"of {traffic(packet)} {preposition(is_egress=is_egress)} {end_in_words(far)}, "
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
        rule=entry.number_in_words if entry else None,
    )
