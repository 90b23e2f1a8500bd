"""A dashboard with the data of all its widgets: each series and each log group is read once.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from local.console.console_data import Alarm, ConsoleData, Metric, MetricStat, Series
from local.console.span import Span
from local.console.widgets.log_tables import Rows, log_table, rows_of_events
from local.console.widgets.metric_lines import DrawnLine, MetricLines
from local.console.widgets.metric_math import MetricMathError
from local.console.widgets.text import tree_of

Widget = Mapping[str, Any]
PLACE = ("type", "x", "y", "width", "height")


def drawn(body: Mapping[str, Any], data: ConsoleData, span: Span) -> list[dict[str, Any]]:
    """The widgets of a dashboard's body, each with its place, its title and what it shows in the time range. A widget
    that can't be drawn has a sentence as `error`. Raises DataError.
    """
    widgets: Sequence[Widget] = body.get("widgets", ())
    reading = _Reading(data, span, widgets)
    return [{name: each.get(name) for name in PLACE} | reading.shown(each) for each in widgets]


class _Reading:
    """What the widgets of one dashboard show."""

    def __init__(self, data: ConsoleData, span: Span, widgets: Sequence[Widget]) -> None:
        self._data, self._span = data, span
        self._known = data.metrics()
        self._lines = {id(each): _lines(each, span, self._known) for each in widgets if each.get("type") == "metric"}
        self._series = self._read_series()
        self._rows = cache(self._read_rows)
        self._alarms = {each.arn: each for each in data.alarms()}

    def shown(self, widget: Widget) -> dict[str, Any]:
        """What one widget shows."""
        properties = widget.get("properties", {})
        title = {"title": properties.get("title", "")}
        match widget.get("type"):
            case "text":
                return {"tree": tree_of(properties.get("markdown", ""))}
            case "metric":
                return title | _style(properties) | self._graph(self._lines[id(widget)])
            case "log":
                return title | log_table(properties.get("query", ""), self._rows)
            case "alarm":
                return title | {"alarms": [asdict(each) for each in self._states(properties.get("alarms", ()))]}
        return title | {"error": f"the console does not draw widgets of type {widget.get('type')}"}

    def _graph(self, lines: MetricLines | MetricMathError) -> dict[str, Any]:
        if isinstance(lines, MetricMathError):
            return {"lines": [], "error": str(lines)}
        try:
            return {"period": lines.period, "lines": [_as_json(each) for each in lines.drawn(self._series.__getitem__)]}
        except MetricMathError as error:
            return {"lines": [], "error": str(error)}

    def _states(self, arns: Sequence[str]) -> list[Alarm]:
        return [self._alarms[arn] for arn in arns if arn in self._alarms]

    def _read_series(self) -> dict[MetricStat, Series]:
        drawable = (lines for lines in self._lines.values() if isinstance(lines, MetricLines))
        needed = list(dict.fromkeys(stat for lines in drawable for stat in lines.needed()))
        return dict(zip(needed, self._data.series(needed, self._span), strict=True)) if needed else {}

    def _read_rows(self, group: str) -> Rows:
        return rows_of_events(group, self._data.log_events(group, self._span))


def _lines(widget: Widget, span: Span, known: Sequence[Metric]) -> MetricLines | MetricMathError:
    try:
        return MetricLines.of(widget.get("properties", {}), span, known)
    except MetricMathError as error:
        return error


def _style(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "view": properties.get("view", "timeSeries"),
        "stacked": bool(properties.get("stacked")),
        "least": properties.get("yAxis", {}).get("left", {}).get("min"),
        "error": "",
    }


def _as_json(line: DrawnLine) -> dict[str, Any]:
    return {"label": line.label, "times": list(line.series.times), "values": list(line.series.values)}
