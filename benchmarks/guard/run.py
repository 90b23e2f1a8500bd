"""One run of the guard: measures benchmarks, prints their rows, and tries again what is worse than landed."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from benchmarks.guard.alone import BenchmarkError, rows_of
from benchmarks.guard.rows import Row, figure_at_most
from benchmarks.guard.table import line
from benchmarks.guard.verdicts import Judged, Ratios, Strictness, better_of, gone, judged


@dataclass
class Run:
    """Its rows by benchmark, and a sentence for each failure. A benchmark with a ratio worse than landed is measured a
    second time (in the full form where `max_seconds` allow it), and the better row of each subject counts: what else
    runs on the machine makes ratios worse, but seldom the same ones twice.
    """

    strictness: Strictness
    max_seconds: float
    landed: Mapping[str, Ratios]
    measure: Callable[[str], Iterator[Row]] = rows_of
    clock: Callable[[], float] = time.monotonic
    measured: dict[str, list[Row]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._began = self.clock()

    def benchmark(self, name: str) -> None:
        """Measures a benchmark and prints its rows. A benchmark that ends early is a failure, and the run goes on."""
        print(f"{name}:", flush=True)
        try:
            rows = self._repeated(name)
        except BenchmarkError as error:
            self._print(Judged(Row(name, math.nan, ""), None, (str(error),)))
            self.failures.append(str(error))
            return
        self.measured[name] = rows
        missing = list(gone(rows, self._ratios(name)))
        for each in missing:
            self._print(each)
        for each in (*(self._verdict(name, row) for row in rows), *missing):
            self.failures += [f"{name}: {each.row.subject}: {complaint}" for complaint in each.complaints]

    def end(self) -> None:
        """Judges how long it all took."""
        took = Row("the whole run", self.clock() - self._began, "s", bound=figure_at_most(self.max_seconds))
        of_run = judged(took, {}, self.strictness)
        self._print(of_run)
        self.failures += [f"{took.subject}: {complaint}" for complaint in of_run.complaints]

    def _repeated(self, name: str) -> list[Row]:
        began, rows = self.clock(), []
        for row in self.measure(name):
            rows.append(row)
            self._print(self._verdict(name, row))
        worse = {row.subject for row in rows if self._verdict(name, row).is_worse}
        if not worse or not self._has_time_for(self.clock() - began):
            return rows
        print(f"{name}, measured once more, the better of both:", flush=True)
        rows = better_of(rows, self.measure(name))
        for row in rows:
            if row.subject in worse:
                self._print(self._verdict(name, row))
        return rows

    def _has_time_for(self, seconds: float) -> bool:
        """A slow machine, on which the short form takes too long, is the one that has to measure again."""
        return not self.strictness.judges_bounds or self.clock() - self._began + seconds <= self.max_seconds

    def _verdict(self, name: str, row: Row) -> Judged:
        return judged(row, self._ratios(name), self.strictness)

    def _ratios(self, name: str) -> Ratios:
        return self.landed.get(name, {})

    @staticmethod
    def _print(each: Judged) -> None:
        print(line(each), flush=True)
