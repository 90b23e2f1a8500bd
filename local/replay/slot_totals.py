"""What files of several slots add up to: counts of all and, for a recorder, measurements and counts of each slot."""

from collections import defaultdict
from collections.abc import Mapping

import polars as pl

from flowsentry import measure as measuring
from flowsentry.frames import ChargeSums, EnrichedFlows, Measurements, OwnerSums, Parsed, Records, RejectedLines
from flowsentry.measure import measure, measure_owners, merged_owners
from flowsentry.pipeline.context import Context
from flowsentry.pipeline.outcome import MAX_UNKNOWN_INTERFACES, Outcome, SourceTotals
from flowsentry.talkers import talkers
from flowsentry.traffic_bill import add_up_charges, measure_charges, merged_charges

SLOT = "__slot"
"""The column with the slot of a record."""
Parts = Mapping[int, pl.DataFrame]


class _Counts(SourceTotals):
    """Adds up what a summary has, and measures nothing."""

    def add(self, parsed: Parsed, flows: EnrichedFlows, timely: EnrichedFlows) -> None:
        self._count(parsed, flows)
        self._note_newest(timely)

    def add_rejected(self, rejected: RejectedLines) -> None:
        """Adds lines that are no records."""
        self.outcome.lines += rejected.total
        self.outcome.rejected.add(rejected)


class _SlotCounts(_Counts):
    """Adds up one slot: what a function counts of a source, and its busiest talkers."""

    def add(self, parsed: Parsed, flows: EnrichedFlows, timely: EnrichedFlows) -> None:
        super().add(parsed, flows, timely)
        self._talkers.append(talkers(flows))

    def add_unknown_interface(self, interface: str) -> None:
        """Adds an interface that the inventory does not have."""
        if len(self._unknown_interfaces) < MAX_UNKNOWN_INTERFACES:
            self._unknown_interfaces.add(interface)


class SlotTotals:
    """Adds up files, whose records have their slot. `now` is the Unix second of the processing."""

    def __init__(self, context: Context, now: float) -> None:
        self.now = now
        self._all = _Counts(context, now)

    @property
    def outcome(self) -> Outcome:
        """What a summary has of all files; without measurements."""
        return self._all.outcome

    def add(self, records: Records, flows: EnrichedFlows, timely: EnrichedFlows) -> None:
        """Adds records with the same columns and SLOT, the flows among them, and those that are not in the future."""
        self._all.add(Parsed(Records(records.drop(SLOT)), RejectedLines(), len(records)), flows, timely)

    def add_rejected(self, _slot: int, rejected: RejectedLines) -> None:
        """Adds the lines of a file that are no records."""
        self._all.add_rejected(rejected)

    def slots(self) -> list[Outcome]:
        """The outcome of each slot; none, since slots are not told apart."""
        return []


class MeasuredSlots(SlotTotals):
    """Adds up files for a recorder. Measurements have their minute, so those of all slots are made at once; what has no
    time of its own, as counts and talkers, is kept for each slot.
    """

    def __init__(self, context: Context, now: float) -> None:
        super().__init__(context, now)
        self._known_interfaces = context.address_space.known_interfaces
        self._by_slot: dict[int, _SlotCounts] = defaultdict(lambda: _SlotCounts(context, now))
        self._measurements: list[Measurements] = []
        self._owner_sums: list[OwnerSums] = []
        self._charge_sums: list[ChargeSums] = []

    @property
    def outcome(self) -> Outcome:
        """What a function would know of the files as one source, without unknown interfaces and talkers."""
        outcome = super().outcome
        outcome.measurements = measuring.add_up(self._measurements)
        outcome.owner_sums = measuring.add_up_owners(self._owner_sums)
        outcome.charge_sums = add_up_charges(self._charge_sums)
        return outcome

    def add(self, records: Records, flows: EnrichedFlows, timely: EnrichedFlows) -> None:
        """See SlotTotals.add."""
        super().add(records, flows, timely)
        self._measurements.append(measure(flows))
        self._owner_sums = merged_owners([*self._owner_sums, measure_owners(flows)])
        self._charge_sums = merged_charges([*self._charge_sums, measure_charges(flows)])
        of_flows, of_timely = _by_slot(flows), _by_slot(timely)
        for slot, rows in _by_slot(records).items():
            parts = (EnrichedFlows(some.get(slot, each[:0])) for some, each in ((of_flows, flows), (of_timely, timely)))
            self._by_slot[slot].add(Parsed(Records(rows), RejectedLines(), len(rows)), *parts)
        self._add_unknown_interfaces(flows[[SLOT, "interface_id"]])

    def _add_unknown_interfaces(self, interfaces: pl.DataFrame) -> None:
        """They are looked up once for all slots."""
        ids = interfaces["interface_id"]
        if len(unknown := self._known_interfaces.unknown(ids)):
            seen = interfaces.filter(ids.is_in(unknown.implode())).unique(maintain_order=True)
            for slot, interface in zip(seen[SLOT], seen["interface_id"].cast(pl.String), strict=True):
                self._by_slot[slot].add_unknown_interface(interface)

    def add_rejected(self, slot: int, rejected: RejectedLines) -> None:
        """See SlotTotals.add_rejected."""
        super().add_rejected(slot, rejected)
        self._by_slot[slot].add_rejected(rejected)

    def slots(self) -> list[Outcome]:
        """The counts and the talkers of each slot, in their order."""
        return [counts.whole() for _, counts in sorted(self._by_slot.items())]


def _by_slot(rows: pl.DataFrame) -> Parts:
    return {int(slot): part for (slot,), part in rows.partition_by(SLOT, include_key=False, as_dict=True).items()}
