"""Whether a row is as good as it must be: against its bound, and against the ratio that was landed for it."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks.guard.rows import Row

Ratios = Mapping[str, float]
"""The landed ratio of each subject of a benchmark."""


@dataclass(frozen=True)
class Strictness:
    """How much worse than its landed ratio a ratio may be, and whether a missed bound fails."""

    times_landed: float
    judges_bounds: bool


FULL = Strictness(1.10, judges_bounds=True)
SHORT = Strictness(2.0, judges_bounds=False)
"""Only large steps: it runs where other processes compute at the same time, and where bounds in milliseconds mean
another processor's. Higher: larger steps pass. Lower: it fails when the machine is busy, and nobody believes it."""


@dataclass(frozen=True)
class Judged:
    """A row beside its landed ratio, with what is wrong with it (`complaints` fail the run) and what else to know."""

    row: Row
    landed: float | None
    complaints: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def times_landed(self) -> float | None:
        """How many times as bad as landed: above 1 is worse, whichever way the ratio is better."""
        if self.landed is None or self.row.ratio is None:
            return None
        return _times(self.row, self.row.ratio, self.landed)

    @property
    def is_worse(self) -> bool:
        """Whether it is worse than landed by more than is allowed."""
        return any(each.startswith(WORSE) for each in self.complaints)


WORSE, MISSED, GONE = "worse", "missed", "gone"
"""How complaints begin. A missed bound is only remarked on where bounds are not judged."""


def judged(row: Row, landed: Ratios, strictness: Strictness) -> Judged:
    """The verdict on one row."""
    known = landed.get(row.subject) if row.ratio is not None else None
    complaints: list[str] = []
    remarks: list[str] = []
    if row.is_missed:
        (complaints if strictness.judges_bounds else remarks).append(MISSED)
    if row.ratio is not None and known is None:
        remarks.append("new, not landed")
    elif row.ratio is not None and known is not None:
        times, allowed = _times(row, row.ratio, known), strictness.times_landed * row.slack
        if times > allowed:
            complaints.append(f"{WORSE}, {times:.2f} x landed")
        elif times < 1 / allowed:
            remarks.append("better, not landed")
    return Judged(row, known, tuple(complaints), tuple(remarks))


def _times(row: Row, ratio: float, landed: float) -> float:
    better, worse = (ratio, landed) if row.is_better_when_higher else (landed, ratio)
    return worse / better if better else float(worse > better) * 1e9 + 1


def gone(rows: Iterable[Row], landed: Ratios) -> Iterator[Judged]:
    """A complaint for each landed subject that the benchmark yields no more: what is not measured gets worse unseen."""
    measured = {row.subject for row in rows if row.ratio is not None}
    for subject, ratio in landed.items():
        if subject not in measured:
            yield Judged(Row(subject, math.nan, ""), ratio, (f"{GONE}: measure it, or land without it",))


def better_of(first: Iterable[Row], second: Iterable[Row]) -> list[Row]:
    """Of two runs the better row of each subject, in the order of the first: what disturbs a run makes it worse."""
    again = {row.subject: row for row in second}
    return [_better(row, again.pop(row.subject, row)) for row in first] + list(again.values())


def _better(one: Row, other: Row) -> Row:
    if one.ratio is None or other.ratio is None:
        return one if other.is_missed else other
    return other if (other.ratio > one.ratio) == one.is_better_when_higher else one
