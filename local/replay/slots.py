"""Judges small files of several slots of time as one, with the findings that they have slot by slot.

A slot is the five minutes in which AWS delivers what ended in them. Records of a slot are seen together, in whichever
files they are. Contacts of different slots stay apart: a client that is answered at noon and not at ten past would
otherwise count as answered. Evidence adds up the same in any division. Where a detector counts what is judged at once,
OrderMattersError says so, and the files are judged in smaller groups.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import polars as pl

from flowsentry.contacts import ContactAggregator, aggregate
from flowsentry.detect.scans.outages import is_service_failure
from flowsentry.detect.scans.service_down import MIN_SECONDS_AFTER_ANSWER
from flowsentry.detect.scans.source_evidence import with_source_scopes
from flowsentry.enrich import enrich
from flowsentry.findings.finding import Finding
from flowsentry.findings.thresholds import BlockedThresholds
from flowsentry.frames import Contacts, EnrichedFlows, Logins, ParsedSource, Records, Settled
from flowsentry.in_memory import FindingsInMemory
from flowsentry.parse import flows_of, parse_together
from flowsentry.pipeline.context import Context, Stores
from flowsentry.pipeline.judging import Clock, judged
from flowsentry.pipeline.outcome import Outcome
from flowsentry.records.clock_skew import without_far_future_flows, without_far_future_gaps
from flowsentry.records.code_names import TCP
from flowsentry.records.object_key import flow_log_key
from local.reading.small_files import SmallFile
from local.replay.slot_totals import SLOT, SlotTotals

SLOT_SECONDS = 300
MARK = "\x1f"
"""Between a scope and its slot; no name of AWS has it."""
ADDED_UP = frozenset({"service_down", "denied_by_acl_reply"})
"""Kinds whose thresholds count what is judged at once."""
_KEY = ("scope", "initiator", "responder", "responder_port", "protocol", "day")
_SERVICE = ("scope", "responder", "responder_port")


class OrderMattersError(Exception):
    """The files must be judged in smaller groups. At most evidence and answers were stored, which a repetition does not
    change.
    """


class FindingsOfSlots(FindingsInMemory):
    """Findings in memory. While several slots are judged, a new one of ADDED_UP raises OrderMattersError, after those
    that were put before it were taken back.
    """

    def __init__(self) -> None:
        super().__init__()
        self._are_several = False
        self._before: list[tuple[dict[str, Finding], set[str]]] = []

    def begin(self, *, are_several: bool) -> None:
        """Begins to judge one slot, or several."""
        self._are_several, self._before = are_several, []

    def put_new(self, findings: Sequence[Finding]) -> list[Finding]:
        """See FindingStore.put_new."""
        new = self.unknown(findings)
        if self._are_several and any(each.kind in ADDED_UP for each in new):
            self._take_back()
            raise OrderMattersError
        ids = {each.id for each in new}
        self._before.append(({id_: self.findings[id_] for id_ in ids & self.findings.keys()}, ids))
        return super().put_new(findings)

    def _take_back(self) -> None:
        """What was put since the beginning is unknown again, or resolved as it was."""
        for known, ids in self._before:
            self.findings = {id_: each for id_, each in self.findings.items() if id_ not in ids} | known
            self.resolved.update(known)


def slots_of(files: Sequence[SmallFile]) -> Sequence[int]:
    """The slot of each file, by its name or else by its first record. Where one has no time there, as in lines of one
    of several formats, each file is a slot.
    """
    times = [key.delivered_at if (key := flow_log_key(file.source.name)) else file.begins for file in files]
    known = [time for time in times if time is not None]
    return [time // SLOT_SECONDS for time in known] if len(known) == len(files) else range(len(files))


def process_slots(
    files: Sequence[SmallFile], context: Context, stores: Stores, totals: SlotTotals
) -> tuple[Outcome, list[ParsedSource]]:
    """The outcome of files as one, which `totals` add up, and what became of each. Unreadable files have no part in it,
    as in `process_together`. Raises OrderMattersError where slots must be judged one by one, which a slot never must.
    """
    slots = slots_of(files)
    _, each = parse_together([file.content for file in files])
    aggregator = ContactAggregator()
    for records in _by_columns(slots, each):
        flows = enrich(flows_of(records), context.address_space)
        timely = without_far_future_flows(flows, totals.now)
        totals.add(records, flows, timely)
        if stores.flows:
            stores.flows.add(Records(records.drop(SLOT)), EnrichedFlows(flows.drop(SLOT)))
        aggregate(_marked(timely), aggregator)
    for slot, source in zip(slots, each, strict=True):
        if not source.damage:
            totals.add_rejected(slot - min(slots), source.rejected)
    outcome = totals.outcome
    if outcome.lines > outcome.rejected.total:
        settled = _settled(aggregator, context, are_several=len(set(slots)) > 1)
        gaps = without_far_future_gaps(outcome.capture_gaps, totals.now)
        outcome.findings = judged(with_source_scopes(settled), gaps, context, stores, Clock(totals.now))
    return outcome, each


def _settled(aggregator: ContactAggregator, context: Context, *, are_several: bool) -> Settled:
    settled = aggregator.settle()
    if are_several:
        return _apart(settled, context.thresholds.blocked)
    return Settled(Contacts(_unmarked(settled.contacts)), Logins(_unmarked(settled.logins)))


def _by_columns(slots: Sequence[int], sources: Sequence[ParsedSource]) -> Iterator[Records]:
    """The records of all files, those with the same columns as one frame, with the slot of each."""
    first = min(slots)
    frames: dict[tuple[tuple[str, pl.DataType], ...], list[tuple[int, Records]]] = defaultdict(list)
    for slot, rows in ((slot, rows) for slot, source in zip(slots, sources, strict=True) for rows in source.rows):
        frames[tuple(rows.schema.items())].append((slot - first, rows))
    for pieces in frames.values():
        of_rows = [slot for slot, rows in pieces for _ in range(len(rows))]
        records = pl.concat([rows for _, rows in pieces], rechunk=True)
        yield Records(records.with_columns(pl.Series(SLOT, of_rows, pl.Int64)))


def _marked(flows: EnrichedFlows) -> EnrichedFlows:
    """The flows with the slot in their scopes, so that contacts of different slots have different keys."""
    slot = pl.lit(MARK) + pl.col(SLOT).cast(pl.String)
    scopes = (pl.col(f"{side}_scope").cast(pl.String) + slot for side in ("source", "destination"))
    return EnrichedFlows(flows.with_columns(scope.cast(pl.Categorical()) for scope in scopes))


def _unmarked(rows: pl.DataFrame) -> pl.DataFrame:
    parts = pl.col("scope").cast(pl.String).str.split_exact(MARK, 1)
    return rows.with_columns(parts.struct[0].cast(pl.Categorical()).alias("scope"))


def _apart(settled: Settled, blocked: BlockedThresholds) -> Settled:
    """The contacts of several slots as one slot has them, once for each slot. Raises OrderMattersError where judging
    them at once could miss a finding.
    """
    slot = pl.col("scope").cast(pl.String).str.split_exact(MARK, 1).struct[1].cast(pl.Int64).alias(SLOT)
    contacts = _unmarked(settled.contacts.with_columns(slot))
    if _has_hidden_outage(contacts) or _has_hidden_blocks(contacts, blocked):
        raise OrderMattersError
    return Settled(Contacts(_rejected_once(contacts, blocked).drop(SLOT)), Logins(_unmarked(settled.logins)))


def _has_hidden_outage(contacts: pl.DataFrame) -> bool:
    """Whether a service of our own failed in one slot, after it had answered and before it answered in a later slot."""
    failed = contacts.filter(is_service_failure() & pl.col("responder_is_inside")).select(*_SERVICE, SLOT, "first_seen")
    if failed.is_empty():
        return False
    is_answer = (pl.col("outcome") == "answered") & (pl.col("protocol") == TCP)
    answers = contacts.filter(is_answer).select(*_SERVICE, pl.col(SLOT).alias("answer_slot"), "last_seen")
    until = pl.col("last_seen") + MIN_SECONDS_AFTER_ANSWER
    known = pl.when(pl.col("answer_slot") <= pl.col(SLOT)).then(until)
    ends = (
        failed.with_row_index("row")
        .join(answers, on=_SERVICE)
        .group_by("row", "first_seen")
        .agg(until.max().alias("until"), known.max().alias("known_until"))
    )
    is_hidden = (pl.col("until") > pl.col("first_seen")) & (pl.col("known_until").fill_null(0) <= pl.col("first_seen"))
    return bool(ends.select(is_hidden.any()).item())


def _has_hidden_blocks(contacts: pl.DataFrame, blocked: BlockedThresholds) -> bool:
    """Whether a source is blocked from few endpoints in a slot, and from too many to report them one by one in all."""
    seen = contacts.filter(_is_blocked(blocked))
    ends = ("responder", "responder_port", "protocol")
    sources = seen.group_by("scope", "initiator", SLOT).agg(pl.len().alias("endpoints"), pl.struct(ends).alias("ends"))
    most = blocked.max_endpoints_per_source
    totals = sources.group_by("scope", "initiator").agg(
        pl.col("ends").explode().n_unique().alias("all"), pl.col("endpoints").min().alias("least")
    )
    return bool(totals.select(((pl.col("all") > most) & (pl.col("least") <= most)).any()).item())


def _is_blocked(blocked: BlockedThresholds) -> pl.Expr:
    is_rejected = (pl.col("outcome") == "rejected") & (pl.col("rejected_packets") >= blocked.min_packets)
    return is_rejected & pl.col("initiator_is_inside")


def _rejected_once(contacts: pl.DataFrame, blocked: BlockedThresholds) -> pl.DataFrame:
    """The contacts, of those that were rejected in several slots the first with enough packets to be reported."""
    is_rejected = pl.col("outcome") == "rejected"
    rejected = contacts.filter(is_rejected)
    if rejected.is_empty():
        return contacts
    first = rejected.sort(_is_blocked(blocked), SLOT, descending=[True, False]).unique(_KEY, keep="first")
    return pl.concat([contacts.filter(~is_rejected), first])
