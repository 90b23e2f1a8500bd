"""Refusal and Rules -> Explanation: which layer refused packets, by which rule, what would admit them, or why not.

The record narrows it: an interface sees what its own groups and the network ACL of its own subnet refuse, and groups
never refuse replies. https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html
"""

from collections.abc import Sequence
from dataclasses import replace

from flowsentry.explain.observation_point import asked, is_seen_elsewhere
from flowsentry.explain.other_layers import judge_other_layers
from flowsentry.explain.packet import TCP
from flowsentry.findings.explanation import Explanation, Judgement, Layer, Verdict
from flowsentry.findings.rejected_packet import RejectedPacket
from flowsentry.inventory.firewall_rules import Rules

_RULE_UNKNOWN = "by which of its rules, the record does not tell"


def explain(refusal: RejectedPacket, rules: Rules) -> Explanation:
    """The explanation by the rules of a snapshot, which may not be those that were in force."""
    if judgement := judge_other_layers(refusal):
        return Explanation(layer=judgement.layer, refused_by=(judgement,), rules_taken_at=rules.taken_at)
    if is_seen_elsewhere(refusal):
        why = f"{refusal.seen_by}, which refused it, is not known as the interface of either end"
        return Explanation(layer=Layer.UNKNOWN, why_unknown=why, rules_taken_at=rules.taken_at)
    judgements = [each for each in asked(refusal, rules) if each.verdict is not Verdict.NOT_ASKED]
    refusing = [_of_late(each) if _is_late(refusal) else each for each in _with(Verdict.REFUSED, judgements)]
    certain = [] if refusing else _certain(refusal, judgements)
    return Explanation(
        layer=(refusing or certain)[0].layer if refusing or certain else Layer.UNKNOWN,
        refused_by=tuple(refusing or certain),
        why_unknown=_RULE_UNKNOWN if certain else _why_unknown(refusal, judgements),
        rules_taken_at=rules.taken_at,
    )


def _with(verdict: Verdict, judgements: Sequence[Judgement]) -> list[Judgement]:
    return [each for each in judgements if each.verdict is verdict]


def _certain(refusal: RejectedPacket, judgements: Sequence[Judgement]) -> list[Judgement]:
    """The network ACL that refused a reply, where only one can have: it did, also where it can't be told by which rule,
    since that depends on the client's port.
    """
    if not refusal.accepted_other_way or len(judgements) != 1:
        return []
    return [each for each in _with(Verdict.UNTOLD, judgements) if each.resources]


def _is_late(refusal: RejectedPacket) -> bool:
    """Whether the packets may belong to a connection that ended: they are refused by groups that have no rule for
    them, as groups need none for replies, and by groups that do.
    """
    return refusal.protocol == TCP and refusal.opens is False


def _of_late(judgement: Judgement) -> Judgement:
    """Nothing is wrong with a group that forgot an ended connection: there is nothing to change."""
    return replace(judgement, change="") if judgement.layer is Layer.SECURITY_GROUP else judgement


def _why_unknown(refusal: RejectedPacket, judgements: Sequence[Judgement]) -> str:
    if not judgements:
        return "no security group and no network acl is known to be on its way"
    refusing, untold = _with(Verdict.REFUSED, judgements), _with(Verdict.UNTOLD, judgements)
    if len(refusing) > 1:
        return f"each of them refuses it, and the record does not tell which did; {refusing[0].who} is met first"
    if untold:
        is_alone = len(untold) == 1 and not refusing and bool(untold[0].resources)
        return f"only {untold[0].who} can have refused it, but {untold[0].reason}" if is_alone else untold[0].reason
    if not refusing:
        return _allowed_now(refusal, judgements)
    if _is_late(refusal) and refusing[0].layer is Layer.SECURITY_GROUP:
        return "the packets carry no SYN, and those of a connection that ended are refused the same way"
    return ""


def _allowed_now(refusal: RejectedPacket, judgements: Sequence[Judgement]) -> str:
    allowing = " and ".join(f"{each.who} ({each.reason})" for each in judgements)
    allowed = f"{allowing} {'allows' if len(judgements) == 1 else 'allow'} it: the rules changed since"
    if refusal.opens or refusal.accepted_other_way:
        return allowed
    what = "the packets, which carry no SYN," if _is_late(refusal) else "the packets"
    return f"{allowed}, or {what} came after their connection ended"
