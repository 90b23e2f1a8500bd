"""The story of a flood: more at once than is recorded or told one by one."""

from flowsentry.emit.party_names import Names
from flowsentry.emit.plain_text import counted, plain
from flowsentry.emit.stories.story import Story, number_in
from flowsentry.findings.finding import Finding

MAX_KIND_LETTERS = 40


def number_left_out(finding: Finding) -> int:
    """How many sources or findings were left out."""
    return number_in(finding.details, "number")


def _was_flooded(finding: Finding, _names: Names) -> str:
    number, details = number_left_out(finding), finding.details
    if details.get("left_out") == "sources":
        side = plain(str(details.get("side")), MAX_KIND_LETTERS)
        return f"and others: {counted(number, 'source')} {side} {_are(number)} not recorded"
    kind = plain(str(details.get("left_out")), MAX_KIND_LETTERS)
    return f"and others: {counted(number, 'finding')} of {kind} {_are(number)} not told"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


FLOOD = Story(
    _was_flooded,
    "Too much happened at once. The loudest of it is recorded and told; what is left out is in the flow logs alone.",
    (
        "Is it expected: a load test, a scanner of your own, a change of rules? Then suppress this kind for it.",
        "If not: the flow logs show who and what. Source addresses may be made up: block by port, not by address.",
        "Look at what else was told of this hour first: a flood may be meant to hide something.",
    ),
)
