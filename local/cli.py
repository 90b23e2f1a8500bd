"""The command line: flowsentry demo | parse | replay | explain | findings."""

import argparse
import os
import sys
from collections.abc import Sequence

from local import explain_command, findings_command, parse_command, replay_command

INTERRUPTED = 130
"""The shell's exit code for Ctrl-C: 128 and the number of SIGINT."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command: 0 when it did what was asked, 1 when it could not, 2 for arguments that make no
    sense. A reader that goes away (`| head`) is no error.
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
    from local.demo import demo  # noqa: PLC0415 - AWS on this machine takes a second to import; parse and replay don't

    return demo(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flowsentry", description="VPC flow logs, watched.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    parse_command.add_to(commands)
    replay_command.add_to(commands)
    explain_command.add_to(commands)
    findings_command.add_to(commands)
    demo = commands.add_parser(
        "demo",
        help="AWS on this machine, the real app deployed into it, traffic, alerts",
        description="Starts AWS embedded on this machine, deploys the real CDK app into it, sends an invented "
        "company's traffic through both ways in, and prints the alerts as they are delivered.",
    )
    demo.add_argument("--seed", type=int, default=1, help="the traffic's seed: the same seed gives the same traffic")
    demo.set_defaults(run=_demo)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
