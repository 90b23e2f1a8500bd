"""The newest rows of frames that come one after the other."""

from dataclasses import dataclass, field

import polars as pl

MAX_FRAMES = 500
"""Frames that are held until they become one. More: memory, since a frame takes some 20 kB without any row. Fewer: the
same rows are copied more often."""


@dataclass
class RecentRows:
    """At most `most` rows, the last that were added; in memory there are at most twice as many."""

    most: int
    _frames: list[pl.DataFrame] = field(default_factory=list)
    _rows: int = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Adds rows that are newer than those before. Columns that a frame lacks are null."""
        self._frames.append(frame)
        self._rows += len(frame)
        if self._rows > 2 * self.most or len(self._frames) > MAX_FRAMES:
            self.newest()

    def newest(self) -> pl.DataFrame:
        """The rows, in the order in which they were added; without any, a frame without columns."""
        if not self._frames:
            return pl.DataFrame()
        if len(self._frames) > 1 or self._rows > self.most:
            kept = pl.concat(self._frames, how="diagonal_relaxed").tail(self.most)
            self._frames, self._rows = [kept], len(kept)
        return self._frames[0]
