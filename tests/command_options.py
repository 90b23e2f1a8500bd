"""The options of the commands of the command line, for the tests of what pages and examples name."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import typer.main

from local.cli import COMMANDS, app
from local.terminal.command import Command, CommandGroup


def options_of(words: list[str]) -> set[str]:
    """The options of the command that the words begin with. Fails for a command that does not exist."""
    if not words or not words[0][0].islower():
        return options_in(typer.main.get_command(app))
    command = COMMANDS[words[0]].command()
    if isinstance(command, CommandGroup):
        return set[str]().union(*(options_in(built(command.commands[name])) for name in named_in(words[1:])))
    return options_in(built(command))


def named_in(words: list[str]) -> list[str]:
    """`acknowledge|snooze` as both; none for an option."""
    return words[0].split("|") if words and words[0][0].islower() else []


@cache
def built(command: Command[Any]) -> Any:
    return command.built("command")


def options_in(command: Any) -> set[str]:
    return {"--help", *(option for parameter in command.params for option in parameter.opts)}


def parsed(words: Sequence[str]) -> Any:
    """The options that the words are parsed to; the command is not run."""
    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)
    with root.make_context("flowsentry", list(words)) as context:
        name, command, rest = root.resolve_command(context, list(words))
        while isinstance(command, typer.core.TyperGroup):
            name, command, rest = command.resolve_command(context, rest)
        assert command is not None
        return command.make_context(name, rest, parent=context).params
