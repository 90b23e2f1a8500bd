"""The only place that knows the order: texts -> records -> flows -> contacts -> evidence -> findings."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import polars as pl

from flowsentry import capture_gaps as tallying
from flowsentry import measure as measuring
from flowsentry.capture_gaps import capture_gaps_in
from flowsentry.contacts import ContactAggregator, aggregate
from flowsentry.detect.scans.source_evidence import with_source_scopes
from flowsentry.emit.enriched_object import EnrichedFile, write_enriched
from flowsentry.enrich import enrich
from flowsentry.errors import CutOffError, PoisonError
from flowsentry.explain.flows import FlowExplainer
from flowsentry.findings.finding import Finding
from flowsentry.frames import (
    CaptureGaps,
    EnrichedFlows,
    ExplainedFlows,
    LogChunk,
    Measurements,
    OwnerSums,
    Parsed,
    RejectedLines,
    Settled,
)
from flowsentry.measure import measure, measure_owners, merged_owners
from flowsentry.parse import flows_of, parse_chunk, unreadable
from flowsentry.pipeline.context import Context, Stores
from flowsentry.pipeline.judging import Clock, judged
from flowsentry.records.clock_skew import believed, believed_capture_gaps, records_ahead
from flowsentry.records.fields import unknown_names
from flowsentry.records.missing_fields import MissingField, missing_fields

__all__ = ["MAX_UNKNOWN_INTERFACES", "Clock", "Context", "Outcome", "Stores", "process"]

MAX_UNKNOWN_INTERFACES = 200
Item = TypeVar("Item")


@dataclass(slots=True)
class Outcome:
    """What became of a source. `lines` are all of its lines but the header; each is a record with traffic
    (`accepted_records`), a `nodata` or `skipdata` record, or rejected. `future_records` are those whose clock runs
    ahead. `missing_fields` is what its format leaves untold. `findings` are the new ones. `newest_end` is the Unix
    second of the newest record whose clock is believed. `damage` tells of a source that was cut off (all before the cut
    counts), or of which most lines are no records (UnreadableError: what is good beside them counts).
    """

    lines: int = 0
    accepted_records: int = 0
    capture_gaps: CaptureGaps = field(default_factory=lambda: tallying.add_up([]))
    future_records: int = 0
    rejected: RejectedLines = field(default_factory=RejectedLines)
    unknown_fields: tuple[str, ...] = ()
    missing_fields: tuple[MissingField, ...] = ()
    unknown_interfaces: tuple[str, ...] = ()
    measurements: Measurements = field(default_factory=lambda: measuring.add_up([]))
    owner_sums: OwnerSums = field(default_factory=lambda: measuring.add_up_owners([]))
    findings: list[Finding] = field(default_factory=list)
    newest_end: int | None = None
    damage: PoisonError | None = None

    @property
    def nodata(self) -> int:
        return int(self.capture_gaps["nodata"].sum())

    @property
    def skipdata(self) -> int:
        return int(self.capture_gaps["skipdata"].sum())


def process(
    texts: Iterable[LogChunk],
    context: Context,
    stores: Stores,
    enriched: EnrichedFile | None = None,
    now: float = math.inf,
    seconds_left: Callable[[], float] = lambda: math.inf,
) -> Outcome:
    """What became of one source, after its evidence and findings were stored and its enriched Parquet was written to
    `enriched` (no file when no record tells of traffic). `now`, Unix seconds, tells which records are of the
    future; without it none is.

    Effects happen once, after the end of the texts: a damaged source shows only there. Raises PoisonError (never retry)
    with no effect when the source is no flow log, RetryableError when a store can't be reached: doing all again is
    harmless, since stores merge and put once.
    """
    run = _Run(context, Clock(now, seconds_left))
    chunks = run.enriched(texts)
    if enriched is None:
        deque(chunks, maxlen=0)
    else:
        write_enriched(chunks, enriched)
    if run.failure is not None:
        raise run.failure
    return run.stored(stores)


class _Run:
    """One source on its way: what its chunks add up to."""

    def __init__(self, context: Context, clock: Clock) -> None:
        self.failure: Exception | None = None
        self._context = context
        self._clock, self._now = clock, clock.now
        self._outcome = Outcome()
        self._aggregator = ContactAggregator()
        self._settled: Settled | None = None
        self._measurements: list[Measurements] = []
        self._owner_sums: list[OwnerSums] = []
        self._unknown_interfaces: set[str] = set()
        self._explaining = FlowExplainer(context.address_space)

    def enriched(self, texts: Iterable[LogChunk]) -> Iterator[ExplainedFlows]:
        """The enriched flows, chunk by chunk. An error ends them and is kept: what writes them would swallow it.

        After the last chunk the contacts are settled, here, since the last chunks are being written meanwhile.
        """
        try:
            yield from self._chunks(texts)
            if self._outcome.lines:
                self._settled = with_source_scopes(self._aggregator.settle())
        except Exception as failure:  # noqa: BLE001 - raised by process, past the Parquet writer that would wrap it
            self.failure = failure

    def _chunks(self, texts: Iterable[LogChunk]) -> Iterator[ExplainedFlows]:
        try:
            for parsed in _ahead(each for text in _ahead(texts) for each in parse_chunk(text)):
                yield self._chunk(parsed)
            self._outcome.damage = unreadable(self._outcome.lines, self._outcome.rejected)
        except CutOffError as damage:
            self._outcome.damage = damage

    def _chunk(self, parsed: Parsed) -> ExplainedFlows:
        flows = enrich(flows_of(parsed.records), self._context.address_space)
        timely = believed(flows, self._now)
        aggregate(timely, self._aggregator)
        self._measurements.append(measure(flows))
        self._owner_sums = merged_owners([*self._owner_sums, measure_owners(flows)])
        self._count(parsed, flows)
        self._note_newest(timely)
        return self._explaining.explained(flows)

    def _count(self, parsed: Parsed, flows: EnrichedFlows) -> None:
        outcome = self._outcome
        outcome.lines += parsed.lines
        outcome.accepted_records += len(flows)
        outcome.future_records += records_ahead(parsed.records, self._now)
        outcome.rejected.add(parsed.rejected)
        columns = parsed.records.columns
        outcome.unknown_fields = tuple(dict.fromkeys([*outcome.unknown_fields, *unknown_names(columns)]))
        outcome.missing_fields = tuple(dict.fromkeys([*outcome.missing_fields, *missing_fields(columns)]))
        if len(capture_gaps := capture_gaps_in(parsed.records)):
            outcome.capture_gaps = tallying.add_up([outcome.capture_gaps, capture_gaps])
        self._note_unknown_interfaces(flows)

    def _note_newest(self, timely: EnrichedFlows) -> None:
        ends = (self._outcome.newest_end, timely.select(pl.col("end").max()).item())
        self._outcome.newest_end = max((end for end in ends if end is not None), default=None)

    def _note_unknown_interfaces(self, flows: EnrichedFlows) -> None:
        seen = flows.select(pl.col("interface_id").unique().drop_nulls())
        unknown = seen.join(self._context.address_space.known_interfaces, on="interface_id", how="anti")
        room = MAX_UNKNOWN_INTERFACES - len(self._unknown_interfaces)
        self._unknown_interfaces.update(unknown["interface_id"].head(room).cast(pl.String))

    def stored(self, stores: Stores) -> Outcome:
        """The outcome, once evidence and findings are stored; a source without lines has none."""
        outcome = self._outcome
        if self._settled is None:
            return outcome
        capture_gaps = believed_capture_gaps(outcome.capture_gaps, self._now)
        outcome.findings = judged(
            self._settled, capture_gaps, self._context, stores, self._clock, self._aggregator.dropped_sources
        )
        outcome.measurements = measuring.add_up(self._measurements)
        outcome.owner_sums = measuring.add_up_owners(self._owner_sums)
        outcome.unknown_interfaces = tuple(sorted(self._unknown_interfaces))
        return outcome


def _ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items, each made in a thread while the one before it is worked on. Inflating takes one processor, and so
    does most of what comes after parsing; together they fill two.
    """
    waiting = iter(items)

    def following() -> list[Item]:
        return list(islice(waiting, 1))

    with ThreadPoolExecutor(1) as maker:
        made = maker.submit(following)
        while item := made.result():
            made = maker.submit(following)
            yield item[0]
