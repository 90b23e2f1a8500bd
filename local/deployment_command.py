"""Commands that ask a deployment in AWS: which one, and how its errors are told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from flowsentry.emit.plain_text import plain
from flowsentry.findings.triage import MAX_NOTE_LETTERS
from local.terminal.command import Options
from local.terminal.complaints import complain
from local.terminal.next_steps import with_next_step

if TYPE_CHECKING:
    from local.account import Account

MAX_COMPLAINT_LETTERS = 400
UNREACHABLE = "there is no such deployment, or AWS refused"
"""Meaning of exit code 1 of all of them."""

ACCOUNT = "Which account"
"""A group of options in --help."""

Region = Annotated[
    str | None,
    typer.Option(
        metavar="REGION",
        rich_help_panel=ACCOUNT,
        help="AWS Region (default: AWS_REGION, AWS_DEFAULT_REGION, or of the profile)",
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(metavar="NAME", rich_help_panel=ACCOUNT, help="AWS profile (default: from the environment)"),
]


def _checked_note(text: str) -> str:
    """The same text. Raises BadParameter when it is too long to be stored."""
    if len(text) > MAX_NOTE_LETTERS:
        raise typer.BadParameter(f"a note has at most {MAX_NOTE_LETTERS} characters, this one has {len(text)}")
    return text


Note = Annotated[
    str,
    typer.Option(parser=_checked_note, metavar="TEXT", help=f"reason, at most {MAX_NOTE_LETTERS} characters"),
]
"""Why somebody changes something."""


@dataclass(frozen=True, kw_only=True)
class DeploymentOptions(Options):
    """Which deployment."""

    deployment: Annotated[
        str, typer.Option(metavar="NAME", rich_help_panel=ACCOUNT, help="name of the deployment (default flowsentry)")
    ] = "flowsentry"
    region: Region = None
    profile: Profile = None
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False


OfDeployment = TypeVar("OfDeployment", bound=DeploymentOptions)


def answering(command: Callable[[OfDeployment, "Account"], int | None]) -> Callable[[OfDeployment], int]:
    """The command as a function that returns its exit code: 0 for None; 1, with a message on stderr, for ERRORS."""

    def run(options: OfDeployment) -> int:
        from local.account import ERRORS, Account  # noqa: PLC0415 - boto3 is slow to import; --help does not need it

        try:
            return command(options, Account(options.deployment, options.region, options.profile)) or 0
        except ERRORS as error:
            return complain(plain(with_next_step(error), MAX_COMPLAINT_LETTERS))

    return run
