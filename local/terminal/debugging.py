"""Whether the traceback of an unexpected error is printed: --debug, or FLOWSENTRY_DEBUG=1."""

import traceback
from dataclasses import dataclass
from typing import Annotated

import typer

from local.terminal.complaints import complain
from local.terminal.next_steps import next_step, with_next_step

VARIABLE = "FLOWSENTRY_DEBUG"


@dataclass
class Debugging:
    """Of one run of the command line; the option switches it on."""

    is_on: bool = False

    def report(self, error: Exception) -> int:
        """Prints an error that no command expects, with its traceback if that is on. The exit code is 1."""
        if self.is_on:
            traceback.print_exception(error)
        if isinstance(error, OSError) or next_step(error):
            return complain(with_next_step(error))
        hint = "" if self.is_on else "; run again with --debug for the traceback"
        return complain(f"{type(error).__name__}: {error}{hint}")


def _switch(context: typer.Context, is_on: bool) -> bool:  # noqa: FBT001 - Typer calls it so
    if is_on and isinstance(context.obj, Debugging):
        context.obj.is_on = True
    return is_on


Debug = Annotated[
    bool,
    typer.Option(
        "--debug",
        envvar=VARIABLE,
        show_envvar=False,
        callback=_switch,
        help=f"print the traceback of an unexpected error; also with {VARIABLE}=1",
    ),
]
