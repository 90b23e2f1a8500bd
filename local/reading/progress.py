"""How far a command is with its files, as one line on a terminal."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from local.log_files import LogSource

MIN_SECONDS = 0.2
"""Between two times that the line is written. More: it seems to hang. Less: it takes time of its own."""
CLEAR = "\r\x1b[K"
"""Returns to the start of the line, and erases it."""


@dataclass
class Progress:
    """Counts files and `records`, and shows them on `stream` if that is a terminal; elsewhere it writes nothing, so
    that a log has no control characters. Call `hide` before anything else is printed.
    """

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    clock: Callable[[], float] = time.monotonic
    records: int = 0
    _files: int = 0
    _all: int = 0
    _shown_at: float | None = None

    def __post_init__(self) -> None:
        self._is_shown = self.stream.isatty()
        self._began = self.clock()

    def over(self, sources: Sequence[LogSource]) -> Iterator[LogSource]:
        """The sources, each counted when the next is asked for."""
        self._all = len(sources)
        for number, source in enumerate(sources):
            self._files = number
            yield source
        self._files = self._all

    def add(self, records: int) -> None:
        """Adds records that are done, and shows the line if it is old."""
        self.records += records
        now = self.clock()
        if self._is_shown and now - (self._shown_at or self._began) >= MIN_SECONDS:
            self._shown_at = now
            self.stream.write(f"{CLEAR}{self.line()}")
            self.stream.flush()

    def hide(self) -> None:
        """Erases the line, if there is one."""
        if self._shown_at is not None:
            self.stream.write(CLEAR)
            self.stream.flush()

    def line(self) -> str:
        """`1,200 of 2,400 files (50 %), 120,000 records, 24,000 a second`."""
        seconds = max(self.clock() - self._began, 1e-9)
        share = 100 * self._files // max(self._all, 1)
        return (
            f"{self._files:,} of {self._all:,} files ({share} %), {self.records:,} records, "
            f"{self.records / seconds:,.0f} a second"
        )
