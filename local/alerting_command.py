"""flowsentry pause, resume and test-alert: holds the alerts of a deployment for a time, and shows that they arrive."""

import argparse
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from flowsentry.emit.plain_text import duration, moment, plain
from flowsentry.findings.triage import MAX_NOTE_LETTERS
from local.findings_command import answering, where_parser
from local.parse_command import complain

if TYPE_CHECKING:
    from flowsentry.aws.findings.item import Entry
    from flowsentry.findings.canary import Way
    from local.account import Account

SECONDS_OF = {"m": 60, "h": 3_600, "d": 86_400}
MAX_PROBLEM_LETTERS = 400
DEFAULT_WAIT_SECONDS, MAX_WAIT_SECONDS = 300, 3_600
POLL_SECONDS = 3
"""Time between two looks at the table. Longer: the command ends later than the alert arrives. Shorter: more reads."""

Seen = TypeVar("Seen")


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the three commands and their arguments."""
    pausing = commands.add_parser(
        "pause",
        parents=[where_parser()],
        help="hold all alerts for a time, at most seven days; they are sent after it",
        description="Holds alerts, digests and events of a deployment. They wait in the findings table and are sent "
        "when the pause ends, by itself or by `flowsentry resume`. CloudWatch alarms are sent as always.",
    )
    end = pausing.add_mutually_exclusive_group(required=True)
    end.add_argument("--for", type=_seconds, dest="seconds", metavar="TIME", help="30m, 2h or 1d")
    end.add_argument("--until", type=_instant, metavar="TIME", help="2026-12-01T06:00, in UTC")
    pausing.add_argument("--note", type=_note, default="", help=f"reason, at most {MAX_NOTE_LETTERS} characters")
    pausing.add_argument("--by", help="who pauses (default: the name in the caller's ARN)")
    pausing.set_defaults(run=answering(_pause))
    resuming = commands.add_parser("resume", parents=[where_parser()], help="end a pause: send what it held")
    resuming.add_argument("--by", help="who resumes (default: the name in the caller's ARN)")
    resuming.set_defaults(run=answering(_resume))
    testing = commands.add_parser(
        "test-alert",
        parents=[where_parser()],
        help="send a test alert all the way through the deployed app, and print who gets it",
        description="Asks the deployed app to write a canary record where flow logs are written, and waits until its "
        "test alert was sent. Exit code 1 when it was not.",
    )
    testing.add_argument(
        "--wait",
        type=_wait,
        default=DEFAULT_WAIT_SECONDS,
        metavar="SECONDS",
        help=f"how long to wait (default {DEFAULT_WAIT_SECONDS})",
    )
    testing.set_defaults(run=answering(_test))


def _seconds(text: str) -> int:
    given = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
    if given is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; use for example 30m, 2h or 1d")
    return int(given[1]) * SECONDS_OF[given[2]]


def _instant(text: str) -> int:
    try:
        given = datetime.fromisoformat(text)
        return int((given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; use for example 2026-12-01T06:00, in UTC") from error


def _note(text: str) -> str:
    if len(text) > MAX_NOTE_LETTERS:
        raise argparse.ArgumentTypeError(f"a note has at most {MAX_NOTE_LETTERS} characters, this one has {len(text)}")
    return text


def _wait(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= MAX_WAIT_SECONDS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds; use 1 to {MAX_WAIT_SECONDS}")
    return int(text)


def _pause(options: argparse.Namespace, account: "Account") -> int:
    until = int(time.time()) + options.seconds if options.until is None else options.until
    try:
        pause = account.pause.begin(until, options.by or account.caller, options.note)
    except ValueError as error:
        return complain(f"{moment(until)}: {error}")
    print(f"alerts are paused until {moment(pause.until)} by {plain(pause.by)}; flowsentry resume ends the pause")
    return 0


def _resume(options: argparse.Namespace, account: "Account") -> int:
    ended = account.pause.end(options.by or account.caller)
    print("alerts are sent again, within a minute" if ended else "alerts were not paused")
    return 0


def _test(options: argparse.Namespace, account: "Account") -> int:
    pause = account.pause.current()
    if pause.is_active(time.time()):
        return complain(
            f"alerts are paused until {moment(pause.ends_at)} by {plain(pause.by) or 'somebody'}: resume them first"
        )
    deadline, last = time.time() + options.wait, account.canaries.request()
    print("asked the deployed app for a canary; it is written within a minute", flush=True)
    written = _until(lambda: account.canaries.after(last), deadline)
    if written is None:
        return complain("no canary was written: does the notifier run every minute? See its alarms and its log")
    _print_recipients(written.recipients)
    for problem in written.problems:
        complain(f"not written: {plain(problem, MAX_PROBLEM_LETTERS)}")
    findings = account.canaries.findings
    _until(lambda: all(map(_is_sent, written.entries(findings).values())), deadline)
    sent = [_outcome(way, entry, written.sent_at) for way, entry in written.entries(findings).items()]
    return 0 if sent and all(sent) and not written.problems else 1


def _print_recipients(recipients: Sequence[str]) -> None:
    print("who gets alerts:")
    for each in recipients or ["nobody"]:
        print(f"  {plain(each, MAX_PROBLEM_LETTERS)}", flush=True)


def _is_sent(entry: "Entry | None") -> bool:
    return bool(entry and entry.published_at)


def _outcome(way: "Way", entry: "Entry | None", sent_at: int) -> bool:
    """Prints what came of one canary; whether its alert was sent."""
    if entry and entry.published_at:
        print(f"{way}: the test alert was sent {duration(entry.published_at - sent_at)} after its record was written")
        return True
    stored = "its finding was stored, and its alert was not sent" if entry else "no finding came of it"
    complain(f"{way}: {stored} in the time waited; see docs/runbook.md#canary-lost")
    return False


def _until(look: Callable[[], Seen], deadline: float) -> Seen:
    """What `look` returns once it is true, or at the deadline."""
    while not (seen := look()) and time.time() < deadline:
        time.sleep(POLL_SECONDS)
    return seen
