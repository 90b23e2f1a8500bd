"""The stories of paths that a rule refuses: what cannot reach what, and where its replies end."""

from flowsentry.emit.party_names import Names, responder_text
from flowsentry.emit.stories.story import Story, listed_in, number_in, port_text
from flowsentry.findings.finding import Finding

MAX_NAMED = 2
"""Of several addresses outside, those that a headline names. More: longer headlines. Fewer: less to recognise."""


def _is_refused(finding: Finding, names: Names) -> str:
    return f"can't reach {responder_text(finding, names)} on {port_text(finding.details)}: a rule blocks it"


def _is_kept_in(finding: Finding, names: Names) -> str:
    details = finding.details
    responders = number_in(details, "responders")
    if responders <= 1:
        return f"can't reach {responder_text(finding, names)} outside on {port_text(details)}: a rule blocks it"
    named = listed_in(details, "sample")[:MAX_NAMED]
    such_as = f" ({', '.join(named)} and more)" if named else ""
    return f"can't reach {responders:,} addresses outside on {port_text(details)}{such_as}: a rule blocks it"


def _gets_no_reply(finding: Finding, names: Names) -> str:
    """The subject is whichever end is ours: who called, or, of callers outside, who was called."""
    details = finding.details
    if details.get("responder") != finding.subject:
        whom = responder_text(finding, names)
        return f"gets no reply from {whom} on {port_text(details)}: a network ACL refuses the way back"
    callers = number_in(details, "initiators")
    caller = names(details.get("initiator_owner"), details.get("initiator", "?"))
    whom = caller if callers <= 1 else f"{callers:,} callers outside"
    return f"can't reply to {whom} on {port_text(details)}: a network ACL refuses the way back"


_BROKEN_OR_MEANT = (
    "More likely something broken than somebody hostile: two of your own machines, and a rule between them."
)
_KEPT_IN = "Nothing got out. Either it needs an address that no rule admits, or something on it calls a stranger."
_ASK_WHO_RUNS_IT = "Should it not? Then ask who runs the sender why it tries."

BLOCKED_INTERNAL = Story(
    _is_refused,
    _BROKEN_OR_MEANT,
    (
        "Should this work? Then look for the missing rule: the receiver's security group, then both network ACLs.",
        _ASK_WHO_RUNS_IT,
    ),
)
BLOCKED_INTERNAL_BY_KNOWN = Story(
    _is_refused,
    _BROKEN_OR_MEANT,
    (
        "Should this work? What refuses it, and the smallest change that would admit it, are named above.",
        _ASK_WHO_RUNS_IT,
    ),
)
BLOCKED_EGRESS = Story(
    _is_kept_in,
    _KEPT_IN,
    (
        "Do you know the address, or what runs there? An update server, a time server, a licence check are common.",
        "If it should work: the sender's security group needs an outbound rule, its network ACL one each way.",
        "If nobody knows it: which process on the machine opens these connections, and since when?",
    ),
)
BLOCKED_EGRESS_BY_KNOWN = Story(
    _is_kept_in,
    _KEPT_IN,
    (
        "Do you know the address, or what runs there? An update server, a time server, a licence check are common.",
        "If it should work: what refuses it, and the smallest change that would admit it, are named above.",
        "If nobody knows it: which process on the machine opens these connections, and since when?",
    ),
)
_HALF_OPEN = "Broken, and easy to miss: the request is let through and the reply is not. Security groups never do that."
DENIED_BY_ACL_REPLY = Story(
    _gets_no_reply,
    _HALF_OPEN,
    (
        "Look at the network ACL of the receiver's subnet: outbound, to the sender's ports (mostly 1024-65535).",
        "Then at that of the sender's subnet: inbound, from the same port.",
        "Was a network ACL changed just before this began? CloudTrail says by whom.",
    ),
)
DENIED_BY_ACL_REPLY_BY_KNOWN = Story(
    _gets_no_reply,
    _HALF_OPEN,
    (
        "The network ACL and the rule that refuse the reply are named above, and the smallest change that admits it.",
        "Was it changed just before this began? CloudTrail says by whom.",
    ),
)
