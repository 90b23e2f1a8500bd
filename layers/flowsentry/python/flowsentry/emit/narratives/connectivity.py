"""The narratives of connections that fail: paths that a rule blocks, and services that stopped answering."""

from collections.abc import Mapping

from flowsentry.emit.narratives.narrative import Narrative, NarrativeOf, always, listed_in, number_in, port_text
from flowsentry.emit.owner_names import Names, responder_text
from flowsentry.emit.plain_text import counted, moment
from flowsentry.findings.finding import Finding

MAX_NAMED = 2
"""Of several external addresses, those that a headline names. More: longer headlines. Fewer: less to recognise."""


def last_answer_text(finding: Finding) -> str:
    """The time of the last answer; empty where the finding does not say."""
    last = number_in(finding.details, "last_answer")
    return moment(last) if last else ""


def _is_blocked(finding: Finding, names: Names) -> str:
    return f"can't reach {responder_text(finding, names)} on {port_text(finding.details)}: a rule blocks it"


def _is_blocked_outbound(finding: Finding, names: Names) -> str:
    details = finding.details
    responders = number_in(details, "responders")
    if responders <= 1:
        target = responder_text(finding, names)
        return f"can't reach external address {target} on {port_text(details)}: a rule blocks it"
    named = listed_in(details, "sample")[:MAX_NAMED]
    such_as = f" ({', '.join(named)} and more)" if named else ""
    return f"can't reach {responders:,} external addresses on {port_text(details)}: a rule blocks it{such_as}"


def _gets_no_reply(finding: Finding, names: Names) -> str:
    """The subject is your own end: the client, or, of external clients, the target."""
    details = finding.details
    if details.get("responder") != finding.subject:
        target = responder_text(finding, names)
        return f"gets no reply from {target} on {port_text(details)}: a network ACL blocks it"
    clients = number_in(details, "initiators")
    client = names(details.get("initiator_owner"), details.get("initiator", "?"))
    whom = client if clients <= 1 else f"{clients:,} external clients"
    return f"can't reply to {whom} on {port_text(details)}: a network ACL blocks it"


def _stopped_answering(finding: Finding, _names: Names) -> str:
    clients = counted(number_in(finding.details, "clients"), "client")
    return f"no longer answers {clients} on {port_text(finding.details)}"


def _by_refusal(known: Narrative, unknown: Narrative) -> NarrativeOf:
    """`known` where the finding names the rule that refused the packets."""

    def of(finding: Finding) -> Narrative:
        refusal = finding.details.get("refusal")
        return known if isinstance(refusal, Mapping) and refusal.get("refused_by") else unknown

    return of


_HOSTS_OF_YOURS = "Look at this today. Both hosts are yours: a missing rule is more likely than an attack."
_ASK_THE_OWNER = "If not: ask the owner of the source why it tries."
BLOCKED_INTERNAL = Narrative(
    _is_blocked,
    _HOSTS_OF_YOURS,
    (
        "Should this work? Then look for the missing rule: the target's security group, then both network ACLs.",
        _ASK_THE_OWNER,
    ),
)
BLOCKED_INTERNAL_WITH_RULE = Narrative(
    _is_blocked,
    _HOSTS_OF_YOURS,
    (
        "Should this work? The smallest change that allows it is under Change.",
        _ASK_THE_OWNER,
    ),
)
NOTHING_GOT_OUT = (
    "Look at this when you have time. Nothing got out: a rule is missing, or a program calls where it should not."
)
_DO_YOU_KNOW_IT = "Do you know the address and what runs there? Update, time and licence servers are common."
_WHICH_PROCESS = "If it should not: which process opens these connections, and since when?"
BLOCKED_EGRESS = Narrative(
    _is_blocked_outbound,
    NOTHING_GOT_OUT,
    (
        _DO_YOU_KNOW_IT,
        "If it should work: the security group needs an outbound rule, the network ACL a rule in each direction.",
        _WHICH_PROCESS,
    ),
)
BLOCKED_EGRESS_WITH_RULE = Narrative(
    _is_blocked_outbound,
    NOTHING_GOT_OUT,
    (
        _DO_YOU_KNOW_IT,
        "If it should work: the smallest change that allows it is under Change.",
        _WHICH_PROCESS,
    ),
)
_HALF_OPEN = "Look at this today. Connections hang: requests are allowed, replies are not. Only network ACLs do that."
_WHO_CHANGED_IT = "Was a network ACL changed just before this began? CloudTrail shows who changed it."
DENIED_BY_ACL_REPLY = Narrative(
    _gets_no_reply,
    _HALF_OPEN,
    (
        "Check the network ACL of the target's subnet: outbound, to the clients' ports (mostly 1024-65535).",
        "Then that of the source's subnet: inbound, from the target's port.",
        _WHO_CHANGED_IT,
    ),
)
DENIED_BY_ACL_REPLY_WITH_RULE = Narrative(
    _gets_no_reply,
    _HALF_OPEN,
    (
        "Should this work? The smallest change that allows it is under Change.",
        _WHO_CHANGED_IT,
    ),
)
SERVICE_DOWN = Narrative(
    _stopped_answering,
    "Look at this today. Its clients fail: it is down, or it was removed and its clients still have its address.",
    (
        "Was it stopped or replaced on purpose? Then correct the address in its clients' configuration.",
        "If not: does the process still listen on this port, and is the host healthy?",
        "Nothing to do when it answers again: the finding is then resolved automatically.",
    ),
)
NARRATIVES: Mapping[str, NarrativeOf] = {
    "blocked_internal": _by_refusal(BLOCKED_INTERNAL_WITH_RULE, BLOCKED_INTERNAL),
    "blocked_egress": _by_refusal(BLOCKED_EGRESS_WITH_RULE, BLOCKED_EGRESS),
    "denied_by_acl_reply": _by_refusal(DENIED_BY_ACL_REPLY_WITH_RULE, DENIED_BY_ACL_REPLY),
    "service_down": always(SERVICE_DOWN),
}
