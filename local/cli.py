"""The command line: flowsentry demo | parse | replay | explain | findings | pause | resume | test-alert | doctor |
query | rules | bill.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from local import alerting_command, explain_command, findings_command, parse_command
from local.bill import command as bill_command
from local.doctor import command as doctor_command
from local.query import command as query_command
from local.replay import command as replay_command
from local.rules import command as rules_command

INTERRUPTED = 130
"""The shell's exit code for Ctrl-C: 128 and the number of SIGINT."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command: 0 for success, 1 for failure, 2 for invalid arguments. A closed pipe (`| head`) is
    no error.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _demo(options: argparse.Namespace) -> int:
    from local.demo import demo  # noqa: PLC0415 - the embedded AWS takes a second to import; only demo needs it

    return demo(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="flowsentry", description="Detects scans, blocked paths and suspicious logins in VPC flow logs."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    parse_command.add_to(commands)
    replay_command.add_to(commands)
    explain_command.add_to(commands)
    findings_command.add_to(commands)
    alerting_command.add_to(commands)
    doctor_command.add_to(commands)
    query_command.add_to(commands)
    rules_command.add_to(commands)
    bill_command.add_to(commands)
    demo = commands.add_parser(
        "demo",
        help="deploy the app into an emulated AWS, send sample traffic, print the alerts",
        description="Starts an emulated AWS on this machine, deploys the CDK app into it, sends the traffic of an "
        "invented company through CloudWatch Logs and S3, and prints the alerts as they are delivered. Exit code 1 "
        "when an expected alert is missing or an unexpected one arrives.",
    )
    demo.add_argument(
        "--seed",
        type=int,
        default=1,
        help="seed of the random traffic (default 1); the same seed gives the same traffic",
    )
    demo.set_defaults(run=_demo)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
