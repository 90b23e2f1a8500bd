"""What a record tells of where its packets were refused: at the interface that saw them, in the direction it saw."""

from flowsentry.explain.packet import Packet
from flowsentry.explain.packet_path import judged, there
from flowsentry.findings.explanation import Judgement
from flowsentry.findings.rejected_packet import Direction, RejectedPacket
from flowsentry.inventory.firewall_rules import Rules


def asked(refusal: RejectedPacket, rules: Rules) -> tuple[Judgement, ...]:
    """The judgements of the layers that can have refused it, in the order of the way: those at the interface that saw
    it; network ACLs alone where the other way was accepted, since groups let replies pass.
    """
    packet, is_reply = Packet.of(refusal), refusal.accepted_other_way
    seen = direction_seen(refusal)
    if seen is None and not is_reply:
        return there(packet, rules)
    ways = [seen == "egress"] if seen else [True, False]
    return tuple(each for is_egress in ways for each in judged(packet, rules, is_egress=is_egress, is_reply=is_reply))


def direction_seen(refusal: RejectedPacket) -> Direction | None:
    """The direction as the interface saw it: told, or by which end it is; None where it is neither or both."""
    if refusal.direction or not refusal.seen_by:
        return refusal.direction
    is_sender, is_receiver = refusal.seen_by == _sender(refusal), refusal.seen_by == _receiver(refusal)
    if is_sender is is_receiver:
        return None
    return "egress" if is_sender else "ingress"


def is_seen_elsewhere(refusal: RejectedPacket) -> bool:
    """Whether the interface that saw it is known as neither end: that of a transit gateway, say. Its groups and its
    network ACL are not those of the ends.
    """
    ends = {"egress": {_sender(refusal)}, "ingress": {_receiver(refusal)}}
    either = {_sender(refusal), _receiver(refusal)}
    return bool(refusal.seen_by) and refusal.seen_by not in ends.get(refusal.direction or "", either)


def _sender(refusal: RejectedPacket) -> str:
    return refusal.source.interface.interface_id if refusal.source.interface else ""


def _receiver(refusal: RejectedPacket) -> str:
    return refusal.destination.interface.interface_id if refusal.destination.interface else ""
