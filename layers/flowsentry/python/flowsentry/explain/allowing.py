"""Packet and Rules -> Allowance: which security group and which network ACL let in what arrived, by which rules."""

from flowsentry.explain.packet import Packet
from flowsentry.explain.packet_path import judged
from flowsentry.findings.explanation import Allowance
from flowsentry.inventory.firewall_rules import Rules


def allowance(packet: Packet, rules: Rules) -> Allowance:
    """The allowance by the rules of a snapshot, which may not be those that were in force: those at the receiver's
    interface, since what its sender's end let out is the sender's affair.
    """
    acl, groups = judged(packet, rules, is_egress=False)
    return Allowance(judgements=(groups, acl), rules_taken_at=rules.taken_at)
