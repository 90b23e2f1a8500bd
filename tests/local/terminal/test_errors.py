"""Errors: one sentence on stderr with the next step; a traceback only with --debug; exit codes as documented."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import parse_command
from local.terminal.interruption import one_interruption
from tests.local.conftest import Flowsentry

ROOT = Path(__file__).parents[3]
HEAVY = ("boto3", "botocore", "moto", "duckdb", "aws_cdk")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("replay", "--inventroy", "x"), "no such option: --inventroy; did you mean --inventory?"),
        (("repaly",), "no such command 'repaly'. Did you mean 'replay'?"),
        (("findings", "shwo", "x"), "no such command 'shwo'. Did you mean 'show'?"),
        ((), "missing command (see flowsentry --help)"),
        (("findings", "list", "--state", "closed"), "'closed' is not one of"),
        (("pause",), "give one of --for and --until, such as --for 2h (see flowsentry pause --help)"),
        (("query", "--list", "--json", "--csv"), "give --json or --csv, not both (see flowsentry query --help)"),
        (("replay", "--json=yes", "x"), "option '--json' does not take a value"),
        (("replay", "--format"), "option '--format' requires an argument"),
    ],
)
def test_wrong_arguments_exit_with_2_and_say_what_is_right(
    flowsentry: Flowsentry, arguments: tuple[str, ...], sentence: str
) -> None:
    done = flowsentry(*arguments)
    assert (done.code, done.out, len(done.complaints)) == (2, "", 1)
    assert done.err.startswith(f"flowsentry: {sentence}") or sentence in done.err


def broken(*_: object) -> None:
    raise LookupError("a thing that nobody expects")


def test_an_unexpected_error_is_one_sentence(flowsentry: Flowsentry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse_command, "all_sources", broken)
    done = flowsentry("parse", "x")
    assert done.code == 1
    assert done.complaints == [
        "flowsentry: LookupError: a thing that nobody expects; run again with --debug for the traceback"
    ]


@pytest.mark.parametrize("arguments", [("--debug", "parse", "x"), ("parse", "--debug", "x"), ("parse", "x", "--debug")])
def test_debug_prints_the_traceback(
    flowsentry: Flowsentry, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(parse_command, "all_sources", broken)
    done = flowsentry(*arguments)
    assert done.code == 1
    assert "Traceback" in done.err
    assert done.complaints[-1] == "flowsentry: LookupError: a thing that nobody expects"


class UnauthorizedSSOTokenError(Exception):
    """By its name one of boto3's."""


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "out.log"), "free some space, or set TMPDIR to"),
        (PermissionError(errno.EACCES, "Permission denied", "x.log"), "check who may read and write it"),
        (UnauthorizedSSOTokenError("the session has expired."), "the session has expired; sign in again"),
    ],
)
def test_an_error_of_the_machine_or_of_aws_says_what_to_do_and_is_not_traced(
    flowsentry: Flowsentry, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(parse_command, "all_sources", failing)
    done = flowsentry("parse", "x")
    assert (done.code, len(done.complaints)) == (1, 1)
    assert sentence in done.err
    assert "--debug" not in done.err


@pytest.mark.parametrize(
    "arguments", [("parse",), ("replay",), ("bill",), ("replay", "--json"), ("replay", "--against", "default")]
)
def test_a_folder_without_logs_is_told(flowsentry: Flowsentry, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "notes.md").write_text("no logs")
    done = flowsentry(*arguments, tmp_path)
    assert done.code == 1
    assert done.complaints[-1].startswith("flowsentry: no flow logs were found in the given paths; of a folder, files")


@pytest.mark.parametrize("command", ["parse", "replay", "bill"])
def test_a_missing_file_is_told_by_its_name(flowsentry: Flowsentry, command: str) -> None:
    done = flowsentry(command, "nowhere.log")
    assert done.code == 1
    assert "flowsentry: nowhere.log: no such file or folder" in done.complaints


def test_debug_may_be_an_environment_variable(flowsentry: Flowsentry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse_command, "all_sources", broken)
    monkeypatch.setenv("FLOWSENTRY_DEBUG", "1")
    assert "Traceback" in flowsentry("parse", "x").err


def test_ctrl_c_exits_with_130(flowsentry: Flowsentry, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(parse_command, "all_sources", interrupted)
    done = flowsentry("parse", "x")
    assert (done.code, done.err) == (130, "")


def test_a_name_with_control_characters_is_printed_without_them(flowsentry: Flowsentry) -> None:
    done = flowsentry("parse", "[bold]\x1b[31m\x07red[/].log\nflowsentry: all is well")
    assert len(done.complaints) == 1
    assert done.err.startswith("flowsentry: [bold] [31m red[/].log flowsentry: all is well: ")


def test_help_imports_no_polars_and_parse_no_aws_and_both_print_in_any_encoding(tmp_path: Path) -> None:
    """`flowsentry --help` takes 0.2 s of processor time, most of it for Typer and Rich."""
    log = tmp_path / "x.log"
    log.write_text("version account-id\n")
    script = f"""
import sys
from local.cli import main
def printed(*names): print([name for name in names if name in sys.modules], file=sys.stderr)
main(["--help"])
printed("polars", "pydantic", *{HEAVY})
main(["parse", "--help"])
main(["parse", {str(log)!r}])
printed(*{HEAVY})
"""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == "[]\n[]\n"


def test_a_query_of_another_name_gets_the_nearest(flowsentry: Flowsentry) -> None:
    assert "'top-owner' is no query; did you mean top-owners? (see" in flowsentry("query", "top-owner").err
    assert "flowsentry query --list shows all of them (see" in flowsentry("query", "xyz").err


def test_settings_that_cannot_be_read_are_told_by_their_file(flowsentry: Flowsentry, tmp_path: Path) -> None:
    missing, text = tmp_path / "missing.json", tmp_path / "text.json"
    text.write_text("no JSON")
    done = flowsentry("doctor", "--settings", missing)
    assert done.err == f"flowsentry: --settings {missing}: No such file or directory; give a file such as cdk.json\n"
    assert flowsentry("doctor", "--settings", text).err.startswith(f"flowsentry: --settings {text}: Expecting value")


class Interrupted:
    """Raises what Python prints, since nothing can catch it."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def __del__(self) -> None:
        raise self.error


def test_a_second_interruption_is_not_printed_and_other_errors_are() -> None:
    printed = list[type[BaseException]]()

    def noted(unraisable: "sys.UnraisableHookArgs") -> None:
        printed.append(unraisable.exc_type)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", noted)
        with one_interruption():
            for error in (KeyboardInterrupt, LookupError):
                Interrupted(error)
        assert sys.unraisablehook is noted
    assert printed == [LookupError]
