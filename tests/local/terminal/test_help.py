"""--help: it fits the terminal, its examples are commands, and it names the exit codes."""

import re
import shlex
from collections.abc import Sequence

import pytest

from local.cli import COMMANDS, main
from local.terminal.lazy_commands import every_command
from tests.command_options import parsed

EVERY = dict(every_command(COMMANDS))
STYLING = re.compile(r"\x1b\[[0-9;]*m")
"""What Typer prints where GitHub's runners, or FORCE_COLOR, ask for colours."""
by_command = pytest.mark.parametrize("name", EVERY)


def shown(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main([*arguments, "--help"]) == 0
    return STYLING.sub("", capsys.readouterr().out)


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", ["", "findings", *EVERY])
def test_help_fits_the_terminal(
    name: str, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = shown(name.split(), capsys).splitlines()
    assert max(map(len, lines)) <= columns
    assert not any("…" in line.replace("…'", "") for line in lines)


@by_command
def test_help_has_the_examples_whole_and_the_exit_codes(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = shown(name.split(), capsys)
    assert EVERY[name].examples
    assert all(f"   {example} " in text for example in EVERY[name].examples)
    assert all(f"   {code} " in text for code in EVERY[name].exit_codes)


@pytest.mark.parametrize("example", [example for command in EVERY.values() for example in command.examples])
def test_an_example_is_a_command_that_can_be_given(example: str) -> None:
    words = shlex.split(example.replace("|", " | ").replace(">", " > "))
    start = words.index("flowsentry") + 1
    end = next((number for number, word in enumerate(words) if word in {"|", ">"} and number > start), None)
    assert parsed(words[start:end])


@by_command
def test_json_has_a_documented_shape(name: str) -> None:
    command = EVERY[name]
    has_json = "json" in {parameter.name for parameter in command.built(name).params}
    assert bool(command.output) == (has_json or name == "parse")
