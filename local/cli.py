"""The command line: flowsentry demo | parse | replay | explain | findings | pause | resume | test-alert | doctor |
query | rules | bill.
"""

import io
import sys
from collections.abc import Mapping, Sequence
from typing import ClassVar

import typer
import typer.main
from rich.markup import escape

from local.terminal.complaints import complain, sentence_of
from local.terminal.debugging import Debug, Debugging
from local.terminal.interruption import INTERRUPTED, one_interruption
from local.terminal.lazy_commands import LazyCommands, Listed

COMMANDS: Mapping[str, Listed] = {
    "demo": Listed("local.demo_command", "deploy the app into an emulated AWS, send sample traffic, print the alerts"),
    "parse": Listed("local.parse_command", "print typed records as JSON lines"),
    "replay": Listed("local.replay.command", "run your own flow logs through the pipeline and print the findings"),
    "explain": Listed(
        "local.explain_command", "show the security group or network ACL rule that allows or denies a packet"
    ),
    "findings": Listed("local.findings.command", "list findings; acknowledge, snooze, resolve and reopen them"),
    "pause": Listed("local.alerting_command", "hold all alerts for a time, at most seven days", "PAUSE"),
    "resume": Listed("local.alerting_command", "end a pause: send what it held", "RESUME"),
    "test-alert": Listed(
        "local.alerting_command",
        "send a test alert all the way through the deployed app, and print who gets it",
        "TEST",
    ),
    "doctor": Listed(
        "local.doctor.command", "ask the account whether the settings in cdk.json can be deployed into it"
    ),
    "query": Listed("local.query.command", "answer a question, such as who sent most, from enriched Parquet files"),
    "rules": Listed("local.rules.command", "show which rules carried traffic, and which did not"),
    "bill": Listed("local.bill.command", "what the traffic in your own flow logs costs, by owner and path"),
}


class _Commands(LazyCommands):
    listed: ClassVar[Mapping[str, Listed]] = COMMANDS


app = typer.Typer(
    name="flowsentry",
    cls=_Commands,
    help="Detects scans, blocked paths and suspicious logins in VPC flow logs.",
    epilog=escape(
        "Examples:\n"
        "  flowsentry demo                       try it, without an AWS account\n"
        "  flowsentry replay logs/               what would be found in your own flow logs\n"
        "  flowsentry replay --help              options, examples and exit codes of a command\n"
        "  flowsentry --install-completion       complete commands and options with Tab"
    ),
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


@app.callback()
def _all_commands(*, debug: Debug = False) -> None:
    """What is given before the name of a command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command: 0 for success, 1 for failure, 2 for invalid arguments, 130 for Ctrl-C. A closed
    pipe (`| head`) is no error.
    """
    debugging = Debugging()
    _print_all_characters()
    try:
        with one_interruption():
            return _run(arguments, debugging)
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.TyperException as error:
        complain(sentence_of(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last place that can make a sentence of it
        return debugging.report(error)


def _print_all_characters() -> None:
    """Lets stdout escape what its encoding, such as that of LANG=C, does not have, as stderr does."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _run(arguments: Sequence[str] | None, debugging: Debugging) -> int:
    commands = typer.main.get_command(app)
    code: int = commands.main(arguments, prog_name="flowsentry", standalone_mode=False, obj=debugging)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
