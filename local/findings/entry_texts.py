"""Findings and their triage, for people and for programs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.text import Text

from flowsentry.aws.findings.item import SNOOZED_PARTITION, Entry
from flowsentry.emit.plain_text import moment, plain
from flowsentry.findings.finding import Severity
from flowsentry.findings.triage import MAX_NOTE_LETTERS, Earlier, Triage
from local.terminal.screen import printable
from local.terminal.tables import Cell, Column

MAX_TITLE_LETTERS = 120
COLUMNS = (
    Column("id", is_whole=True),
    Column("state"),
    Column("severity", is_whole=True),
    Column("found"),
    Column("subject"),
    Column("title"),
)
STYLES = {Severity.HIGH: "bold red", Severity.MEDIUM: "yellow"}
"""On a terminal; others have its own colour."""


def row(entry: Entry) -> Sequence[Cell]:
    """Its cells of COLUMNS."""
    finding = entry.finding
    return (
        plain(finding.id),
        entry.triage.state.value,
        severity(finding.severity),
        moment(entry.found_at),
        plain(finding.subject),
        plain(finding.title, MAX_TITLE_LETTERS),
    )


def severity(of: Severity) -> Text:
    """The word, in its colour."""
    return printable(of.value, STYLES.get(of, ""))


def as_json(entry: Entry, **more: Any) -> str:
    """One object: the finding as it is published, when it was found and published, and its triage. Unix seconds."""
    found = {"finding": json.loads(entry.finding.to_json()), "found_at": entry.found_at}
    return json.dumps({**found, "published_at": entry.published_at, "triage": asdict(entry.triage), **more})


def triage_as_json(finding_id: str, triage: Triage) -> str:
    """One object: the finding's id and its triage."""
    return json.dumps({"id": finding_id, "triage": asdict(triage)})


def standing(triage: Triage) -> str:
    """`snoozed until … since … by alice: after the audit`."""
    until = f" until {moment(triage.until)}" if triage.until else ""
    since = f" since {moment(triage.changed_at)}" if triage.changed_at else ""
    by = f" by {plain(triage.by)}" if triage.by else ""
    note = f": {plain(triage.note, MAX_NOTE_LETTERS)}" if triage.note else ""
    return f"{triage.state.value.replace('_', ' ')}{until}{since}{by}{note}"


def delivery(entry: Entry) -> str:
    """When its alert was sent, or why not."""
    if entry.unpublished == SNOOZED_PARTITION:
        return "not before the snooze ends"
    if entry.unpublished:
        held = ", held back by the rate limit until the next summary" if entry.is_rate_limited else ""
        return f"not yet, waits for the next {entry.finding.audience} message{held}"
    if entry.undelivered_reason:
        reason = f" ({plain(entry.finding.suppressed_by)})" if entry.finding.suppressed_by else ""
        return f"never: {plain(entry.undelivered_reason)}{reason}"
    if entry.published_at is None:
        return "never: a related finding was triaged before"
    together = f" in the {plain(entry.delivered_in)}" if entry.delivered_in else ""
    return f"{moment(entry.published_at)}{together}"


def related(others: Sequence[Entry]) -> Iterator[str]:
    """A line for each."""
    yield f"{'Related':<10}{'' if others else 'none'}".rstrip()
    for each in others:
        yield f"  {plain(each.finding.id)}  found {moment(each.found_at)}  {standing(each.triage)}"


def earlier(entry: Entry, others: Sequence[Entry]) -> Earlier | None:
    """The triage that the alert mentions: its own before it reoccurred, or that of the previous related finding."""
    if entry.before:
        return Earlier(entry.finding.id, entry.found_at, entry.before)
    before = [each for each in others if each.found_at <= entry.found_at]
    return Earlier(before[0].finding.id, before[0].found_at, before[0].triage) if before else None
