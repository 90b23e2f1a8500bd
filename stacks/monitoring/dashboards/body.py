"""Dashboards as the JSON that CloudWatch reads.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stacks.monitoring.dashboards.widgets import (
    GRAPH_SECONDS,
    GRID,
    HEIGHT,
    AlarmStates,
    Dashboard,
    Expression,
    Graph,
    Line,
    LogTable,
    Widget,
)

ALARM_ROWS = 3
"""Rows of the grid for the states of alarms."""
TIME_RANGE = "-PT3H"
"""What a dashboard shows when it is opened: three hours. Longer: tables read, and cost, more. Shorter: nothing to
compare with."""
LETTERS_A_ROW = 100
"""Letters of text for which a row of the grid is reserved. Fewer: more empty room below texts. More: a text on a narrow
screen needs a scroll bar."""


def body_of(dashboard: Dashboard, log_groups: Mapping[str, str], region: str) -> dict[str, Any]:
    """The body of a dashboard: its text, then each section's heading and widgets. `log_groups` are by service."""
    place = _Places()
    widgets = [place.text(f"# {dashboard.title}\n{dashboard.text}")]
    for section in dashboard.sections:
        if section.widgets:
            widgets.append(place.text(f"## {section.question}\n{section.normal}"))
            widgets += place.all(section.widgets, log_groups, region)
    return {"start": TIME_RANGE, "widgets": widgets}


class _Places:
    """Gives widgets their places: texts over the whole width, others side by side while they fit into the grid."""

    def __init__(self) -> None:
        self._top = 0

    def text(self, markdown: str) -> dict[str, Any]:
        rows = sum(1 + len(line) // LETTERS_A_ROW for line in markdown.split("\n") if line)
        widget = {
            "type": "text",
            **self._at(0, GRID, rows),
            "properties": {"markdown": markdown, "background": "transparent"},
        }
        self._top += rows
        return widget

    def all(self, widgets: Sequence[Widget], log_groups: Mapping[str, str], region: str) -> Iterator[dict[str, Any]]:
        left = highest = 0
        for widget in widgets:
            rows = ALARM_ROWS if isinstance(widget, AlarmStates) else HEIGHT
            if left + widget.width > GRID:
                self._top, left, highest = self._top + highest, 0, 0
            yield {**self._at(left, widget.width, rows), **_drawn(widget, log_groups, region)}
            left, highest = left + widget.width, max(highest, rows)
        self._top += highest

    def _at(self, left: int, width: int, rows: int) -> dict[str, int]:
        return {"x": left, "y": self._top, "width": width, "height": rows}


def _drawn(widget: Widget, log_groups: Mapping[str, str], region: str) -> dict[str, Any]:
    match widget:
        case Graph():
            return {"type": "metric", "properties": {**_graph(widget), "region": region}}
        case LogTable():
            return {"type": "log", "properties": {**_table(widget, log_groups), "region": region}}
        case AlarmStates():
            return {"type": "alarm", "properties": {"title": widget.title, "alarms": list(widget.alarm_arns)}}


def _graph(graph: Graph) -> dict[str, Any]:
    properties = {
        "title": graph.title,
        "metrics": [_line(each) for each in graph.lines],
        "period": GRAPH_SECONDS,
        "view": "singleValue" if graph.as_number else "timeSeries",
    }
    if graph.as_number:
        return {**properties, "setPeriodToTimeRange": True}
    return {**properties, "stacked": graph.stacked, "yAxis": {"left": {"min": 0, "showUnits": False}}}


def _line(line: Line | Expression) -> list[Any]:
    id_ = {"id": line.id} if line.id else {}
    if isinstance(line, Expression):
        return [{"expression": line.expression, "label": line.label, **id_}]
    dimensions = [text for pair in line.dimensions.items() for text in pair]
    options = {"label": line.label, "stat": line.statistic, **id_, **({"visible": False} if line.hidden else {})}
    return [line.namespace, line.name, *dimensions, options]


def _table(table: LogTable, log_groups: Mapping[str, str]) -> dict[str, Any]:
    """A query names its log groups in SOURCE commands.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    sources = [f"SOURCE '{log_groups[service]}'" for service in table.services]
    return {"title": table.title, "query": " | ".join([*sources, *table.query]), "view": "table"}
