"""Records with times in the future: counts them, and drops those too far ahead."""

import polars as pl

from flowsentry.frames import CaptureGaps, EnrichedFlows, Records

MAX_CLOCK_LEAD_SECONDS = 300
"""A record whose time is further ahead of now counts as a future record. AWS: times may be off by 60 s
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html), and records arrive minutes after they end.
Higher: a clock that is minutes ahead is not noticed. Lower: correct records are counted, and a processor whose own
clock is slow counts all records."""
MAX_ACCEPTED_LEAD_SECONDS = 86_400
"""A record further ahead is not used as evidence: items are stored under its day and expire days after it, so one
damaged digit would leave items for decades. Higher: such items are stored longer. Lower: a scan recorded by a clock
that is hours ahead is not found; up to a day costs one more day of storage."""


def records_ahead(records: Records, now: float) -> int:
    """The number of records more than MAX_CLOCK_LEAD_SECONDS after `now`, Unix seconds."""
    is_after = _is_after(records, now + MAX_CLOCK_LEAD_SECONDS)
    return 0 if is_after is None else int(is_after.sum())


def without_far_future_flows(flows: EnrichedFlows, now: float) -> EnrichedFlows:
    """The flows no more than MAX_ACCEPTED_LEAD_SECONDS after `now`, and those without a time; in their order."""
    is_after = _is_after(flows, now + MAX_ACCEPTED_LEAD_SECONDS)
    return flows if is_after is None else EnrichedFlows(flows.filter(~is_after))


def without_far_future_gaps(capture_gaps: CaptureGaps, now: float) -> CaptureGaps:
    """The capture gaps whose hour began no more than MAX_ACCEPTED_LEAD_SECONDS after `now`."""
    if capture_gaps.is_empty():
        return capture_gaps
    return CaptureGaps(capture_gaps.filter(pl.col("hour") <= now + MAX_ACCEPTED_LEAD_SECONDS))


def _is_after(records: pl.DataFrame, latest: float) -> pl.Series | None:
    """Whether each record is later than the second `latest`; None if none is, which is the usual case.

    The later of start and end decides: a start after the end is damaged, and items are stored under the day of the
    start.
    """
    times = [name for name in ("start", "end") if name in records.columns]
    newest = (records[name].max() for name in times)
    if all(time <= latest for time in newest if isinstance(time, int)):
        return None
    return records.select((pl.max_horizontal(times) > latest).fill_null(value=False)).to_series()
