"""flowsentry rules: which rules of security groups and network ACLs carried the traffic of your own flow logs."""

import argparse
import json
import sys
from pathlib import Path

from local.knowledge import KnowledgeError, inventory_in
from local.parse_command import add_formats_to, complain
from local.reading.log_reading import LogReading
from local.rules.observation import Observation
from local.rules.report import Report

DAYS = 30
"""How long a rule must have carried nothing by default. Longer: yearly jobs are less likely to be missed. Shorter: a
rule is called unused after a quiet week."""


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and its arguments."""
    parser = commands.add_parser(
        "rules",
        help="show which security group rules and network ACL entries carried traffic, and which did not",
        description="Reads flow logs and prints, for each rule of an inventory snapshot, the accepted records that it "
        "allows: records, bytes, the last time, and the busiest peers. `alone` are the records that no other rule "
        "allows. Says why a rule without traffic may be used all the same. Exit code 1 when the snapshot, a path, or "
        "most lines of a file could not be read, when the snapshot has no rules, or when no flow logs were found.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, or s3:// addresses")
    parser.add_argument("--inventory", metavar="FILE", required=True, type=Path, help="inventory snapshot")
    parser.add_argument(
        "--days",
        type=_days,
        default=DAYS,
        metavar="N",
        help=f"days that the logs should cover before a rule is called unused (default {DAYS})",
    )
    parser.add_argument("--unused", action="store_true", help="print only rules that carried nothing")
    parser.add_argument("--json", action="store_true", help="print JSON lines, one for each rule")
    add_formats_to(parser)
    parser.set_defaults(run=run)


def _days(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days; use 1 or more")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Exit code: 0 when all was read, 1 when something could not be. The rest is reported, unless there is none."""
    try:
        inventory = inventory_in(options.inventory)
    except KnowledgeError as error:
        return complain(error)
    if not (inventory.rules.groups or inventory.rules.acls):
        return complain(f"--inventory {options.inventory}: it has no security groups and no network ACLs")
    reading = LogReading(options.formats)
    observation = Observation(inventory, reading)
    observation.read(options.paths)
    if reading.nothing:
        return complain(reading.nothing)
    _print(Report(observation, observation.usage(), options.days), options)
    return 1 if reading.unread else 0


def _print(report: Report, options: argparse.Namespace) -> None:
    if options.json:
        for row in report.rows(is_unused_only=options.unused):
            print(json.dumps(row))
    else:
        for line in report.lines(is_unused_only=options.unused):
            print(line)
    for line in report.summary():
        print(line, file=sys.stderr)
