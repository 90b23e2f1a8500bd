"""The story of a service that no longer answers its clients."""

from flowsentry.emit.party_names import Names
from flowsentry.emit.plain_text import counted, moment
from flowsentry.emit.stories.story import Story, number_in, port_text
from flowsentry.findings.finding import Finding


def last_answer_text(finding: Finding) -> str:
    """The time of the last answer; empty where the finding does not say."""
    last = number_in(finding.details, "last_answer")
    return moment(last) if last else ""


def _stopped_answering(finding: Finding, _names: Names) -> str:
    clients = counted(number_in(finding.details, "clients"), "client")
    return f"no longer answers {clients} on {port_text(finding.details)}"


SERVICE_DOWN = Story(
    _stopped_answering,
    "Its clients fail. Either it is down, or it was removed and its clients do not know yet.",
    (
        "Was it stopped or replaced on purpose? Then its clients still have its address: look at their configuration.",
        "If not: does the process still listen on this port, and is the host healthy?",
        "Nothing to do when it answers again: the finding is then resolved by itself.",
    ),
)
