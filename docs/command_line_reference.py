"""Generates docs/command-line.md from the commands of local/cli.py."""
# ruff: noqa: INP001 - a script beside the pages it writes; only docs/generate.py imports it

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from docs.markdown import table
from local.cli import COMMANDS
from local.terminal.command import Command
from local.terminal.lazy_commands import every_command

ABOUT = """\
`make setup` installs `.venv/bin/flowsentry`. `flowsentry --help` lists the commands, and `flowsentry replay --help` has
the options, examples and exit codes of one. `flowsentry --install-completion` teaches your shell to complete commands,
options, kinds of finding, thresholds and queries with Tab (bash, zsh, fish and PowerShell)."""
ON_A_TERMINAL = """\
Results are on stdout; progress, summaries and messages are on stderr. On a terminal, tables fit its width (long cells
fold, ids are never cut), long links are short texts that can be clicked (OSC 8), and what takes seconds shows how far
it is. In a pipe or a file every line is whole, without colours and control characters. `NO_COLOR=1` turns
colours off, `FORCE_COLOR=1` turns them on in a pipe, and `TERM=dumb` turns everything off that is not plain text.
`COLUMNS` overrides the width."""
ERRORS = """\
An error is one sentence on stderr that begins with `flowsentry:` and says what to do next. The traceback of an error
that no command expects is printed with `--debug`, before or after the command, or with `FLOWSENTRY_DEBUG=1`."""
JSON = """\
With `--json` a command prints one JSON object, or JSON lines, on stdout, and nothing else there."""


def command_line_page() -> Iterator[str]:
    yield from (ABOUT, "", "## On a terminal and in a pipe", "", ON_A_TERMINAL, "", "## Errors", "", ERRORS, "")
    yield from ("## JSON", "", JSON, "")
    every = dict(every_command(COMMANDS))
    shapes = ((f"`{name}`", command.output) for name, command in every.items() if command.output)
    yield from table(("command", "what `--json` prints"), shapes)
    yield from ("", "## Exit codes", "", "2 is for wrong arguments, and 130 for Ctrl-C, of every command.", "")
    codes = ((f"`{name}`", command.exit_codes[0], command.exit_codes[1]) for name, command in every.items())
    yield from table(("command", "0", "1"), codes)
    for name, command in every.items():
        yield from _section(name, command)


def _section(name: str, command: Command[Any]) -> Iterator[str]:
    yield from ("", f"## flowsentry {name}", "", *wrap(command.description, 120), "")
    parameters = [each for each in command.built(name).params if each.name != "debug"]
    if parameters:
        yield from (*table(("argument or option", "", "meaning"), map(_row, parameters)), "")
    yield from ("```", *command.examples, "```")


def _row(parameter: Any) -> tuple[str, ...]:
    is_option = parameter.opts[0].startswith("-")
    names = ", ".join(parameter.opts) if is_option else parameter.metavar + ("…" if parameter.nargs < 0 else "")
    placeholder = f" {parameter.metavar}" if is_option and parameter.metavar else ""
    is_repeated = is_option and parameter.multiple
    occurs = "required" if parameter.required else "several times" if is_repeated else ""
    return f"`{names}{placeholder}`", occurs, parameter.help
