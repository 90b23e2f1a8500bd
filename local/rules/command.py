"""flowsentry rules: which rules of security groups and network ACLs carried the traffic of your own flow logs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from local.knowledge import KnowledgeError, inventory_in
from local.parse_command import FormatOptions
from local.reading.log_reading import LogReading
from local.rules.observation import Observation
from local.rules.report import Report
from local.terminal.command import Command
from local.terminal.complaints import complain, remark
from local.terminal.folding import print_folded
from local.terminal.numbers import whole_number

DAYS = 30
"""How long a rule must have carried nothing by default. Longer: yearly jobs are less likely to be missed. Shorter: a
rule is called unused after a quiet week."""


@dataclass(frozen=True, kw_only=True)
class RulesOptions(FormatOptions):
    """Of flowsentry rules."""

    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="files, folders, or s3:// addresses")]
    inventory: Annotated[Path, typer.Option(metavar="FILE", help="inventory snapshot")]
    days: Annotated[
        int,
        typer.Option(
            parser=whole_number("a number of days", 1),
            metavar="N",
            help=f"days that the logs should cover before a rule is called unused (default {DAYS})",
        ),
    ] = DAYS
    unused: Annotated[bool, typer.Option("--unused", help="print only rules that carried nothing")] = False
    json: Annotated[bool, typer.Option("--json", help="print JSON lines, one for each rule")] = False


def run(options: RulesOptions) -> int:
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


def _print(report: Report, options: RulesOptions) -> None:
    if options.json:
        for row in report.rows(is_unused_only=options.unused):
            print(json.dumps(row))
    else:
        print_folded(report.lines(is_unused_only=options.unused))
    for line in report.summary():
        remark(line)


COMMAND = Command(
    options=RulesOptions,
    run=run,
    description="Reads flow logs and prints, for each rule of an inventory snapshot, the accepted records that it "
    "allows: records, bytes, the last time, and the busiest peers. `alone` are the records that no other rule allows. "
    "Says why a rule without traffic may be used all the same.",
    examples=(
        "flowsentry rules --inventory snapshot.zip --unused logs/",
        "flowsentry rules --inventory snapshot.zip --days 90 --json logs/",
    ),
    succeeds_when="all was read",
    fails_when="the snapshot, a path, or most lines of a file could not be read, the snapshot has no rules, or no flow "
    "logs were found",
    output="a line for each rule, with is_unused and doubts",
)
