"""The way of packets: which layers they meet, in order. A packet leaves through its sender's groups and the network ACL
of that subnet, and arrives through the network ACL of the other subnet and the receiver's groups.
"""

from flowsentry.explain.network_acls import judge_acl
from flowsentry.explain.packet import Packet
from flowsentry.explain.security_groups import judge_groups
from flowsentry.findings.explanation import Judgement
from flowsentry.inventory.firewall_rules import Rules


def judged(packet: Packet, rules: Rules, *, is_egress: bool, is_reply: bool = False) -> tuple[Judgement, ...]:
    """The judgements at the sender's or at the receiver's end. A reply meets network ACLs alone: groups are stateful.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
    """
    acl = judge_acl(packet, rules, is_egress=is_egress)
    if is_reply:
        return (acl,)
    groups = judge_groups(packet, rules, is_egress=is_egress)
    return (groups, acl) if is_egress else (acl, groups)


def there(packet: Packet, rules: Rules) -> tuple[Judgement, ...]:
    """All that a packet meets on its way."""
    return judged(packet, rules, is_egress=True) + judged(packet, rules, is_egress=False)


def back(packet: Packet, rules: Rules) -> tuple[Judgement, ...]:
    """All that its reply meets; nothing where none is to be expected."""
    if not packet.is_answered:
        return ()
    reply = packet.reply()
    leaving = judged(reply, rules, is_egress=True, is_reply=True)
    return leaving + judged(reply, rules, is_egress=False, is_reply=True)
