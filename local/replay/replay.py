"""Runs flow logs through the pipeline that runs in AWS, with its state in memory."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Protocol

from flowsentry.aws.ingest.parquet_trial import tried
from flowsentry.capture_gaps import interfaces_without_data, skipped_by_interface
from flowsentry.decode import object_texts
from flowsentry.detect.limits import MAX_SINGLE_PROBES
from flowsentry.emit.plain_text import counted
from flowsentry.errors import PoisonError
from flowsentry.findings.finding import Finding
from flowsentry.in_memory import EvidenceInMemory
from flowsentry.pipeline import Context, Outcome, Stores, process
from flowsentry.pipeline.context import FlowStore
from flowsentry.records.missing_fields import MissingField
from local.log_files import LogSource, location_of
from local.log_objects import ConnectionLostError
from local.parse_command import in_words
from local.reading.progress import Progress
from local.reading.small_files import Group, Limits, grouped
from local.replay.interruption import Interruption
from local.replay.slot_totals import MeasuredSlots, SlotTotals
from local.replay.slots import FindingsOfSlots, OrderMattersError, process_slots, slots_of
from local.report.flow_sums import FlowSums
from local.report.found import FindingSums
from local.terminal.complaints import complain

MAX_NAMED_INTERFACES = 20
"""Interfaces with the most skipped records that the summary names. Higher: longer lines. Lower: fewer are named."""
TOGETHER = Limits(lines=MAX_SINGLE_PROBES, seconds=3_600)
"""How many lines, and seconds, files that are judged as one may have. More lines: of more sources than a batch records
some are left out (detect/limits.py), which are recorded of the files one by one. Fewer: more groups, of some 30 ms
each. More seconds: more groups in which a service fails and answers again, and which are judged in parts for that.
Fewer: a day of one flow log, with a file for each five minutes, takes longer."""
DIGEST_BYTES = 7
"""Of the name of a file that is done. Less: of millions of files, two may have the same."""


class Recorder(FlowStore, Protocol):
    """Keeps what whole files leave. What `add` gets is pending until `keep`; `drop` forgets it."""

    def drop(self) -> None: ...

    def keep(self, outcome: Outcome, slots: Sequence[Outcome]) -> None:
        """Keeps what was added since the last time, with its outcome. `slots` have the counts and the talkers of each
        five minutes of files that were judged as one; of a file alone, they are its outcome.
        """
        ...


@dataclass
class Replay:
    """A pipeline with its state in memory, and totals of what it processed. `unlisted` counts the paths that could not
    be listed, `unread` the files that could not be read; `complain` prints a message for each. `flow_sums`, if there
    are any, add up the flows for a report; a `recorder` keeps them and all that is measured, and needs a context with
    `names_talkers`. There is one of the two at most.

    Between two files or groups of files `between` is called. The replay may be stopped there, since everything in it is
    of whole files: `done` are the names of those.
    """

    context: Context
    log_formats: Sequence[str] = ()
    unlisted: int = 0
    unread: int = 0
    sources: int = 0
    lines: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    suppressed: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    without_data: set[str] = field(default_factory=set)
    future_records: int = 0
    missing_fields: dict[MissingField, None] = field(default_factory=dict)
    newest_end: int = 0
    clock: Callable[[], float] = time.time
    complain: Callable[[object], int] = complain
    progress: Progress = field(default_factory=Progress)
    flow_sums: FlowSums | None = None
    recorder: Recorder | None = None
    found_sums: FindingSums = field(default_factory=FindingSums)
    done: Counter[int] = field(default_factory=Counter)
    interruption: Interruption = field(default_factory=Interruption)
    between: Callable[[], None] = lambda: None
    stores: Stores = field(init=False)
    stored_findings: FindingsOfSlots = field(default_factory=FindingsOfSlots)

    def __post_init__(self) -> None:
        self.stores = Stores(EvidenceInMemory(), self.stored_findings, flows=self.recorder or self.flow_sums)

    def findings_in_all(self, sources: Iterable[LogSource]) -> Iterator[list[Finding]]:
        """The new findings, as they appear; once the next ones are asked for, the files of these are done. Small files
        that follow each other are read and judged as one, in groups within TOGETHER. The findings are those of the
        files one by one, with two exceptions. A client counts as answered also where its request and the answer are in
        two files of the same five minutes. And of a scanner that is more severe by a later file of the group, only that
        finding appears. Raises ConnectionLostError.
        """
        for part in grouped(sources, self.log_formats, TOGETHER):
            names = [each.source.name for each in part.files] if isinstance(part, Group) else [part.name]
            yield list(chain(*self._findings_of(part))) if isinstance(part, Group) else self.findings_in(part)
            self.done.update(map(name_digest, names))
            self.between()
            self.interruption.release()

    def findings_in(self, source: LogSource) -> list[Finding]:
        """The new findings of this source, given the sources before it; includes suppressed findings. Raises
        ConnectionLostError, without having changed anything.
        """
        self._begin(are_several=False)
        try:
            texts = object_texts(self._held_at_the_end(source.blocks()), self.log_formats, tried)
            outcome = process(texts, self.context, self.stores, now=self.clock())
        except ConnectionLostError:
            raise
        except (PoisonError, OSError) as error:
            self.unread += self._complained(f"{source.name}: {error}")
            return []
        if outcome.damage:
            self.unread += self._complained(f"{source.name}: {outcome.damage}")
        return self._found(outcome, [outcome], 1)

    def _findings_of(self, group: Group) -> Iterator[list[Finding]]:
        """The findings of a group; of its halves where its slots must be judged apart."""
        self._begin(are_several=len(set(slots_of(group.files))) > 1)
        self.interruption.hold()
        totals = (MeasuredSlots if self.recorder else SlotTotals)(self.context, self.clock())
        try:
            outcome, each = process_slots(group.files, self.context, self.stores, totals)
        except OrderMattersError:
            for half in group.halves():
                yield from self._findings_of(half)
            return
        damaged = [file.source for file, result in zip(group.files, each, strict=True) if result.damage]
        yield self._found(outcome, totals.slots(), len(group.files) - len(damaged))
        yield from map(self.findings_in, damaged)

    def _begin(self, *, are_several: bool) -> None:
        """Begins to judge one slot, or several. What was only read before is forgotten."""
        self.stored_findings.begin(are_several=are_several)
        for each in (self.flow_sums, self.recorder):
            if each:
                each.drop()

    def _held_at_the_end(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """The blocks. What follows their end is judged and stored, which is not interrupted."""
        yield from blocks
        self.interruption.hold()

    def _found(self, outcome: Outcome, slots: Sequence[Outcome], sources: int) -> list[Finding]:
        self._count(outcome, sources)
        self.found_sums.add(outcome.findings)
        if self.flow_sums:
            self.flow_sums.commit()
        if self.recorder:
            self.recorder.keep(outcome, slots)
        return outcome.findings

    def _complained(self, message: object) -> int:
        self.progress.hide()
        return self.complain(message)

    def _count(self, outcome: Outcome, sources: int) -> None:
        self.progress.add(outcome.accepted_records, sources)
        self.sources += sources
        self.lines["lines"] += outcome.lines
        self.lines["records"] += outcome.accepted_records
        self.lines["NODATA"] += outcome.nodata
        self.lines["SKIPDATA"] += outcome.skipdata
        self.rejected.update(outcome.rejected.counts)
        self.skipped.update(skipped_by_interface(outcome.capture_gaps))
        self.without_data |= interfaces_without_data(outcome.capture_gaps)
        self.future_records += outcome.future_records
        alerted = [finding for finding in outcome.findings if not finding.suppressed_by]
        self.found.update(f"{finding.kind} ({finding.severity})" for finding in alerted)
        self.suppressed.update(finding.suppressed_by for finding in outcome.findings if finding.suppressed_by)
        self.missing_fields |= dict.fromkeys(outcome.missing_fields)
        self.newest_end = max(self.newest_end, outcome.newest_end or 0)

    def not_done(self, sources: Iterable[LogSource]) -> list[LogSource]:
        """The sources that are yet to be read: those of which as many as are done have the name are left out."""
        done, waiting = Counter(self.done), []
        for source in sources:
            digest = name_digest(source.name)
            if done[digest] > 0:
                done[digest] -= 1
            else:
                waiting.append(source)
        return waiting

    @property
    def not_read(self) -> int:
        """Paths and files that could not be read, or not fully."""
        return self.unlisted + self.unread

    def summary(self) -> Iterator[str]:
        """The totals as text lines."""
        counts = ", ".join(f"{count:,} {name}" for name, count in self.lines.items())
        yield f"files     {self.sources:,}" + (f", {self.not_read:,} not fully read" if self.not_read else "")
        yield f"read      {counts or 'nothing'}"
        yield f"rejected  {in_words(self.rejected.items())}"
        yield from self._capture_gaps()
        yield f"findings  {in_words(self.found.items())}"
        if self.suppressed:
            yield f"suppressed {in_words(self.suppressed.items())}"
        yield from (f"log format: {each}" for each in self.missing_fields)
        if self.newest_end:
            yield f"newest    {datetime.fromtimestamp(self.newest_end, UTC):%Y-%m-%d %H:%M:%S} UTC"

    def _capture_gaps(self) -> Iterator[str]:
        """Lines about interfaces with skipped or missing records, and about records from the future."""
        if self.skipped:
            yield f"SKIPDATA  {_named(self.skipped)}"
        if self.without_data:
            yield f"NODATA    {counted(len(self.without_data), 'interface')}"
        if self.future_records:
            yield f"future    {counted(self.future_records, 'record')} with a time in the future: check the clock"


def name_digest(name: str) -> int:
    """Stands for the name of a source, in eight bytes."""
    return int.from_bytes(
        hashlib.blake2b(location_of(name).encode(errors="surrogateescape"), digest_size=DIGEST_BYTES).digest()
    )


def _named(skipped: Counter[str]) -> str:
    """`eni-1 3, eni-2 1 and 5 more interfaces`."""
    ordered = sorted(skipped.items(), key=lambda each: (-each[1], each[0]))
    named = ", ".join(f"{interface} {records:,}" for interface, records in ordered[:MAX_NAMED_INTERFACES])
    more = len(ordered) - MAX_NAMED_INTERFACES
    return f"{named} and {counted(more, 'more interface')}" if more > 0 else named
