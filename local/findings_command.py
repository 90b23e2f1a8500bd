"""flowsentry findings: what was found in an account, and what people have to say of it."""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from flowsentry.aws.findings.item import SNOOZED_PARTITION, Entry
from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.plain_text import moment, plain
from flowsentry.findings.kinds import KINDS
from flowsentry.findings.triage import MAX_NOTE_LETTERS, Earlier, State, Triage
from local.parse_command import complain

if TYPE_CHECKING:
    from flowsentry.aws.findings.triage import FindingTriage
    from local.account import Account

DAY_SECONDS = 86_400
MAX_SNOOZE_DAYS = 365
MAX_LISTED_DAYS = 90
"""Findings are forgotten after that."""
MAX_TITLE_LETTERS = 120
COLUMNS = "{:<24}  {:<12}  {:<10}  {:<23}  {:<24}  {}"

MAX_COMPLAINT_LETTERS = 400

SAYINGS: dict[str, tuple[Callable[["FindingTriage", str, argparse.Namespace], Triage], str]] = {
    "acknowledge": (
        lambda finding_triage, by, said: finding_triage.acknowledge(said.id, by, said.note),
        "known: its like is not told on other days either",
    ),
    "snooze": (
        lambda finding_triage, by, said: finding_triage.snooze(said.id, _in_days(said.days), by, said.note),
        "not now: it is told again when the days are over",
    ),
    "resolve": (
        lambda finding_triage, by, said: finding_triage.resolve(said.id, by, said.note),
        "over: it is told when it is seen again",
    ),
    "reopen": (
        lambda finding_triage, by, said: finding_triage.reopen(said.id, by, said.note),
        "not over: its like is told again",
    ),
}


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command, its own commands and their arguments."""
    findings = commands.add_parser(
        "findings",
        help="list findings; acknowledge, snooze, resolve and reopen them",
        description="Reads and changes the findings of a deployed Flowsentry, with the caller's own AWS credentials.",
    )
    parts = findings.add_subparsers(required=True, metavar="COMMAND")
    where = _where()
    listing = parts.add_parser("list", parents=[where], help="findings, newest first")
    listing.add_argument("--state", choices=[state.value for state in State], help="only those that stand so")
    listing.add_argument("--kind", choices=KINDS, help="only those of this kind")
    listing.add_argument(
        "--days", type=_days(MAX_LISTED_DAYS), default=7, metavar="N", help="found in the last N days (if none, 7)"
    )
    listing.set_defaults(run=_answering(_list))
    showing = parts.add_parser("show", parents=[where], help="the alert, what was said of it, and its like before")
    showing.add_argument("id", metavar="ID")
    showing.set_defaults(run=_answering(_show))
    for name, (_, meaning) in SAYINGS.items():
        saying = parts.add_parser(name, parents=[where], help=meaning)
        saying.add_argument("id", metavar="ID", help="as in the alert")
        saying.add_argument("--note", type=_note, default="", help=f"why, in at most {MAX_NOTE_LETTERS} letters")
        saying.add_argument("--by", help="who says so; if none, the caller's name in AWS")
        saying.set_defaults(run=_answering(_say), saying=name)
        if name == "snooze":
            saying.add_argument("--days", type=_days(MAX_SNOOZE_DAYS), required=True, metavar="N")


def _where() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--deployment", default="flowsentry", help="its name in the settings (if none, flowsentry)")
    parser.add_argument("--region", help="AWS region; if none, that of the environment or profile")
    parser.add_argument("--profile", help="AWS profile; if none, that of the environment")
    return parser


def _days(most: int) -> Callable[[str], int]:
    def days(text: str) -> int:
        if not (text.isdecimal() and 1 <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"{text!r} is no number of days: 1 to {most}")
        return int(text)

    return days


def _note(text: str) -> str:
    if len(text) > MAX_NOTE_LETTERS:
        raise argparse.ArgumentTypeError(f"a note has at most {MAX_NOTE_LETTERS} letters, not {len(text)}")
    return text


def _answering(command: Callable[[argparse.Namespace, "Account"], None]) -> Callable[[argparse.Namespace], int]:
    """0, or 1 with a complaint where the account, or the finding, can't be had."""

    def run(options: argparse.Namespace) -> int:
        from local.account import ERRORS, Account  # noqa: PLC0415 - boto3 takes a while to import; parse does without

        try:
            command(options, Account(options.deployment, options.region, options.profile))
        except ERRORS as error:
            return complain(plain(error, MAX_COMPLAINT_LETTERS))
        return 0

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
    print(f"{'Told':<10}{_telling(entry)}")
    print("\n".join(_listed(others)))


def _earlier(entry: Entry, others: Sequence[Entry]) -> Earlier | None:
    """What its alert spoke of: its own life before, or the finding before it."""
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
        return "not before the snooze is over"
    if entry.unpublished:
        held = ", held back by flood control until the next summary" if entry.is_rate_limited else ""
        return f"not yet, waits for the next {entry.finding.audience} message{held}"
    if entry.undelivered_reason:
        reason = f" ({plain(entry.finding.suppressed_by)})" if entry.finding.suppressed_by else ""
        return f"not at all: {plain(entry.undelivered_reason)}{reason}"
    if entry.published_at is None:
        return "not at all: somebody spoke of it before"
    together = f" in the {plain(entry.delivered_in)}" if entry.delivered_in else ""
    return f"{moment(entry.published_at)}{together}"


def _listed(others: Sequence[Entry]) -> Iterator[str]:
    yield f"{'Others':<10}{'' if others else 'none of its like'}".rstrip()
    for each in others:
        yield f"  {plain(each.finding.id)}  found {moment(each.found_at)}  {_standing(each.triage)}"


def _say(options: argparse.Namespace, account: "Account") -> None:
    say, _ = SAYINGS[options.saying]
    triage = say(account.findings, options.by or account.caller, options)
    print(f"{plain(options.id)} is {_standing(triage)}")


def _in_days(days: int) -> int:
    return int(time.time()) + days * DAY_SECONDS
