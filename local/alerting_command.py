"""flowsentry pause, resume and test-alert: holds the alerts of a deployment for a time, and shows that they arrive."""

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from flowsentry.emit.plain_text import duration, moment, plain
from local.deployment_command import UNREACHABLE, DeploymentOptions, Note, answering
from local.terminal.command import Command
from local.terminal.complaints import MisuseError, complain
from local.terminal.numbers import whole_number
from local.terminal.waiting import waiting

if TYPE_CHECKING:
    from flowsentry.aws.findings.item import Entry
    from flowsentry.aws.upkeep.canary_request import WrittenCanaries
    from flowsentry.findings.canary import Way
    from local.account import Account

SECONDS_OF = {"m": 60, "h": 3_600, "d": 86_400}
MAX_PROBLEM_LETTERS = 400
DEFAULT_WAIT_SECONDS, MAX_WAIT_SECONDS = 300, 3_600
POLL_SECONDS = 3
"""Time between two looks at the table. Longer: the command ends later than the alert arrives. Shorter: more reads."""

Seen = TypeVar("Seen")


def _seconds(text: str) -> int:
    given = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
    if given is None:
        raise typer.BadParameter(f"{text!r} is no time; use for example 30m, 2h or 1d")
    return int(given[1]) * SECONDS_OF[given[2]]


def _instant(text: str) -> int:
    try:
        given = datetime.fromisoformat(text)
        return int((given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{text!r} is no time; use for example 2026-12-01T06:00, in UTC") from error


@dataclass(frozen=True, kw_only=True)
class PauseOptions(DeploymentOptions):
    """Of flowsentry pause."""

    seconds: Annotated[int | None, typer.Option("--for", parser=_seconds, metavar="TIME", help="30m, 2h or 1d")] = None
    until: Annotated[int | None, typer.Option(parser=_instant, metavar="TIME", help="2026-12-01T06:00, in UTC")] = None
    note: Note = ""
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="who pauses (default: the name in the caller's ARN)")
    ] = None

    def __post_init__(self) -> None:
        if (self.seconds is None) == (self.until is None):
            raise MisuseError("give one of --for and --until, such as --for 2h")


@dataclass(frozen=True, kw_only=True)
class ResumeOptions(DeploymentOptions):
    """Of flowsentry resume."""

    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="who resumes (default: the name in the caller's ARN)")
    ] = None


@dataclass(frozen=True, kw_only=True)
class TestAlertOptions(DeploymentOptions):
    """Of flowsentry test-alert."""

    wait: Annotated[
        int,
        typer.Option(
            parser=whole_number("a number of seconds", 1, MAX_WAIT_SECONDS),
            metavar="SECONDS",
            help=f"how long to wait (default {DEFAULT_WAIT_SECONDS})",
        ),
    ] = DEFAULT_WAIT_SECONDS


def _pause(options: PauseOptions, account: "Account") -> int:
    until = int(time.time()) + (options.seconds or 0) if options.until is None else options.until
    try:
        pause = account.pause.begin(until, options.by or account.caller, options.note)
    except ValueError as error:
        return complain(f"{moment(until)}: {error}")
    if options.json:
        print(json.dumps({"until": pause.until, "by": pause.by, "note": options.note}))
    else:
        print(f"alerts are paused until {moment(pause.until)} by {plain(pause.by)}; flowsentry resume ends the pause")
    return 0


def _resume(options: ResumeOptions, account: "Account") -> int:
    ended = account.pause.end(options.by or account.caller)
    if options.json:
        print(json.dumps({"was_paused": bool(ended)}))
    else:
        print("alerts are sent again, within a minute" if ended else "alerts were not paused")
    return 0


def _test(options: TestAlertOptions, account: "Account") -> int:
    pause = account.pause.current()
    if pause.is_active(time.time()):
        return complain(
            f"alerts are paused until {moment(pause.ends_at)} by {plain(pause.by) or 'somebody'}: resume them first"
        )
    deadline, last = time.time() + options.wait, account.canaries.request()
    _say(options, "asked the deployed app for a canary; it is written within a minute")
    with waiting("waiting for the canary"):
        written = _until(lambda: account.canaries.after(last), deadline)
    if written is None:
        return complain("no canary was written: does the notifier run every minute? See its alarms and its log")
    _say(options, "who gets alerts:", *(f"  {plain(each, MAX_PROBLEM_LETTERS)}" for each in _recipients(written)))
    for problem in written.problems:
        complain(f"not written: {plain(problem, MAX_PROBLEM_LETTERS)}")
    return _wait_for_alerts(options, account, written, deadline)


def _wait_for_alerts(options: TestAlertOptions, account: "Account", written: "WrittenCanaries", deadline: float) -> int:
    """The exit code, once all alerts were sent or the time is over."""
    findings = account.canaries.findings
    with waiting("waiting for the test alerts"):
        _until(lambda: all(map(_is_sent, written.entries(findings).values())), deadline)
    entries = written.entries(findings)
    for way, entry in entries.items():
        _print_outcome(options, way, entry, written.sent_at)
    are_sent = bool(entries) and all(map(_is_sent, entries.values())) and not written.problems
    if options.json:
        ways = {way: entry.published_at if entry else None for way, entry in entries.items()}
        recipients = [*written.recipients]
        print(json.dumps({"recipients": recipients, "problems": [*written.problems], "published_at": ways}))
    return 0 if are_sent else 1


def _say(options: TestAlertOptions, *lines: str) -> None:
    if not options.json:
        print(*lines, sep="\n", flush=True)


def _recipients(written: "WrittenCanaries") -> Sequence[str]:
    return written.recipients or ("nobody",)


def _is_sent(entry: "Entry | None") -> bool:
    return bool(entry and entry.published_at)


def _print_outcome(options: TestAlertOptions, way: "Way", entry: "Entry | None", sent_at: int) -> None:
    """What came of one canary."""
    if entry and entry.published_at:
        after = duration(entry.published_at - sent_at)
        _say(options, f"{way}: the test alert was sent {after} after its record was written")
    else:
        stored = "its finding was stored, and its alert was not sent" if entry else "no finding came of it"
        complain(f"{way}: {stored} in the time waited; see docs/runbook.md#canary-lost")


def _until(look: Callable[[], Seen], deadline: float) -> Seen:
    """What `look` returns once it is true, or at the deadline."""
    while not (seen := look()) and time.time() < deadline:
        time.sleep(POLL_SECONDS)
    return seen


PAUSE = Command(
    options=PauseOptions,
    run=answering(_pause),
    description="Holds alerts, digests and events of a deployment. They wait in the findings table and are sent when "
    "the pause ends, by itself or by `flowsentry resume`. CloudWatch alarms are sent as always.",
    examples=(
        "flowsentry pause --for 2h --note 'load test'",
        "flowsentry pause --until 2026-12-01T06:00 --deployment staging",
    ),
    fails_when=f"{UNREACHABLE}, or the time is past or more than seven days away",
    output="one object: until, by and note",
)
RESUME = Command(
    options=ResumeOptions,
    run=answering(_resume),
    description="Ends a pause, and sends what it held.",
    examples=("flowsentry resume",),
    fails_when=UNREACHABLE,
    output="one object: was_paused",
)
TEST = Command(
    options=TestAlertOptions,
    run=answering(_test),
    description="Asks the deployed app to write a canary record where flow logs are written, and waits until its test "
    "alert was sent.",
    examples=("flowsentry test-alert", "flowsentry test-alert --wait 600 --region eu-central-1"),
    succeeds_when="every test alert was sent",
    fails_when=f"a test alert was not sent in time, alerts are paused, {UNREACHABLE}",
    output="one object: recipients, problems, and published_at by way in, null for an alert that was not sent",
)
