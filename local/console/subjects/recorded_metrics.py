"""Metrics in memory, from lines in embedded metric format, with the statistics that CloudWatch computes.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, NamedTuple

from local.aws.monitoring.percentiles import percentile
from local.console.console_data import Metric, MetricStat, Series
from local.console.span import Span


class Point(NamedTuple):
    """Values of a metric at a time (Unix seconds)."""

    at: float
    values: Sequence[float]


@dataclass
class _Points:
    """The values of a metric and their times, 16 bytes each: a replay of a month has millions."""

    times: "array[float]" = field(default_factory=lambda: array("d"))
    values: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, point: Point) -> None:
        self.times.extend([point.at] * len(point.values))
        self.values.extend(point.values)

    def within(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        return ((at, value) for at, value in zip(self.times, self.values, strict=True) if start <= at < end)


class RecordedMetrics:
    """The points of each metric."""

    def __init__(self) -> None:
        self._points: dict[Metric, _Points] = defaultdict(_Points)

    def add_line(self, text: str) -> int | None:
        """The time of a line (Unix milliseconds), after its metrics were added; None of a line without any."""
        if '"_aws"' not in text:
            return None
        line = json.loads(text)
        for metric, point in points_of(line):
            self._points[metric].add(point)
        return int(line["_aws"]["Timestamp"])

    def add(self, metric: Metric, at: float, value: float) -> None:
        """Adds one value."""
        self._points[metric].add(Point(at, (value,)))

    def metrics(self) -> list[Metric]:
        """All metrics that have a point."""
        return sorted(self._points)

    def series(self, wanted: MetricStat, span: Span) -> Series:
        """The statistic of each period that has points, from the start of the span rounded down to a period."""
        start = span.first_period(wanted.period)
        periods: dict[int, list[float]] = defaultdict(list)
        if points := self._points.get(wanted.metric):
            for at, value in points.within(start, span.end):
                periods[int(at - start) // wanted.period].append(value)
        numbers = sorted(periods)
        return Series(
            [start + number * wanted.period for number in numbers],
            [statistic(wanted.statistic, periods[number]) for number in numbers],
        )


def points_of(line: Mapping[str, Any]) -> Iterator[tuple[Metric, Point]]:
    """The metrics of a line, one for each metric and set of dimensions."""
    about = line["_aws"]
    for directive in about.get("CloudWatchMetrics", ()):
        for names in directive.get("Dimensions") or [[]]:
            dimensions = tuple(sorted((name, str(line[name])) for name in names if name in line))
            for name in (each["Name"] for each in directive.get("Metrics", ()) if each["Name"] in line):
                value = line[name]
                values = tuple(value) if isinstance(value, list) else (value,)
                yield Metric(directive["Namespace"], name, dimensions), Point(about["Timestamp"] / 1000, values)


STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Average": fmean,
    "Minimum": min,
    "Maximum": max,
    "SampleCount": len,
}


def statistic(name: str, values: Sequence[float]) -> float:
    """A statistic of values: Sum, Average, Minimum, Maximum, SampleCount, or a percentile such as p99."""
    return float(STATISTICS[name](values)) if name in STATISTICS else percentile(values, float(name.removeprefix("p")))
