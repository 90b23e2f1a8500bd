"""flowsentry replay: your own flow logs through the pipeline that runs in AWS, with its state in memory."""

import argparse
import ipaddress
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flowsentry.decode import object_texts
from flowsentry.degradation import Degradation
from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.plain_text import counted
from flowsentry.errors import PoisonError
from flowsentry.findings import Finding, Severity
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.pipeline import Context, Outcome, process
from flowsentry.tally import interfaces_without_data, skipped_by_interface
from flowsentry.territory import PRIVATE_NETWORKS
from local.knowledge import KnowledgeError, add_knowledge_to, knowledge_of
from local.log_files import LogSource, sources_at
from local.parse_command import add_formats_to, complain, in_words

MAX_NAMED_INTERFACES = 20
"""Interfaces with skipped records that the summary names, those with the most. More: longer lines. Fewer: less told."""


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and its arguments."""
    parser = commands.add_parser(
        "replay",
        help="what would have been found in flow logs you have",
        description="Runs flow logs through the same pipeline as in AWS and prints the findings as they are made; a "
        "summary goes to stderr. Nothing is sent anywhere. Exit code 1 when a path could not be read.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, or s3:// addresses")
    parser.add_argument("--json", action="store_true", help="findings as JSON lines")
    add_formats_to(parser)
    parser.add_argument(
        "--inside",
        action="append",
        default=[],
        type=_network,
        metavar="CIDR",
        help="a network that is yours, beside the private ranges; may be given several times",
    )
    add_knowledge_to(parser)
    parser.set_defaults(run=run)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def run(options: argparse.Namespace) -> int:
    """0 when every path could be read, 1 when one could not; what could be read is replayed either way."""
    try:
        inventory, geography = knowledge_of(options)
    except KnowledgeError as error:
        return complain(error)
    inside = (*PRIVATE_NETWORKS, *options.inside)
    replay = Replay(Context(inventory, inside, geography), options.formats)
    for source in _sources(options.paths, replay):
        for finding in replay.findings_in(source):
            print(finding.to_json() if options.json else _as_text(finding))
    for line in replay.summary():
        print(line, file=sys.stderr)
    return 1 if replay.unread else 0


def _sources(paths: list[str], replay: "Replay") -> Iterator[LogSource]:
    for path in paths:
        try:
            yield from sources_at(path)
        except OSError as error:
            replay.unread += complain(error)


@dataclass
class Replay:
    """A pipeline with its state in memory, and the sums of what went through it. `unread` counts the paths and files
    that could not be read.
    """

    context: Context
    log_formats: Sequence[str] = ()
    unread: int = 0
    sources: int = 0
    lines: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    without_data: set[str] = field(default_factory=set)
    future_records: int = 0
    degraded: dict[Degradation, None] = field(default_factory=dict)
    newest_end: int = 0
    clock: Callable[[], float] = time.time
    _evidence: EvidenceInMemory = field(default_factory=EvidenceInMemory)
    _findings: FindingsInMemory = field(default_factory=FindingsInMemory)

    def findings_in(self, source: LogSource) -> list[Finding]:
        """What this source newly shows, given those before it."""
        try:
            texts = object_texts(source.blocks(), self.log_formats)
            outcome = process(texts, self.context, self._evidence, self._findings, now=self.clock())
        except (PoisonError, OSError) as error:
            self.unread += complain(f"{source.name}: {error}")
            return []
        if outcome.damage:
            self.unread += complain(f"{source.name}: {outcome.damage}")
        self._count(outcome)
        return outcome.findings

    def _count(self, outcome: Outcome) -> None:
        self.sources += 1
        self.lines["lines"] += outcome.lines
        self.lines["records"] += outcome.accepted_records
        self.lines["NODATA"] += outcome.nodata
        self.lines["SKIPDATA"] += outcome.skipdata
        self.rejected.update(outcome.rejected.counts)
        self.skipped.update(skipped_by_interface(outcome.silences))
        self.without_data |= interfaces_without_data(outcome.silences)
        self.future_records += outcome.future_records
        self.found.update(f"{finding.kind} ({finding.severity})" for finding in outcome.findings)
        self.degraded |= dict.fromkeys(outcome.degraded)
        self.newest_end = max(self.newest_end, outcome.newest_end or 0)

    def summary(self) -> Iterator[str]:
        """What went through, in lines for people."""
        counts = ", ".join(f"{count:,} {name}" for name, count in self.lines.items())
        yield f"files     {self.sources:,}" + (f", {self.unread:,} not or not wholly read" if self.unread else "")
        yield f"read      {counts or 'nothing'}"
        yield f"rejected  {in_words(self.rejected.items())}"
        yield from self._silences()
        yield f"findings  {in_words(self.found.items())}"
        yield from (f"degraded  {each}" for each in self.degraded)
        if self.newest_end:
            yield f"newest    {datetime.fromtimestamp(self.newest_end, UTC):%Y-%m-%d %H:%M:%S} UTC"

    def _silences(self) -> Iterator[str]:
        """Who was not heard, and whose clock is wrong: where there is any."""
        if self.skipped:
            yield f"SKIPDATA  {_named(self.skipped)}"
        if self.without_data:
            yield f"NODATA    {counted(len(self.without_data), 'interface')}"
        if self.future_records:
            yield f"ahead     {counted(self.future_records, 'record')} of the future: a clock is wrong"


def _named(skipped: Counter[str]) -> str:
    """`eni-1 3, eni-2 1`, and how many more there are."""
    ordered = sorted(skipped.items(), key=lambda each: (-each[1], each[0]))
    named = ", ".join(f"{interface} {records:,}" for interface, records in ordered[:MAX_NAMED_INTERFACES])
    more = len(ordered) - MAX_NAMED_INTERFACES
    return f"{named} and {counted(more, 'more interface')}" if more > 0 else named


def _as_text(finding: Finding) -> str:
    if finding.severity is Severity.BACKGROUND:
        return f"[background] {finding.title}\n"
    return alert_message(finding).text + "\n"
