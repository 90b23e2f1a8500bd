"""Which layers packets pass and in which order, and which of them can have rejected a packet that a record reports.

A packet leaves through the sender's security groups and the network ACL of the sender's subnet. It arrives through the
network ACL of the receiver's subnet and the receiver's security groups.
"""

from flowsentry.explain.network_acls import judge_acl
from flowsentry.explain.packet import Packet
from flowsentry.explain.security_groups import judge_groups
from flowsentry.findings.explanation import Allowance, Judgement
from flowsentry.findings.rejected_packet import Direction, RejectedPacket
from flowsentry.inventory.firewall_rules import Rules


def judgements_at_end(
    packet: Packet, rules: Rules, *, is_egress: bool, is_reply: bool = False
) -> tuple[Judgement, ...]:
    """The judgements at the sender's end (egress) or at the receiver's end (ingress). A reply is evaluated by network
    ACLs only, because security groups are stateful.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
    """
    acl = judge_acl(packet, rules, is_egress=is_egress)
    if is_reply:
        return (acl,)
    groups = judge_groups(packet, rules, is_egress=is_egress)
    return (groups, acl) if is_egress else (acl, groups)


def forward_path(packet: Packet, rules: Rules) -> tuple[Judgement, ...]:
    """The judgements of all layers between sender and receiver, in order."""
    return judgements_at_end(packet, rules, is_egress=True) + judgements_at_end(packet, rules, is_egress=False)


def return_path(packet: Packet, rules: Rules) -> tuple[Judgement, ...]:
    """The judgements of all layers that the reply passes, in order; empty if no reply is expected."""
    if not packet.is_answered:
        return ()
    reply = packet.reply()
    leaving = judgements_at_end(reply, rules, is_egress=True, is_reply=True)
    return leaving + judgements_at_end(reply, rules, is_egress=False, is_reply=True)


def allowance(packet: Packet, rules: Rules) -> Allowance:
    """What allowed a packet in: the judgements at the receiver's interface, by the rules of a snapshot, which may
    differ from the rules in force then. The sender's rules are the sender's concern.
    """
    acl, groups = judgements_at_end(packet, rules, is_egress=False)
    return Allowance(judgements=(groups, acl), rules_taken_at=rules.taken_at)


def possible_judgements(rejected: RejectedPacket, rules: Rules) -> tuple[Judgement, ...]:
    """The judgements of the layers that can have denied a rejected packet, in the order of the path: the layers at the
    interface that reported it. If packets of the same flow were accepted in the other direction, network ACLs only,
    because security groups let replies pass.
    """
    packet, is_reply = Packet.of(rejected), rejected.accepted_other_way
    direction = reported_direction(rejected)
    if direction is None and not is_reply:
        return forward_path(packet, rules)
    return tuple(
        judgement
        for is_egress in ([direction == "egress"] if direction else [True, False])
        for judgement in judgements_at_end(packet, rules, is_egress=is_egress, is_reply=is_reply)
    )


def reported_direction(rejected: RejectedPacket) -> Direction | None:
    """The direction as the reporting interface saw it: as recorded, else from which endpoint it belongs to; None if it
    belongs to neither or to both.
    """
    if rejected.direction or not rejected.seen_by:
        return rejected.direction
    is_sender, is_receiver = rejected.seen_by == _sender(rejected), rejected.seen_by == _receiver(rejected)
    if is_sender is is_receiver:
        return None
    return "egress" if is_sender else "ingress"


def is_reported_by_other_interface(rejected: RejectedPacket) -> bool:
    """Whether the reporting interface belongs to neither endpoint, for example that of a transit gateway. Its security
    groups and its network ACL are not those of the endpoints.
    """
    ends = {"egress": {_sender(rejected)}, "ingress": {_receiver(rejected)}}
    either = {_sender(rejected), _receiver(rejected)}
    return bool(rejected.seen_by) and rejected.seen_by not in ends.get(rejected.direction or "", either)


def _sender(rejected: RejectedPacket) -> str:
    return rejected.source.interface.interface_id if rejected.source.interface else ""


def _receiver(rejected: RejectedPacket) -> str:
    return rejected.destination.interface.interface_id if rejected.destination.interface else ""
