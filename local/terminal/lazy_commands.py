"""Commands that are imported only when they are used: importing all of them takes a second."""

import os
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

from local.terminal.click_classes import Group, Single
from local.terminal.command import Command, CommandGroup
from local.terminal.screen import erased_at_end


class Listed(NamedTuple):
    """A command as `flowsentry --help` lists it. Its module has it under `attribute`."""

    module: str
    summary: str
    attribute: str = "COMMAND"

    def command(self) -> Command[Any] | CommandGroup:
        """The command itself, imported."""
        found: Command[Any] | CommandGroup = getattr(import_module(self.module), self.attribute)
        return found


def every_command(listed: Mapping[str, Listed]) -> Iterator[tuple[str, Command[Any]]]:
    """Each command by its words: `("findings list", …)`."""
    for name, each in listed.items():
        command = each.command()
        if isinstance(command, CommandGroup):
            yield from ((f"{name} {part}", inner) for part, inner in command.commands.items())
        else:
            yield name, command


class LazyCommands(Group):
    """The commands of a table. Help and completion of their names need the table alone."""

    listed: ClassVar[Mapping[str, Listed]]

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {
            name: Single(name, help=listed.summary, add_help_option=False) for name, listed in self.listed.items()
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The name, the imported command, and its arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, self.listed[name].command().built(name) if name and command else None, rest

    def invoke(self, ctx: Any) -> int:
        """The exit code of the command. A closed pipe (`| head`) is no error."""
        try:
            with erased_at_end():
                code: int = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return code
