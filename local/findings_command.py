"""flowsentry findings: lists the findings of a deployment, and changes their triage state."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from flowsentry.aws.findings.item import SNOOZED_PARTITION, Entry
from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.plain_text import moment, plain
from flowsentry.findings.triage import MAX_NOTE_LETTERS, Earlier, State, Triage
from local.deployment_options import DeploymentOptions
from local.terminal.command import Command, CommandGroup
from local.terminal.complaints import complain

if TYPE_CHECKING:
    from local.account import Account

DAY_SECONDS = 86_400
MAX_SNOOZE_DAYS = 365
MAX_LISTED_DAYS = 90
"""Findings expire from the table after this many days."""
MAX_TITLE_LETTERS = 120
COLUMNS = "{:<24}  {:<12}  {:<10}  {:<23}  {:<24}  {}"

MAX_COMPLAINT_LETTERS = 400


def checked_note(text: str) -> str:
    """The same text. Raises BadParameter when it is too long to be stored."""
    if len(text) > MAX_NOTE_LETTERS:
        raise typer.BadParameter(f"a note has at most {MAX_NOTE_LETTERS} characters, this one has {len(text)}")
    return text


def _days(most: int) -> Callable[[str], int]:
    def days(text: str) -> int:
        if not (text.isdecimal() and 1 <= int(text) <= most):
            raise typer.BadParameter(f"{text!r} is not a number of days; use 1 to {most}")
        return int(text)

    return days


@dataclass(frozen=True, kw_only=True)
class ListOptions(DeploymentOptions):
    """Of flowsentry findings list."""

    state: Annotated[
        State | None,
        typer.Option(
            metavar="STATE",
            help=f"only findings in this triage state: {', '.join(State)}",
        ),
    ] = None
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="only findings of this kind, such as port_scan")] = (
        None
    )
    days: Annotated[
        int,
        typer.Option(parser=_days(MAX_LISTED_DAYS), metavar="N", help="only findings of the last N days (default 7)"),
    ] = 7


@dataclass(frozen=True, kw_only=True)
class FindingOptions(DeploymentOptions):
    """Which finding."""

    id: Annotated[str, typer.Argument(metavar="ID", help="finding id, as in the alert")]


@dataclass(frozen=True, kw_only=True)
class TriageOptions(FindingOptions):
    """Of the commands that triage."""

    note: Annotated[
        str,
        typer.Option(parser=checked_note, metavar="TEXT", help=f"reason, at most {MAX_NOTE_LETTERS} characters"),
    ] = ""
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="who triages (default: the name in the caller's ARN)")
    ] = None


@dataclass(frozen=True, kw_only=True)
class SnoozeOptions(TriageOptions):
    """Of flowsentry findings snooze."""

    days: Annotated[int, typer.Option(parser=_days(MAX_SNOOZE_DAYS), metavar="N", help="days without alerts")]


OfDeployment = TypeVar("OfDeployment", bound=DeploymentOptions)


def answering(command: Callable[[OfDeployment, "Account"], int | None]) -> Callable[[OfDeployment], int]:
    """The command as a function that returns its exit code: 0 for None; 1, with a message on stderr, for ERRORS."""

    def run(options: OfDeployment) -> int:
        from local.account import ERRORS, Account  # noqa: PLC0415 - boto3 is slow to import; parse does not need it

        try:
            return command(options, Account(options.deployment, options.region, options.profile)) or 0
        except ERRORS as error:
            return complain(plain(error, MAX_COMPLAINT_LETTERS))

    return run


def _list(options: ListOptions, account: "Account") -> None:
    since = int(time.time()) - options.days * DAY_SECONDS
    entries = account.findings.newest(since, complain)
    print(COLUMNS.format("id", "state", "severity", "found", "subject", "title"))
    for entry in entries:
        if options.state in {None, entry.triage.state} and options.kind in {None, entry.finding.kind}:
            print(_row(entry))


def _row(entry: Entry) -> str:
    finding = entry.finding
    return COLUMNS.format(
        plain(finding.id),
        entry.triage.state.value,
        finding.severity.value,
        moment(entry.found_at),
        plain(finding.subject),
        plain(finding.title, MAX_TITLE_LETTERS),
    )


def _show(options: FindingOptions, account: "Account") -> None:
    entry = account.findings.entry(options.id)
    others = account.findings.thread_of(entry, complain)
    print(alert_message(entry.finding, account.resources, _earlier(entry, others)).text.strip())
    print()
    print(f"{'State':<10}{_standing(entry.triage)}")
    print(f"{'Found':<10}{moment(entry.found_at)}")
    print(f"{'Alerted':<10}{_telling(entry)}")
    print("\n".join(_listed(others)))


def _earlier(entry: Entry, others: Sequence[Entry]) -> Earlier | None:
    """The triage that the alert mentions: its own before it reoccurred, or that of the previous related finding."""
    if entry.before:
        return Earlier(entry.finding.id, entry.found_at, entry.before)
    before = [each for each in others if each.found_at <= entry.found_at]
    return Earlier(before[0].finding.id, before[0].found_at, before[0].triage) if before else None


def _standing(triage: Triage) -> str:
    """`snoozed until … since … by alice: after the audit`."""
    until = f" until {moment(triage.until)}" if triage.until else ""
    since = f" since {moment(triage.changed_at)}" if triage.changed_at else ""
    by = f" by {plain(triage.by)}" if triage.by else ""
    note = f": {plain(triage.note, MAX_NOTE_LETTERS)}" if triage.note else ""
    return f"{triage.state.value.replace('_', ' ')}{until}{since}{by}{note}"


def _telling(entry: Entry) -> str:
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


def _listed(others: Sequence[Entry]) -> Iterator[str]:
    yield f"{'Related':<10}{'' if others else 'none'}".rstrip()
    for each in others:
        yield f"  {plain(each.finding.id)}  found {moment(each.found_at)}  {_standing(each.triage)}"


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
    print(f"{plain(options.id)} is {_standing(triage)}")


UNREACHABLE = "there is no such deployment or finding, or AWS refused"

COMMAND = CommandGroup(
    description="Lists and triages the findings of a Flowsentry deployment, with the caller's own AWS credentials.",
    commands={
        "list": Command(
            options=ListOptions,
            run=answering(_list),
            description="Lists findings, newest first.",
            examples=("flowsentry findings list --days 30", "flowsentry findings list --state open --kind port_scan"),
            fails_when=UNREACHABLE,
        ),
        "show": Command(
            options=FindingOptions,
            run=answering(_show),
            description="Shows the alert, its triage state and related findings.",
            examples=("flowsentry findings show c0b1c2d3e4f5061728394a5b",),
            fails_when=UNREACHABLE,
        ),
        "acknowledge": Command(
            options=TriageOptions,
            run=answering(_acknowledge),
            description="Known: no alerts for this finding and its like on later days.",
            examples=("flowsentry findings acknowledge c0b1c2d3e4f5061728394a5b --note audit",),
            fails_when=UNREACHABLE,
        ),
        "snooze": Command(
            options=SnoozeOptions,
            run=answering(_snooze),
            description="Alerts again when the days are over.",
            examples=("flowsentry findings snooze c0b1c2d3e4f5061728394a5b --days 7",),
            fails_when=UNREACHABLE,
        ),
        "resolve": Command(
            options=TriageOptions,
            run=answering(_resolve),
            description="Fixed: alerts again if it reoccurs.",
            examples=("flowsentry findings resolve c0b1c2d3e4f5061728394a5b",),
            fails_when=UNREACHABLE,
        ),
        "reopen": Command(
            options=TriageOptions,
            run=answering(_reopen),
            description="Undo: alerts again for this finding and its like.",
            examples=("flowsentry findings reopen c0b1c2d3e4f5061728394a5b",),
            fails_when=UNREACHABLE,
        ),
    },
)
