"""flowsentry findings: lists the findings of a deployment, and changes their triage state."""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from flowsentry.aws.findings.item import SNOOZED_PARTITION, Entry
from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.plain_text import moment, plain
from flowsentry.findings.triage import MAX_NOTE_LETTERS, Earlier, State, Triage
from local.parse_command import complain

if TYPE_CHECKING:
    from flowsentry.aws.findings.triage import FindingTriage
    from local.account import Account

DAY_SECONDS = 86_400
MAX_SNOOZE_DAYS = 365
MAX_LISTED_DAYS = 90
"""Findings expire from the table after this many days."""
MAX_TITLE_LETTERS = 120
COLUMNS = "{:<24}  {:<12}  {:<10}  {:<23}  {:<24}  {}"

MAX_COMPLAINT_LETTERS = 400

SAYINGS: dict[str, tuple[Callable[["FindingTriage", str, argparse.Namespace], Triage], str]] = {
    "acknowledge": (
        lambda finding_triage, by, said: finding_triage.acknowledge(said.id, by, said.note),
        "known: no alerts for this finding and its like on later days",
    ),
    "snooze": (
        lambda finding_triage, by, said: finding_triage.snooze(said.id, _in_days(said.days), by, said.note),
        "alert again when the days are over",
    ),
    "resolve": (
        lambda finding_triage, by, said: finding_triage.resolve(said.id, by, said.note),
        "fixed: alert again if it reoccurs",
    ),
    "reopen": (
        lambda finding_triage, by, said: finding_triage.reopen(said.id, by, said.note),
        "undo: alert again for this finding and its like",
    ),
}


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command, its subcommands and their arguments."""
    findings = commands.add_parser(
        "findings",
        help="list findings; acknowledge, snooze, resolve and reopen them",
        description="Lists and triages the findings of a Flowsentry deployment, with the caller's own AWS credentials.",
    )
    parts = findings.add_subparsers(required=True, metavar="COMMAND")
    where = where_parser()
    listing = parts.add_parser("list", parents=[where], help="list findings, newest first")
    listing.add_argument("--state", choices=[state.value for state in State], help="only findings in this triage state")
    listing.add_argument("--kind", help="only findings of this kind, such as port_scan")
    listing.add_argument(
        "--days",
        type=_days(MAX_LISTED_DAYS),
        default=7,
        metavar="N",
        help="only findings of the last N days (default 7)",
    )
    listing.set_defaults(run=answering(_list))
    showing = parts.add_parser("show", parents=[where], help="show the alert, its triage state and related findings")
    showing.add_argument("id", metavar="ID")
    showing.set_defaults(run=answering(_show))
    for name, (_, meaning) in SAYINGS.items():
        saying = parts.add_parser(name, parents=[where], help=meaning)
        saying.add_argument("id", metavar="ID", help="finding id, as in the alert")
        saying.add_argument("--note", type=_note, default="", help=f"reason, at most {MAX_NOTE_LETTERS} characters")
        saying.add_argument("--by", help="who triages (default: the name in the caller's ARN)")
        saying.set_defaults(run=answering(_say), saying=name)
        if name == "snooze":
            saying.add_argument(
                "--days", type=_days(MAX_SNOOZE_DAYS), required=True, metavar="N", help="days without alerts"
            )


def where_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--deployment", default="flowsentry", help="name of the deployment (default flowsentry)")
    parser.add_argument("--region", help="AWS Region (default: AWS_REGION, AWS_DEFAULT_REGION, or of the profile)")
    parser.add_argument("--profile", help="AWS profile (default: from the environment)")
    return parser


def _days(most: int) -> Callable[[str], int]:
    def days(text: str) -> int:
        if not (text.isdecimal() and 1 <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number of days; use 1 to {most}")
        return int(text)

    return days


def _note(text: str) -> str:
    if len(text) > MAX_NOTE_LETTERS:
        raise argparse.ArgumentTypeError(f"a note has at most {MAX_NOTE_LETTERS} characters, this one has {len(text)}")
    return text


def answering(command: Callable[[argparse.Namespace, "Account"], int | None]) -> Callable[[argparse.Namespace], int]:
    """The command as a function that returns its exit code: 0 for None; 1, with a message on stderr, for ERRORS."""

    def run(options: argparse.Namespace) -> int:
        from local.account import ERRORS, Account  # noqa: PLC0415 - boto3 is slow to import; parse does not need it

        try:
            return command(options, Account(options.deployment, options.region, options.profile)) or 0
        except ERRORS as error:
            return complain(plain(error, MAX_COMPLAINT_LETTERS))

    return run


def _list(options: argparse.Namespace, account: "Account") -> None:
    since = int(time.time()) - options.days * DAY_SECONDS
    entries = account.findings.newest(since, complain)
    print(COLUMNS.format("id", "state", "severity", "found", "subject", "title"))
    for entry in entries:
        if options.state in {None, entry.triage.state.value} and options.kind in {None, entry.finding.kind}:
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


def _show(options: argparse.Namespace, account: "Account") -> None:
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


def _say(options: argparse.Namespace, account: "Account") -> None:
    say, _ = SAYINGS[options.saying]
    triage = say(account.findings, options.by or account.caller, options)
    print(f"{plain(options.id)} is {_standing(triage)}")


def _in_days(days: int) -> int:
    return int(time.time()) + days * DAY_SECONDS
