"""CloudWatch: GetMetricData, as dashboards use it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, Statistics

from local.aws.monitoring.percentiles import percentile
from local.aws.moto_patches import replaces

_Metric = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, name and dimensions."""


@replaces(CloudWatchBackend, "get_metric_data")
def read_requested_metrics(
    original: Callable[..., Any],
    backend: Any,
    queries: Sequence[Mapping[str, Any]],
    start_time: dt.datetime,
    end_time: dt.datetime,
    scan_by: str = "TimestampAscending",
) -> Any:
    """Moto confuses metrics: a query without dimensions also returns metrics that have some, one with dimensions also
    returns metrics of other namespaces, and a different order of dimensions finds nothing. It has no percentiles, and
    scans all data once for each period.

    Queries with metric math are passed to moto.
    """
    if any("MetricStat" not in query for query in queries):
        return original(backend, queries, start_time, end_time, scan_by)
    start = start_time.replace(second=0, microsecond=0)
    data = _by_metric(datum for datum in backend.get_all_metrics() if start <= datum.timestamp < end_time)
    read = [_read(query, data.get(_asked(query), ()), start) for query in queries if query.get("ReturnData", True)]
    if scan_by == "TimestampDescending":
        for each in read:
            each["values"].reverse()
            each["timestamps"].reverse()
    return read


@replaces(CloudWatchBackend, "get_filtered_metrics")
def list_each_metric_once(
    _original: Callable[..., Any], backend: Any, metric_name: str, metric_namespace: str, dimensions: Any
) -> list[Any]:
    """Moto compares each datum with all metrics that it has found: a minute for the metrics of an hour."""
    wanted = {(each["Name"], each.get("Value")) for each in dimensions or ()}
    return [
        data[0]
        for (namespace, name, pairs), data in _by_metric(backend.get_all_metrics()).items()
        if metric_name in {None, "", name} and metric_namespace in {None, "", namespace} and _has(pairs, wanted)
    ]


def _has(pairs: frozenset[tuple[str, str]], wanted: Iterable[tuple[str, str | None]]) -> bool:
    """Whether a metric has each of these dimensions, with the value where one is given."""
    values = dict(pairs)
    return all(name in values and value in {None, values[name]} for name, value in wanted)


def _by_metric(data: Iterable[Any]) -> dict[_Metric, list[Any]]:
    """The data of each metric, in their order."""
    found: dict[_Metric, list[Any]] = defaultdict(list)
    for datum in data:
        pairs = frozenset((each.name, each.value) for each in datum.dimensions)
        found[datum.namespace, datum.name, pairs].append(datum)
    return found


def _asked(query: Mapping[str, Any]) -> _Metric:
    metric = query["MetricStat"]["Metric"]
    pairs = frozenset((each["Name"], each["Value"]) for each in metric.get("Dimensions", ()))
    return metric["Namespace"], metric["MetricName"], pairs


def _read(query: Mapping[str, Any], data: Iterable[Any], start: dt.datetime) -> dict[str, Any]:
    wanted = query["MetricStat"]
    period = dt.timedelta(seconds=int(wanted["Period"]))
    periods = defaultdict(list)
    for datum in data:
        if wanted.get("Unit") in {None, datum.unit}:
            periods[(datum.timestamp - start) // period].append(datum)
    return {
        "id": query["Id"],
        "label": query.get("Label") or wanted["Metric"]["MetricName"],
        "timestamps": [start + number * period for number in sorted(periods)],
        "values": [statistic(wanted["Stat"], periods[number]) for number in sorted(periods)],
        "status_code": "Complete",
    }


def is_wanted(datum: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether the datum is of the metric, dimensions and unit of a query."""
    metric = wanted["Metric"]
    dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions", [])}
    return (
        datum.name == metric["MetricName"]
        and datum.namespace == metric["Namespace"]
        and {each.name: each.value for each in datum.dimensions} == dimensions
        and wanted.get("Unit") in {None, datum.unit}
    )


def statistic(name: str, data: Sequence[Any]) -> float:
    """A statistic of the data: Sum, Average, Minimum, Maximum, SampleCount, or a percentile such as p99."""
    if name.startswith("p"):
        return percentile([datum.value for datum in data], float(name[1:]))
    statistics = Statistics([name], data[0].timestamp)
    statistics.metric_data = list(data)
    value = statistics.get_statistics_for_type(name)
    if value is None:
        raise NotImplementedError(f"the embedded AWS does not support the statistic {name}")
    return float(value)
