"""Bars of a chart in SVG: where each one is, and what is written beside them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from local.report.amounts import in_minutes
from local.report.columns import Columns

WIDTH, HEIGHT = 960, 120
MOST_BARS = 168
"""Bars of a chart, a week of hours; of a longer time each bar is several hours."""
MOST_TICKS = 6
WIDEST = 160
"""Of a bar, and enough for the time below it."""
GAP = 0.15
"""Between two bars, as a share of their width."""


class Bar(NamedTuple):
    """A bar, in units of the chart; `title` says what it is."""

    x: float
    y: float
    width: float
    height: float
    title: str


class Tick(NamedTuple):
    """A time below the bars."""

    x: float
    label: str


class Chart(NamedTuple):
    """A chart that is WIDTH wide and HEIGHT high. `most` is what the highest bar stands for."""

    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    most: str


def chart_of(columns: Columns, values: Sequence[int], in_words: Callable[[int], str]) -> Chart:
    """The chart of one of the sums of columns."""
    step = min(WIDTH / max(len(values), 1), WIDEST)
    most = max(values, default=0) or 1
    bars = [
        Bar(
            round(at * step, 2),
            round(HEIGHT * (1 - value / most), 2),
            round(step * (1 - GAP), 2),
            round(HEIGHT * value / most, 2),
            f"{in_minutes(columns.starts[at])} UTC: {in_words(value)}",
        )
        for at, value in enumerate(values)
        if value
    ]
    every = -(-len(values) // MOST_TICKS) or 1
    ticks = [Tick(round(at * step, 2), in_minutes(columns.starts[at])) for at in range(0, len(values), every)]
    return Chart(bars, ticks, in_words(max(values, default=0)))
