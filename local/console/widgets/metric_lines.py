"""The lines of a metric widget: which series they need, and what they draw once those are read.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from local.console.console_data import Metric, MetricStat, Series
from local.console.span import Span
from local.console.widgets.metric_math import (
    Evaluation,
    Expression,
    Found,
    MetricMathError,
    Value,
    parsed,
    searches_in,
)
from local.console.widgets.search import Search, found_by

DEFAULT_PERIOD = 300
MAX_POINTS = 1_440
"""Points of a line, those of five days of a period of 300 s; in a longer time range the period is longer, a multiple
of the widget's. More: slow pages. Fewer: peaks of some days are flattened."""
_PROPERTY = re.compile(r"\$\{PROP\('(?P<name>[\w.]+)'\)\}")
ReadSeries = Callable[[MetricStat], Series]


class DrawnLine(NamedTuple):
    """A line as it is drawn."""

    label: str
    series: Series


@dataclass(frozen=True, slots=True)
class LineSpec:
    """A line as the body states it: either a metric or an expression."""

    label: str
    stat: MetricStat | None = None
    expression: Expression | None = None
    id: str = ""
    is_visible: bool = True


@dataclass(frozen=True, slots=True)
class MetricLines:
    """The lines of a widget over a time range. `period` is in seconds."""

    specs: Sequence[LineSpec]
    period: int
    span: Span
    known: Sequence[Metric] = field(default=(), repr=False)

    @classmethod
    def of(cls, properties: Mapping[str, Any], span: Span, known: Sequence[Metric]) -> "MetricLines":
        """Those of a widget's properties; `known` are the metrics that searches find. Raises MetricMathError."""
        period = period_of(properties, span)
        specs = [_spec(each, properties, period) for each in properties.get("metrics", ())]
        return cls(specs, period, span, known)

    def needed(self) -> Iterator[MetricStat]:
        """The series that drawing them needs."""
        for spec in self.specs:
            if spec.stat:
                yield spec.stat
            if spec.expression:
                for search in searches_in(spec.expression):
                    yield from self._stats(search)

    def drawn(self, read: ReadSeries) -> Iterator[DrawnLine]:
        """The visible lines, in order; a search draws a line for each metric. Raises MetricMathError."""
        by_id, begun = {spec.id: spec for spec in self.specs if spec.id}, set[str]()

        def line_of(id_: str) -> Value:
            if id_ not in by_id:
                raise MetricMathError(f"the widget has no line {id_}")
            if id_ in begun:
                raise MetricMathError(f"the line {id_} is computed from itself")
            begun.add(id_)
            value = self._value(by_id[id_], evaluation, read)
            begun.remove(id_)
            return value

        def found(search: Search) -> list[Series]:
            return [read(each) for each in self._stats(search)]

        times = range(self.span.first_period(self.period), self.span.end, self.period)
        evaluation = Evaluation(times, line_of, found)
        for spec in self.specs:
            if spec.is_visible:
                yield from self._drawn(spec, evaluation, read)

    def _drawn(self, spec: LineSpec, evaluation: Evaluation, read: ReadSeries) -> Iterator[DrawnLine]:
        if isinstance(spec.expression, Found):
            for stat in self._stats(spec.expression.search):
                yield DrawnLine(_labelled(spec.label, stat.metric), read(stat))
            return
        value = self._value(spec, evaluation, read)
        several = value if isinstance(value, list) else [_as_series(value, evaluation.times)]
        yield from (DrawnLine(_labelled(spec.label, spec.stat.metric if spec.stat else None), each) for each in several)

    def _value(self, spec: LineSpec, evaluation: Evaluation, read: ReadSeries) -> Value:
        if spec.expression:
            return evaluation.value(spec.expression)
        return read(spec.stat) if spec.stat else Series()

    def _stats(self, search: Search) -> list[MetricStat]:
        return [MetricStat(metric, search.statistic, self.period) for metric in found_by(search, self.known)]


def period_of(properties: Mapping[str, Any], span: Span) -> int:
    """The period of a widget's lines in seconds: the whole time range for a number, else the widget's own, and longer
    where a line would have more than MAX_POINTS.
    """
    if properties.get("setPeriodToTimeRange") and properties.get("view") == "singleValue":
        return span.seconds
    period = int(properties.get("period", DEFAULT_PERIOD))
    return period * max(1, -(-span.seconds // (period * MAX_POINTS)))


def _spec(row: Sequence[Any], properties: Mapping[str, Any], period: int) -> LineSpec:
    options: Mapping[str, Any] = row[-1] if isinstance(row[-1], dict) else {}
    texts = [str(each) for each in row if not isinstance(each, dict)]
    id_, is_visible = str(options.get("id", "")), bool(options.get("visible", True))
    if expression := options.get("expression"):
        label = str(options.get("label") or expression)
        return LineSpec(label, expression=parsed(expression), id=id_, is_visible=is_visible)
    if len(texts) < 2 or len(texts) % 2 or {".", "..."} & {*texts}:  # noqa: PLR2004 a namespace and a name
        raise MetricMathError(f"the console does not know the short form of a metric, {' '.join(texts)}")
    namespace, name, *dimensions = texts
    metric = Metric(namespace, name, tuple(sorted(zip(dimensions[::2], dimensions[1::2], strict=True))))
    statistic = str(options.get("stat") or properties.get("stat") or "Average")
    return LineSpec(str(options.get("label") or name), MetricStat(metric, statistic, period), None, id_, is_visible)


def _labelled(label: str, metric: Metric | None) -> str:
    """The label with its properties replaced: `${PROP('Dim.vpc')}`.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html
    """
    if metric is None:
        return label
    values = {f"Dim.{name}": value for name, value in metric.dimensions}
    values |= {"MetricName": metric.name, "Namespace": metric.namespace}
    return _PROPERTY.sub(lambda found: values.get(found["name"], found.group()), label)


def _as_series(value: float | Series, times: Sequence[int]) -> Series:
    return value if isinstance(value, Series) else Series(times, [value] * len(times))
