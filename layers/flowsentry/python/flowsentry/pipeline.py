"""The only place that knows the order: texts -> records -> flows -> contacts -> evidence -> findings."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TypeVar

import polars as pl

from flowsentry import measure as measuring
from flowsentry import tally as tallying
from flowsentry.clocks import believed, believed_silences, records_ahead
from flowsentry.contacts import Gathering, gather
from flowsentry.degradation import Degradation, degradations
from flowsentry.detect import detect
from flowsentry.detect.strangers import (
    Crowd,
    crowds_in,
    stranger_evidence,
    strangers_in,
    tried_alone,
    without_crowds,
    without_public,
)
from flowsentry.detect.suspicion import evidence_of, innocent_sources, with_source_scopes
from flowsentry.emit.enriched_object import EnrichedFile, write_enriched
from flowsentry.enrich import enrich
from flowsentry.errors import CutOffError
from flowsentry.evidence import EvidenceStore
from flowsentry.explain.findings import with_refusals
from flowsentry.explain.flows import Explaining
from flowsentry.fields import unknown_names
from flowsentry.findings import Finding, FindingStore
from flowsentry.frames import (
    EnrichedFlows,
    ExplainedFlows,
    LogChunk,
    Measurements,
    Observed,
    OwnerSums,
    Parsed,
    RejectedLines,
    Settled,
    Silences,
)
from flowsentry.geography import Geography, NoGeography
from flowsentry.measure import measure, measure_owners, merged_owners
from flowsentry.ownership import Inventory
from flowsentry.parse import flows_of, parse_chunk
from flowsentry.public_services import PublicServices
from flowsentry.suppressions import Suppressions, suppressed
from flowsentry.tally import tally
from flowsentry.territory import PRIVATE_NETWORKS, Territory
from flowsentry.thresholds import Thresholds

MAX_UNKNOWN_INTERFACES = 200
Item = TypeVar("Item")


@dataclass(frozen=True)
class Context:
    """What a batch is judged against; no I/O. Made once a snapshot: its look-up tables are kept."""

    inventory: Inventory = field(default_factory=Inventory)
    inside_networks: tuple[str, ...] = PRIVATE_NETWORKS
    geography: Geography = field(default_factory=NoGeography)
    trusted_networks: tuple[str, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)
    suppressions: Suppressions = field(default_factory=Suppressions)
    public_login_services: tuple[str, ...] = ()

    @cached_property
    def territory(self) -> Territory:
        return Territory.of(self.inventory, self.inside_networks, self.geography, self.trusted_networks)

    @cached_property
    def public_services(self) -> PublicServices:
        return PublicServices.of(self.public_login_services)


@dataclass(slots=True)
class Outcome:
    """What became of a source. `lines` are all of its lines but the header; each is a record with traffic
    (`accepted_records`), a `nodata` or `skipdata` record, or rejected. `future_records` are those whose clock runs
    ahead. `degraded` is what its format leaves untold. `findings` are those that are new. `newest_end` is the Unix
    second of the newest record whose clock is believed. `damage` tells of a source that was cut off: all before the cut
    counts.
    """

    lines: int = 0
    accepted_records: int = 0
    silences: Silences = field(default_factory=lambda: tallying.add_up([]))
    future_records: int = 0
    rejected: RejectedLines = field(default_factory=RejectedLines)
    unknown_fields: tuple[str, ...] = ()
    degraded: tuple[Degradation, ...] = ()
    unknown_interfaces: tuple[str, ...] = ()
    measurements: Measurements = field(default_factory=lambda: measuring.add_up([]))
    owner_sums: OwnerSums = field(default_factory=lambda: measuring.add_up_owners([]))
    findings: list[Finding] = field(default_factory=list)
    newest_end: int | None = None
    damage: CutOffError | None = None

    @property
    def nodata(self) -> int:
        return int(self.silences["nodata"].sum())

    @property
    def skipdata(self) -> int:
        return int(self.silences["skipdata"].sum())


def process(
    texts: Iterable[LogChunk],
    context: Context,
    evidence: EvidenceStore,
    findings: FindingStore,
    enriched: EnrichedFile | None = None,
    now: float = math.inf,
) -> Outcome:
    """What became of one source, after its evidence and findings were stored and its enriched Parquet was written to
    `enriched` (no file when no record tells of traffic). `now`, Unix seconds, tells which records are of the
    future; without it none is.

    Effects happen once, after the end of the texts: a damaged source shows only there. Raises PoisonError (never retry)
    with no effect when the source is no flow log, RetryableError when a store can't be reached: doing all again is
    harmless, since stores merge and put once.
    """
    run = _Run(context, now)
    chunks = run.enriched(texts)
    if enriched is None:
        deque(chunks, maxlen=0)
    else:
        write_enriched(chunks, enriched)
    if run.failure is not None:
        raise run.failure
    return run.stored(evidence, findings)


class _Run:
    """One source on its way: what its chunks add up to."""

    def __init__(self, context: Context, now: float) -> None:
        self.failure: Exception | None = None
        self._context = context
        self._now = now
        self._outcome = Outcome()
        self._gathering = Gathering()
        self._settled: Settled | None = None
        self._measurements: list[Measurements] = []
        self._owner_sums: list[OwnerSums] = []
        self._unknown_interfaces: set[str] = set()
        self._explaining = Explaining(context.territory)

    def enriched(self, texts: Iterable[LogChunk]) -> Iterator[ExplainedFlows]:
        """The enriched flows, chunk by chunk. An error ends them and is kept: what writes them would swallow it.

        After the last chunk the contacts are settled, here, since the last chunks are being written meanwhile.
        """
        try:
            yield from self._chunks(texts)
            if self._outcome.lines:
                self._settled = with_source_scopes(self._gathering.settle())
        except Exception as failure:  # noqa: BLE001 - raised by process, past the Parquet writer that would wrap it
            self.failure = failure

    def _chunks(self, texts: Iterable[LogChunk]) -> Iterator[ExplainedFlows]:
        try:
            for parsed in _ahead(each for text in _ahead(texts) for each in parse_chunk(text)):
                yield self._chunk(parsed)
        except CutOffError as damage:
            self._outcome.damage = damage

    def _chunk(self, parsed: Parsed) -> ExplainedFlows:
        flows = enrich(flows_of(parsed.records), self._context.territory)
        timely = believed(flows, self._now)
        gather(timely, self._gathering)
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
        outcome.degraded = tuple(dict.fromkeys([*outcome.degraded, *degradations(columns)]))
        if len(silences := tally(parsed.records)):
            outcome.silences = tallying.add_up([outcome.silences, silences])
        self._note_unknown_interfaces(flows)

    def _note_newest(self, timely: EnrichedFlows) -> None:
        ends = (self._outcome.newest_end, timely.select(pl.col("end").max()).item())
        self._outcome.newest_end = max((end for end in ends if end is not None), default=None)

    def _note_unknown_interfaces(self, flows: EnrichedFlows) -> None:
        seen = flows.select(pl.col("interface_id").unique().drop_nulls())
        unknown = seen.join(self._context.territory.known_interfaces, on="interface_id", how="anti")
        room = MAX_UNKNOWN_INTERFACES - len(self._unknown_interfaces)
        self._unknown_interfaces.update(unknown["interface_id"].head(room).cast(pl.String))

    def stored(self, evidence: EvidenceStore, findings: FindingStore) -> Outcome:
        """The outcome, once evidence and findings are stored; a source without lines has none."""
        context = self._context
        if self._settled is None:
            return self._outcome
        settled, crowds = self._told_apart(self._settled, evidence)
        suspects = evidence.suspects(innocent_sources(settled))
        histories = evidence.merge(evidence_of(settled, suspects, context.thresholds.login))
        observed = Observed(*settled, believed_silences(self._outcome.silences, self._now))
        found = detect(observed, histories, context.territory, context.thresholds, crowds)
        new = findings.unknown(found)
        told = suppressed(with_refusals(new, context.territory), context.suppressions, self._now)
        self._outcome.findings = findings.put_new(list(told))
        self._outcome.measurements = measuring.add_up(self._measurements)
        self._outcome.owner_sums = measuring.add_up_owners(self._owner_sums)
        self._outcome.unknown_interfaces = tuple(sorted(self._unknown_interfaces))
        return self._outcome

    def _told_apart(self, settled: Settled, evidence: EvidenceStore) -> tuple[Settled, list[Crowd]]:
        """What was settled, without logins at services that are named as public or that many strangers use, and the
        latter.
        """
        context, bounds = self._context, self._context.thresholds.login
        settled = without_public(settled, context.public_services, context.territory)
        strangers = strangers_in(settled.logins, context.territory)
        if strangers.is_empty():
            return settled, []
        met = evidence.merge(stranger_evidence(strangers, bounds))
        crowds = crowds_in(strangers, [*met, *evidence.recall(tried_alone(strangers, bounds))], bounds)
        return without_crowds(settled, crowds), crowds


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
