"""Explains rejected packets: which layer denied them, by which rule, what would admit them, or why that is unknown.

The record narrows it down: an interface reports what its own security groups and the network ACL of its own subnet
deny, and security groups never deny replies.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html
"""

from collections.abc import Sequence
from dataclasses import replace

from flowsentry.explain.packet_path import is_reported_by_other_interface, possible_judgements
from flowsentry.explain.reject_reason import judge_by_reject_reason
from flowsentry.findings.explanation import UNKNOWN_PATH, Explanation, Judgement, Layer, Verdict
from flowsentry.findings.rejected_packet import RejectedPacket
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.records.code_names import TCP

_RULE_UNKNOWN = "the record does not identify the rule"


def explain(rejected: RejectedPacket, rules: Rules) -> Explanation:
    """The explanation by the rules of a snapshot, which may differ from the rules in force when it was rejected."""
    if judgement := judge_by_reject_reason(rejected):
        return Explanation(layer=judgement.layer, refused_by=(judgement,), rules_taken_at=rules.taken_at)
    if is_reported_by_other_interface(rejected):
        why = f"{rejected.seen_by}, which rejected it, is not known as the network interface of either endpoint"
        return Explanation(layer=Layer.UNKNOWN, why_unknown=why, rules_taken_at=rules.taken_at)
    judgements = [each for each in possible_judgements(rejected, rules) if each.verdict is not Verdict.NOT_EVALUATED]
    denying = [_without_change(each) if _may_be_late(rejected) else each for each in _with(Verdict.DENIED, judgements)]
    certain = [] if denying else _certain(rejected, judgements)
    return Explanation(
        layer=(denying or certain)[0].layer if denying or certain else Layer.UNKNOWN,
        refused_by=tuple(denying or certain),
        why_unknown=_RULE_UNKNOWN if certain else _why_unknown(rejected, judgements),
        rules_taken_at=rules.taken_at,
    )


def _with(verdict: Verdict, judgements: Sequence[Judgement]) -> list[Judgement]:
    return [each for each in judgements if each.verdict is verdict]


def _certain(rejected: RejectedPacket, judgements: Sequence[Judgement]) -> list[Judgement]:
    """The network ACL that denied a reply, if it is the only layer that can have done so. Its rule may be unknown,
    since that depends on the client's port.
    """
    if not rejected.accepted_other_way or len(judgements) != 1:
        return []
    return [each for each in _with(Verdict.UNDETERMINED, judgements) if each.resources]


def _may_be_late(rejected: RejectedPacket) -> bool:
    """Whether the packets may belong to a connection that has closed. Security groups deny those whether or not a rule
    covers them, because a group tracks connections and needs no rule for replies.
    """
    return rejected.protocol == TCP and rejected.opens is False


def _without_change(judgement: Judgement) -> Judgement:
    """A security group's judgement without a proposed change: no rule is wrong if the connection had closed."""
    return replace(judgement, change="") if judgement.layer is Layer.SECURITY_GROUP else judgement


def _why_unknown(rejected: RejectedPacket, judgements: Sequence[Judgement]) -> str:
    if not judgements:
        return UNKNOWN_PATH
    denying, undetermined = _with(Verdict.DENIED, judgements), _with(Verdict.UNDETERMINED, judgements)
    if len(denying) > 1:
        return f"each of them denies it, and the record does not say which one did; {denying[0].who} is evaluated first"
    if undetermined:
        first = undetermined[0]
        is_only_candidate = len(undetermined) == 1 and not denying and bool(first.resources)
        return f"only {first.who} can have denied it, but {first.reason}" if is_only_candidate else first.reason
    if not denying:
        return _allowed_now(rejected, judgements)
    if _may_be_late(rejected) and denying[0].layer is Layer.SECURITY_GROUP:
        return "the packets carry no SYN, and packets of a closed connection are denied in the same way"
    return ""


def _allowed_now(rejected: RejectedPacket, judgements: Sequence[Judgement]) -> str:
    allowing = " and ".join(f"{each.who} ({each.reason})" for each in judgements)
    allowed = f"{allowing} {'allows' if len(judgements) == 1 else 'allow'} it now: the rules have changed since"
    if rejected.opens or rejected.accepted_other_way:
        return allowed
    what = "the packets, which carry no SYN," if _may_be_late(rejected) else "the packets"
    return f"{allowed}, or {what} arrived after their connection closed"
