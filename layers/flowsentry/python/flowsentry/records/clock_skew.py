"""Clocks that run ahead: which records say that they end in the future, and which of them are not believed."""

import polars as pl

from flowsentry.frames import CaptureGaps, EnrichedFlows, Records

MAX_CLOCK_LEAD_SECONDS = 300
"""A record whose time lies further after now than this is counted as one of the future. AWS says times may be 60 s off
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html), and records arrive minutes after they end.
Higher: a clock that is wrong by minutes goes unseen. Lower: honest records are counted, and a processor whose own clock
is slow counts them all."""
MAX_BELIEVED_LEAD_SECONDS = 86_400
"""A record further ahead than this is no evidence: what is found is stored under its day, and kept for days from then
on, so that one damaged digit would leave items that outlive everybody. Higher: such items live longer. Lower: a real
scan past a clock that is wrong by hours is not found; up to a day, it costs one day more of storage."""


def records_ahead(records: Records, now: float) -> int:
    """How many records lie more than MAX_CLOCK_LEAD_SECONDS after `now`, Unix seconds."""
    is_after = _is_after(records, now + MAX_CLOCK_LEAD_SECONDS)
    return 0 if is_after is None else int(is_after.sum())


def believed(flows: EnrichedFlows, now: float) -> EnrichedFlows:
    """The flows that lie no more than MAX_BELIEVED_LEAD_SECONDS after `now`, or have no time; in their order."""
    is_after = _is_after(flows, now + MAX_BELIEVED_LEAD_SECONDS)
    return flows if is_after is None else EnrichedFlows(flows.filter(~is_after))


def believed_capture_gaps(capture_gaps: CaptureGaps, now: float) -> CaptureGaps:
    """The silences whose hour began no more than MAX_BELIEVED_LEAD_SECONDS after `now`."""
    return CaptureGaps(capture_gaps.filter(pl.col("hour") <= now + MAX_BELIEVED_LEAD_SECONDS))


def _is_after(records: pl.DataFrame, latest: float) -> pl.Series | None:
    """Whether a record ends, or starts where it has no end, after the second `latest`; None where none does, as mostly.

    A start after its end is a damaged one, and what counts is the day of the start: so the later of the two decides.
    """
    times = [name for name in ("start", "end") if name in records.columns]
    newest = (records[name].max() for name in times)
    if all(time <= latest for time in newest if isinstance(time, int)):
        return None
    return records.select((pl.max_horizontal(times) > latest).fill_null(value=False)).to_series()
