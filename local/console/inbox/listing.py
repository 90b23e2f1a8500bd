"""The rows of the inbox: findings and the messages about several of them, filtered and in order of time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flowsentry.aws.findings.item import Entry
from flowsentry.emit.owner_names import short_owner_text, subject_text
from flowsentry.emit.plain_text import counted, plain
from flowsentry.findings.finding import Severity
from flowsentry.findings.triage import State
from local.console.inbox.message import FINDING, Message
from local.console.span import Span

MAX_TITLE_LETTERS = 160
SEVERITIES = [each.value for each in Severity]


class Row(NamedTuple):
    """A finding, or a message about several, whose `state` is empty. Times are Unix seconds."""

    id: str
    type: str
    severity: str
    kind: str
    title: str
    subject: str
    at: int
    state: str = ""
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are shown; empty values are no filter. `text` is searched in ids, kinds, titles and subjects."""

    state: str = ""
    kind: str = ""
    severity: str = ""
    text: str = ""
    span: Span | None = None

    def has(self, row: Row) -> bool:
        """Whether a row passes all filters."""
        exact = ((self.state, row.state), (self.kind, row.kind), (self.severity, row.severity))
        text = self.text.casefold()
        return (
            all(wanted in {"", value} for wanted, value in exact)
            and any(text in each.casefold() for each in (row.id, row.kind, row.title, row.subject))
            and (self.span is None or self.span.has(row.at))
        )


def row_of(entry: Entry) -> Row:
    """The row of a finding."""
    finding, triage = entry.finding, entry.triage
    return Row(
        finding.id,
        FINDING,
        finding.severity.value,
        plain(finding.kind),
        plain(finding.title, MAX_TITLE_LETTERS),
        subject_text(finding, short_owner_text),
        entry.found_at,
        triage.state.value,
        triage.until,
    )


def row_of_message(message: Message) -> Row:
    """The row of a message about several findings."""
    subject = counted(message.number_of_findings, "finding")
    title = plain(message.subject, MAX_TITLE_LETTERS)
    return Row(message.id, message.type, message.severity, message.type, title, subject, message.at)


def rows_of(entries: Sequence[Entry], messages: Sequence[Message]) -> list[Row]:
    """All rows, newest first; at the same time the more severe ones, and findings before messages."""
    rows = [*map(row_of, entries), *map(row_of_message, messages)]
    return sorted(rows, key=lambda row: (-row.at, row.type != FINDING, _rank(row.severity), row.id))


def counts_of(rows: Sequence[Row]) -> Mapping[str, Any]:
    """How many rows there are of each state, severity and kind, in the order in which filters list them."""
    states, severities = Counter(row.state for row in rows), Counter(row.severity for row in rows)
    return {
        "states": {each.value: states[each.value] for each in State if states[each.value]},
        "severities": {each: severities[each] for each in SEVERITIES if severities[each]},
        "kinds": dict(sorted(Counter(row.kind for row in rows).items())),
    }


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
