"""Options of flowsentry findings and its commands."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from flowsentry.findings.kinds import KINDS
from flowsentry.findings.triage import State
from local.deployment_command import DeploymentOptions, Note
from local.terminal.numbers import whole_number

MAX_SNOOZE_DAYS = 365
MAX_LISTED_DAYS = 90
"""Findings expire from the table after this many days."""


def _days(most: int) -> Callable[[str], int]:
    return whole_number("a number of days", 1, most)


def _kinds(incomplete: str) -> Iterator[str]:
    """For the shell's completion; a kind of an earlier version may be given as well."""
    return (kind for kind in KINDS if kind.startswith(incomplete))


@dataclass(frozen=True, kw_only=True)
class ListOptions(DeploymentOptions):
    """Of flowsentry findings list."""

    state: Annotated[
        State | None, typer.Option(metavar="STATE", help=f"only findings in this triage state: {', '.join(State)}")
    ] = None
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", autocompletion=_kinds, help="only findings of this kind, such as port_scan"),
    ] = None
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

    note: Note = ""
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="who triages (default: the name in the caller's ARN)")
    ] = None


@dataclass(frozen=True, kw_only=True)
class SnoozeOptions(TriageOptions):
    """Of flowsentry findings snooze."""

    days: Annotated[int, typer.Option(parser=_days(MAX_SNOOZE_DAYS), metavar="N", help="days without alerts")]
