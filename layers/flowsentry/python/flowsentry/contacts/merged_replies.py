"""The replies of a large source, merged so that memory does not follow its records.

A reply matters in two ways: to the outcome of its contact, by the sums of all replies of that contact; and, by its
five-tuple at an interface, as proof that a reply was let through there (see replies.py). So a merged reply is a row of
sums for its contact, without interface and port, and a hash of its path.
"""

from collections.abc import Sequence

import polars as pl

from flowsentry.contacts.connection_evidence import KEY, REPLY_FLAGS

PATH = ("interface_id", "initiator", "initiator_port", "responder", "responder_port", "protocol")
"""A five-tuple at an interface."""
MAX_UNMERGED_REPLIES = 1_000_000
"""Replies that are held, 33 bytes each, before those of the same contact are merged: those of two million records.
More: more memory. Fewer: objects of a usual size pay for merging, 0.15 s a million."""
MAX_PATHS = 2_000_000
"""Hashes of paths that are held, 8 bytes each. More: more memory. Fewer: beyond it only half of the paths are held,
then half of these, and so on, and refused replies on the others are missed."""


class MergedReplies:
    """The replies of all chunks, in a few frames and a bounded number of paths."""

    def __init__(self) -> None:
        self.frames: list[pl.DataFrame] = []
        self._unmerged = 0
        self._paths: list[pl.Series] = []
        self._share = 1

    def add(self, replies: pl.DataFrame) -> None:
        """Adds the replies of a chunk. An opening that comes later still finds them."""
        self.frames.append(replies)
        self._unmerged += len(replies)
        if self._unmerged > MAX_UNMERGED_REPLIES:
            self._merge()

    def replace(self, frames: Sequence[pl.DataFrame]) -> None:
        """Holds these rows instead of its own, of which some were dropped."""
        self.frames = list(frames)

    def without_known_paths(self, openings: pl.DataFrame) -> pl.DataFrame:
        """The openings (with PATH) on whose path no reply came back, as far as paths are held."""
        unmerged = pl.concat(self.frames)
        asked = openings.join(unmerged, on=PATH, how="anti")
        if not self._paths or asked.is_empty():
            return asked
        paths = _paths_of(asked)
        return asked.filter((paths % self._share == 0) & ~paths.is_in(pl.concat(self._paths).implode()))

    def _merge(self) -> None:
        rows, self.frames, self._unmerged = pl.concat(self.frames), [], 0
        self._hold(_paths_of(rows.filter(pl.col("interface_id").is_not_null())))
        sums = rows.group_by(KEY).agg(pl.col("reply_packets").sum(), pl.col(REPLY_FLAGS).any())
        self.frames = [sums.match_to_schema(rows.schema, missing_columns="insert")]

    def _hold(self, paths: pl.Series) -> None:
        self._paths.append(self._kept(paths).unique())
        while sum(map(len, self._paths)) > MAX_PATHS:
            self._share *= 2
            self._paths = [self._kept(part) for part in self._paths]

    def _kept(self, paths: pl.Series) -> pl.Series:
        return paths if self._share == 1 else paths.filter(paths % self._share == 0)


def _paths_of(rows: pl.DataFrame) -> pl.Series:
    return rows.select(PATH).hash_rows()
