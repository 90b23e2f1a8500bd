"""Options of replay about what is read, how it goes on, and what is written about it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from local.deployment_command import ACCOUNT
from local.log_files import Selection
from local.log_objects import S3Access
from local.parse_command import RECORDS
from local.query.time_range import EARLIEST, LATEST, TimeRange, moment
from local.terminal.command import Options
from local.terminal.complaints import MisuseError

AGO = re.compile(r"(\d{1,5})([hd])")
"""`6h`, `7d`: so long ago."""
HOW_TO_WRITE_A_TIME = "write a day or a time in UTC, such as 2026-11-03 or 2026-11-03T14:05, or 6h or 7d ago"


def _since(text: str) -> str:
    return _checked(text, is_last=False)


def _until(text: str) -> str:
    return _checked(text, is_last=True)


def _checked(text: str, *, is_last: bool) -> str:
    try:
        time_of(text, is_last=is_last)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time; {HOW_TO_WRITE_A_TIME}") from error
    return text


@dataclass(frozen=True, kw_only=True)
class ReadingOptions(Options):
    """What is read, and where to go on."""

    since: Annotated[
        str | None,
        typer.Option(
            parser=_since,
            metavar="TIME",
            rich_help_panel=RECORDS,
            help="leave out files whose name says that all of their records ended before this time: a day or a time in "
            "UTC, or 6h or 7d ago",
        ),
    ] = None
    until: Annotated[
        str | None,
        typer.Option(
            parser=_until,
            metavar="TIME",
            rich_help_panel=RECORDS,
            help="leave out files whose name says that their records ended after it",
        ),
    ] = None
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", rich_help_panel=ACCOUNT, help="AWS profile for s3:// addresses and --live"),
    ] = None
    region: Annotated[
        str | None,
        typer.Option(
            metavar="REGION", rich_help_panel=ACCOUNT, help="AWS Region of --live, and of the list prices in the report"
        ),
    ] = None
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            rich_help_panel=ACCOUNT,
            help="read the inventory of the account now, with read-only calls, and save it for --inventory next time",
        ),
    ] = False
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="go on from this file, which an interrupted replay names; of one that does not exist yet: write what "
            "was read to it, so that the next replay reads only new files",
        ),
    ] = None
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write the report as one HTML file, to mail or print")
    ] = None
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="write the report as one JSON object; - prints it as the last line"),
    ] = None

    @property
    def selection(self) -> Selection:
        """Which files are read, and with which credentials. Raises MisuseError if --since is after --until."""
        first = time_of(self.since, is_last=False) if self.since else EARLIEST
        last = time_of(self.until, is_last=True) if self.until else LATEST
        if first > last:
            raise MisuseError(f"--since {self.since} is after --until {self.until}")
        return Selection(TimeRange(first, last), S3Access(self.profile, self.region))


def time_of(text: str, *, is_last: bool, now: datetime | None = None) -> datetime:
    """The moment that is meant. Raises ValueError."""
    ago = AGO.fullmatch(text)
    if not ago:
        return moment(text, is_last=is_last)
    hours = int(ago[1]) * (24 if ago[2] == "d" else 1)
    return (now or datetime.now(UTC)) - timedelta(hours=hours)
