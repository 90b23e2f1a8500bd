"""The metrics of the pipeline that a replay can state: what its functions would count of a source."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import polars as pl

from flowsentry.metric_names import PipelineMetric, namespace_of
from flowsentry.pipeline import Outcome
from local.console.console_data import Metric

SERVICE = "object_processor"
"""The function that reads files."""


class Counted(NamedTuple):
    """A value of a metric, at a Unix second."""

    metric: Metric
    at: int
    value: float


def counted(outcome: Outcome, slots: Iterable[Outcome], newest: int, deployment: str) -> Iterator[Counted]:
    """The metrics of files that were judged as one: counts at the time of the newest record of each slot, or at
    `newest` where a slot has no traffic; rejected flows in their minute; findings when each was last seen.
    """
    for slot in slots:
        at = slot.newest_end or newest
        for name, value in _totals(slot).items():
            yield Counted(_metric(deployment, name), at, value)
        for reason, count in slot.rejected.counts.items():
            yield Counted(_metric(deployment, "RejectedLines", reason=reason), at, count)
    by_minute = outcome.measurements.group_by("minute").agg(pl.col("rejected_flows").sum())
    for minute, rejects in by_minute.rows():
        yield Counted(_metric(deployment, "RejectsSeen"), minute, rejects)
    for each in outcome.findings:
        counter: PipelineMetric = "FindingsSuppressed" if each.suppressed_by else "FindingsRaised"
        yield Counted(_metric(deployment, counter, kind=each.kind), each.last_seen, 1)


def _totals(outcome: Outcome) -> Mapping[PipelineMetric, int]:
    return {
        "Lines": outcome.lines,
        "Records": outcome.accepted_records,
        "NoDataRecords": outcome.nodata,
        "SkippedRecords": outcome.skipdata,
        "FutureRecords": outcome.future_records,
        "UnknownFields": len(outcome.unknown_fields),
        "UnknownInterfaces": len(outcome.unknown_interfaces),
        "RejectedLines": outcome.rejected.total,
    }


def _metric(deployment: str, name: PipelineMetric, **parts: str) -> Metric:
    dimensions = {**parts, "service": SERVICE}
    return Metric(namespace_of(deployment), name, tuple(sorted(dimensions.items())))
