"""flowsentry findings: lists the findings of a deployment, and changes their triage state."""

import time
from typing import TYPE_CHECKING

from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.plain_text import moment, plain
from flowsentry.findings.triage import Triage
from local.deployment_command import answering
from local.findings.entry_texts import (
    COLUMNS,
    as_json,
    delivery,
    earlier,
    related,
    row,
    standing,
    triage_as_json,
)
from local.findings.options import FindingOptions, ListOptions, SnoozeOptions, TriageOptions
from local.terminal.command import Command, CommandGroup
from local.terminal.complaints import complain
from local.terminal.links import print_text
from local.terminal.tables import print_table
from local.terminal.waiting import waiting

if TYPE_CHECKING:
    from local.account import Account

DAY_SECONDS = 86_400


def _list(options: ListOptions, account: "Account") -> None:
    since = int(time.time()) - options.days * DAY_SECONDS
    with waiting("reading findings"):
        entries = [
            entry
            for entry in account.findings.newest(since, complain)
            if options.state in {None, entry.triage.state} and options.kind in {None, entry.finding.kind}
        ]
    if options.json:
        print(*map(as_json, entries), sep="\n", end="\n" if entries else "")
    else:
        print_table(COLUMNS, map(row, entries))


def _show(options: FindingOptions, account: "Account") -> None:
    with waiting("reading the finding"):
        entry = account.findings.entry(options.id)
        others = account.findings.thread_of(entry, complain)
    if options.json:
        print(as_json(entry, related=[each.finding.id for each in others]))
        return
    print_text(alert_message(entry.finding, account.resources, earlier(entry, others)).text.strip())
    print()
    print(f"{'State':<10}{standing(entry.triage)}")
    print(f"{'Found':<10}{moment(entry.found_at)}")
    print(f"{'Alerted':<10}{delivery(entry)}")
    print("\n".join(related(others)))


def _acknowledge(options: TriageOptions, account: "Account") -> None:
    _print_triaged(options, account.findings.acknowledge(options.id, _by(options, account), options.note))


def _snooze(options: SnoozeOptions, account: "Account") -> None:
    until = int(time.time()) + options.days * DAY_SECONDS
    _print_triaged(options, account.findings.snooze(options.id, until, _by(options, account), options.note))


def _resolve(options: TriageOptions, account: "Account") -> None:
    _print_triaged(options, account.findings.resolve(options.id, _by(options, account), options.note))


def _reopen(options: TriageOptions, account: "Account") -> None:
    _print_triaged(options, account.findings.reopen(options.id, _by(options, account), options.note))


def _by(options: TriageOptions, account: "Account") -> str:
    return options.by or account.caller


def _print_triaged(options: FindingOptions, triage: Triage) -> None:
    print(triage_as_json(options.id, triage) if options.json else f"{plain(options.id)} is {standing(triage)}")


NOT_DONE = "there is no such deployment or finding, or AWS refused"
TRIAGED = "one object: id, and triage with state, changed_at, by, note and until"

COMMAND = CommandGroup(
    description="Lists and triages the findings of a Flowsentry deployment, with the caller's own AWS credentials.",
    commands={
        "list": Command(
            options=ListOptions,
            run=answering(_list),
            description="Lists findings, newest first.",
            examples=("flowsentry findings list --days 30", "flowsentry findings list --state open --kind port_scan"),
            fails_when=NOT_DONE,
            output="a line for each finding: finding as it is published, found_at, published_at and triage",
        ),
        "show": Command(
            options=FindingOptions,
            run=answering(_show),
            description="Shows the alert, its triage state and related findings.",
            examples=("flowsentry findings show c0b1c2d3e4f5061728394a5b",),
            fails_when=NOT_DONE,
            output="one object: finding, found_at, published_at, triage, and related with their ids",
        ),
        "acknowledge": Command(
            options=TriageOptions,
            run=answering(_acknowledge),
            description="Known: no alerts for this finding and its like on later days.",
            examples=("flowsentry findings acknowledge c0b1c2d3e4f5061728394a5b --note audit",),
            fails_when=NOT_DONE,
            output=TRIAGED,
        ),
        "snooze": Command(
            options=SnoozeOptions,
            run=answering(_snooze),
            description="Alerts again when the days are over.",
            examples=("flowsentry findings snooze c0b1c2d3e4f5061728394a5b --days 7",),
            fails_when=NOT_DONE,
            output=TRIAGED,
        ),
        "resolve": Command(
            options=TriageOptions,
            run=answering(_resolve),
            description="Fixed: alerts again if it reoccurs.",
            examples=("flowsentry findings resolve c0b1c2d3e4f5061728394a5b",),
            fails_when=NOT_DONE,
            output=TRIAGED,
        ),
        "reopen": Command(
            options=TriageOptions,
            run=answering(_reopen),
            description="Undo: alerts again for this finding and its like.",
            examples=("flowsentry findings reopen c0b1c2d3e4f5061728394a5b",),
            fails_when=NOT_DONE,
            output=TRIAGED,
        ),
    },
)
