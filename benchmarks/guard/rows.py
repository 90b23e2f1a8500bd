"""What a benchmark yields: figures, each with the ratio that is guarded and the bound that it must keep."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["s", "ms", "MB", "$", ""]


@dataclass(frozen=True)
class Bound:
    """A limit of the issue or of a decision, of the ratio or, where seconds or megabytes were asked for, of the figure
    itself. `is_least`: the value must reach it instead of staying below it.
    """

    limit: float
    is_least: bool = False
    is_of_figure: bool = False

    def __str__(self) -> str:
        return f"{'>=' if self.is_least else '<='} {self.limit:g}{'' if self.is_of_figure else ' x'}"


@dataclass(frozen=True)
class Row:
    """One figure of a benchmark. `subject` is unique within the benchmark and stays the same from run to run, since the
    landed ratio is found by it; a number that may change belongs into `figure` or `note`.

    `ratio` is the figure relative to `of`: a peer or a piece of work that was measured in the same run, interleaved
    with the subject. The ratio of a count or of megabytes may be to a fixed limit; that of seconds may not, since
    another machine has other seconds. A row without a ratio is printed and its bound judged, but it is not guarded.
    `slack` multiplies how much worse than landed the ratio may be: more than 1 for what other processes disturb most,
    such as milliseconds on the clock.
    """

    subject: str
    figure: float
    unit: Unit = "s"
    ratio: float | None = None
    of: str = ""
    bound: Bound | None = None
    note: str = ""
    slack: float = 1.0

    @property
    def is_missed(self) -> bool:
        """Whether the bound is exceeded, or not reached."""
        if self.bound is None:
            return False
        value = self.figure if self.bound.is_of_figure else self.ratio
        if value is None:
            raise ValueError(f"{self.subject}: a bound of the ratio, but no ratio")
        return value < self.bound.limit if self.bound.is_least else value > self.bound.limit

    @property
    def is_better_when_higher(self) -> bool:
        """Whether the ratio is one that must reach something, such as how many times faster than a peer."""
        return self.bound is not None and self.bound.is_least and not self.bound.is_of_figure


def at_most(limit: float) -> Bound:
    """The ratio is at most that."""
    return Bound(limit)


def at_least(limit: float) -> Bound:
    """The ratio is at least that. Such a ratio is better when it is higher."""
    return Bound(limit, is_least=True)


def figure_at_most(limit: float) -> Bound:
    """The figure itself, in its unit, is at most that."""
    return Bound(limit, is_of_figure=True)


def figure_at_least(limit: float) -> Bound:
    """The figure itself, in its unit, is at least that."""
    return Bound(limit, is_least=True, is_of_figure=True)


def of_limit(subject: str, figure: float, unit: Unit, limit: float, note: str = "") -> Row:
    """A count or megabytes beside their fixed limit, which is their bound too."""
    ratio = figure / limit if limit else None
    return Row(subject, figure, unit, ratio, "limit" if limit else "", figure_at_most(limit), note)
