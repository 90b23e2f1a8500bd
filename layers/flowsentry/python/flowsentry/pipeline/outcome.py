"""What a source adds up to, chunk by chunk: counts, sums, and the outcome made of them."""

from typing import cast

import polars as pl
from msgspec import Struct, field

from flowsentry import capture_gaps as gaps
from flowsentry import measure as measuring
from flowsentry.capture_gaps import capture_gaps_in
from flowsentry.errors import PoisonError
from flowsentry.findings.finding import Finding
from flowsentry.frames import (
    CaptureGaps,
    ChargeSums,
    EnrichedFlows,
    Measurements,
    OwnerSums,
    Parsed,
    RejectedLines,
    Talkers,
)
from flowsentry.measure import measure, measure_owners, merged_owners
from flowsentry.pipeline.context import Context
from flowsentry.records.clock_skew import records_ahead
from flowsentry.records.fields import unknown_names
from flowsentry.records.missing_fields import MissingField, missing_fields
from flowsentry.talkers import add_up_talkers, talkers
from flowsentry.traffic_bill import NO_CHARGES, add_up_charges, measure_charges, merged_charges

MAX_UNKNOWN_INTERFACES = 200
"""Interfaces of one source that the inventory is asked for. More: longer requests. Fewer: of a new network, more
sources pass until all of its interfaces are known."""


class Outcome(Struct):
    """What became of a source.

    `lines` are all of its lines but the header; each is a record with traffic (`accepted_records`), a `nodata` or
    `skipdata` record, or rejected. `future_records` are those whose clock runs ahead. `missing_fields` is what its
    format lacks. `findings` are the new ones. `newest_end` is the Unix second of the newest record that is not too far
    in the future (see records/clock_skew.py). `damage` describes a source that was cut off (CutOffError: all before the
    cut counts), or of which most lines are no records (UnreadableError: its good records count).
    """

    lines: int = 0
    accepted_records: int = 0
    capture_gaps: CaptureGaps = field(default_factory=lambda: gaps.add_up([]))
    future_records: int = 0
    rejected: RejectedLines = field(default_factory=RejectedLines)
    unknown_fields: tuple[str, ...] = ()
    missing_fields: tuple[MissingField, ...] = ()
    unknown_interfaces: tuple[str, ...] = ()
    measurements: Measurements = field(default_factory=lambda: measuring.add_up([]))
    owner_sums: OwnerSums = field(default_factory=lambda: measuring.add_up_owners([]))
    talkers: Talkers = field(default_factory=Talkers)
    charge_sums: ChargeSums = field(default_factory=lambda: NO_CHARGES)
    findings: list[Finding] = field(default_factory=list)
    newest_end: int | None = None
    damage: PoisonError | None = None

    @property
    def nodata(self) -> int:
        return int(self.capture_gaps["nodata"].sum())

    @property
    def skipdata(self) -> int:
        return int(self.capture_gaps["skipdata"].sum())


class SourceTotals:
    """Adds up the chunks of one source. `now` is the Unix second of the processing."""

    def __init__(self, context: Context, now: float) -> None:
        self.outcome = Outcome()
        self._known_interfaces = context.address_space.known_interfaces
        self._now = now
        self._measurements: list[Measurements] = []
        self._owner_sums: list[OwnerSums] = []
        self._names_talkers = context.names_talkers
        self._talkers: list[Talkers] = []
        self._charge_sums: list[ChargeSums] = []
        self._unknown_interfaces: set[str] = set()

    def add(self, parsed: Parsed, flows: EnrichedFlows, timely: EnrichedFlows) -> None:
        """Adds a chunk: its lines, its flows, and the `timely` ones among them, which are not too far in the future."""
        self._measurements.append(measure(flows))
        self._owner_sums = merged_owners([*self._owner_sums, measure_owners(flows)])
        if self._names_talkers:
            self._talkers.append(talkers(flows))
        self._charge_sums = merged_charges([*self._charge_sums, measure_charges(flows)])
        self._count(parsed, flows)
        self._note_newest(timely)
        self._note_unknown_interfaces(flows)

    def whole(self) -> Outcome:
        """The outcome of all chunks; its findings are yet to come."""
        outcome = self.outcome
        outcome.measurements = measuring.add_up(self._measurements)
        outcome.owner_sums = measuring.add_up_owners(self._owner_sums)
        outcome.talkers = add_up_talkers(self._talkers)
        outcome.charge_sums = add_up_charges(self._charge_sums)
        outcome.unknown_interfaces = tuple(sorted(self._unknown_interfaces))
        return outcome

    def _count(self, parsed: Parsed, flows: EnrichedFlows) -> None:
        outcome = self.outcome
        outcome.lines += parsed.lines
        outcome.accepted_records += len(flows)
        outcome.future_records += records_ahead(parsed.records, self._now)
        outcome.rejected.add(parsed.rejected)
        columns = parsed.records.columns
        outcome.unknown_fields = tuple(dict.fromkeys([*outcome.unknown_fields, *unknown_names(columns)]))
        outcome.missing_fields = tuple(dict.fromkeys([*outcome.missing_fields, *missing_fields(columns)]))
        if len(capture_gaps := capture_gaps_in(parsed.records)):
            outcome.capture_gaps = gaps.add_up([outcome.capture_gaps, capture_gaps])

    def _note_newest(self, timely: EnrichedFlows) -> None:
        ends = (self.outcome.newest_end, cast("int | None", timely["end"].max()))
        self.outcome.newest_end = max((end for end in ends if end is not None), default=None)

    def _note_unknown_interfaces(self, flows: EnrichedFlows) -> None:
        unknown = self._known_interfaces.unknown(flows["interface_id"])
        room = MAX_UNKNOWN_INTERFACES - len(self._unknown_interfaces)
        self._unknown_interfaces.update(unknown.head(room).cast(pl.String))
