"""The metrics of the pipeline that a replay can state: what its functions would count of a source."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

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


def counted(outcome: Outcome, deployment: str) -> Iterator[Counted]:
    """The metrics of one source, at the time of its newest record; those of findings when each was last seen."""
    at = outcome.newest_end or 0
    for name, value in _totals(outcome).items():
        yield Counted(_metric(deployment, name), at, value)
    for reason, count in outcome.rejected.counts.items():
        yield Counted(_metric(deployment, "RejectedLines", reason=reason), at, count)
    for each in outcome.findings:
        counter: PipelineMetric = "FindingsSuppressed" if each.suppressed_by else "FindingsRaised"
        yield Counted(_metric(deployment, counter, kind=each.kind), each.last_seen, 1)


def _totals(outcome: Outcome) -> Mapping[PipelineMetric, int]:
    return {
        "Lines": outcome.lines,
        "Records": outcome.accepted_records,
        "NoDataRecords": outcome.nodata,
        "SkippedRecords": outcome.skipdata,
        "RejectsSeen": int(outcome.measurements["rejected_flows"].sum()),
        "FutureRecords": outcome.future_records,
        "UnknownFields": len(outcome.unknown_fields),
        "UnknownInterfaces": len(outcome.unknown_interfaces),
        "RejectedLines": outcome.rejected.total,
    }


def _metric(deployment: str, name: PipelineMetric, **parts: str) -> Metric:
    dimensions = {**parts, "service": SERVICE}
    return Metric(namespace_of(deployment), name, tuple(sorted(dimensions.items())))
