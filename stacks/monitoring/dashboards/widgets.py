"""What dashboards consist of, as plain values: metrics, graphs, tables of log lines, sections.

`body` turns them into the JSON that CloudWatch reads; docs/dashboards.md and the tests read them as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from stacks.monitoring.alarms.row import PERIOD_MINUTES, Statistic
from stacks.prices.logs import QUERIED

PRICE_OF_TABLES = f"""\
Tables are queries: ${QUERIED.dollars(1):.3f} for each GB of their log lines in the time range, each time they are \
drawn. docs/dashboards.md has examples."""
"""List price of us-east-1."""
GRID = 24
"""Columns of a dashboard.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"""
GRAPH_SECONDS = PERIOD_MINUTES * 60
"""Period of graphs, that of alarms. Lower: gaps in graphs. Higher: peaks are flattened."""
THIRD, HALF, HEIGHT = 8, 12, 6
"""Widths of a widget in columns of the grid, and its height in rows."""


@dataclass(frozen=True)
class Line:
    """A line of a graph: one metric. With an `id` an expression may use it; `hidden` draws it only there."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    label: str
    statistic: Statistic = "Sum"
    id: str = ""
    hidden: bool = False

    def for_expressions(self, id_: str) -> "Line":
        """The same metric, which is not drawn: expressions use it by this id."""
        return replace(self, id=id_, hidden=True)


@dataclass(frozen=True)
class Expression:
    """A line that CloudWatch calculates: metric math, or a search for metrics, which may draw many lines.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """

    expression: str
    label: str
    id: str = ""


@dataclass(frozen=True)
class Graph:
    """Lines over time. `as_number` draws only their sum or highest value over the time range, as numbers."""

    title: str
    lines: Sequence[Line | Expression]
    width: int = THIRD
    stacked: bool = False
    as_number: bool = False


@dataclass(frozen=True)
class LogTable:
    """A table from the log lines of functions, made by a CloudWatch Logs Insights query. `services` are the functions;
    the commands of the query are joined by pipes.
    """

    title: str
    services: Sequence[str]
    query: Sequence[str]
    width: int = HALF


@dataclass(frozen=True)
class AlarmStates:
    """The states of alarms, by ARN."""

    title: str
    alarm_arns: Sequence[str]
    width: int = GRID


Widget = Graph | LogTable | AlarmStates


@dataclass(frozen=True)
class Section:
    """Widgets about one question, under a heading; `normal` says what they look like when nothing is wrong."""

    question: str
    normal: str
    widgets: Sequence[Widget] = field(default=())


@dataclass(frozen=True)
class Dashboard:
    """A dashboard, named <deployment>-<name>. `normal` is its first text: what is normal, and where to look first."""

    name: str
    title: str
    normal: str
    sections: Sequence[Section]

    @property
    def text(self) -> str:
        """What is normal, and what its tables cost."""
        has_tables = any(isinstance(each, LogTable) for section in self.sections for each in section.widgets)
        return f"{self.normal}\n\n{PRICE_OF_TABLES}" if has_tables else self.normal
