"""How far a command is with its files, as one line on a terminal."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from rich import progress as rich_progress
from rich.console import Console

from local.log_files import LogSource
from local.terminal.screen import erase_at_end, is_interactive, screen

FIRST_SECONDS, MIN_SECONDS = 0.5, 0.2
"""Before the line is shown, and between two times that it is written. More: the command seems to hang. Less: it
flickers, and takes time of its own."""


@dataclass
class Progress:
    """Counts files and `records`, and shows them with the time that is left, if `console` is a terminal; elsewhere it
    writes nothing, so that a log has no control characters, and nothing unless it `is_wanted`. Call `hide` before
    anything else is printed.
    """

    console: Console = field(default_factory=lambda: screen(is_of_errors=True))
    clock: Callable[[], float] = time.monotonic
    records: int = 0
    is_wanted: bool = True
    _files: int = 0
    _all: int = 0

    def __post_init__(self) -> None:
        self._is_shown = self.is_wanted and is_interactive(self.console)
        self._began = self.clock()
        self._due_at = self._began + FIRST_SECONDS
        self._sums = [0]
        columns = (
            rich_progress.BarColumn(bar_width=10),
            rich_progress.TextColumn("{task.percentage:>3.0f} %", markup=False),
            rich_progress.TextColumn("{task.description}", markup=False),
            rich_progress.TimeRemainingColumn(),
            rich_progress.TextColumn("left", markup=False),
        )
        options = {"auto_refresh": False, "transient": True, "redirect_stdout": False, "redirect_stderr": False}
        self._bar = rich_progress.Progress(*columns, console=self.console, get_time=self.clock, **options)
        self._task = self._bar.add_task("", total=None)

    def over(self, sources: Sequence[LogSource]) -> Iterator[LogSource]:
        """The sources. They count when `add` says that they are done, since some are read ahead."""
        self._all = len(sources)
        if self._is_shown:
            self._sums = list(accumulate(_weights(sources), initial=0))
            self._bar.update(self._task, total=self._sums[-1])
        return iter(sources)

    def add(self, records: int, files: int = 0) -> None:
        """Adds records and files that are done, and shows the line if it is old."""
        self.records += records
        self._files += files
        if self._is_shown and self.clock() >= self._due_at:
            self._due_at = self.clock() + MIN_SECONDS
            done = self._sums[min(self._files, self._all)]
            self._bar.update(self._task, completed=done, description=self.line())
            erase_at_end(self.hide)
            self._bar.start()
            self._bar.refresh()

    def hide(self) -> None:
        """Erases the line, if there is one."""
        if self._bar.live.is_started:
            self._bar.stop()

    def line(self) -> str:
        """`1,200 of 2,400 files, 120,000 records, 24,000/s`."""
        a_second = self.records / max(self.clock() - self._began, 1e-9)
        return f"{self._files:,} of {self._all:,} files, {self.records:,} records, {a_second:,.0f}/s"


def _weights(sources: Sequence[LogSource]) -> list[int]:
    """The bytes of each, by which the time that is left is estimated; of unknown sizes, the same for all."""
    sizes = [source.size for source in sources]
    known = [max(size, 1) for size in sizes if size is not None]
    return known if len(known) == len(sizes) else [1] * len(sizes)
