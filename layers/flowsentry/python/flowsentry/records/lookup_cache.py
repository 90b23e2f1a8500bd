"""Lookup cache: facts about addresses and interfaces, found by their category numbers.

A Categorical gives every distinct text of a process one number, so finding the facts about an address takes one element
of a column. Joins rebuild their hash tables for each chunk: for 27 chunks of a million v5 records they took 0.38 s of
processor time; this takes 0.19 s, and 0.08 s once the addresses are cached (November 2026). The cache keeps the names
it has seen, so that their category numbers stay the same.
"""

from collections.abc import Callable
from typing import NamedTuple, Self, cast

import polars as pl

MAX_CACHED_FACTS = 500_000
"""Cached rows of facts, about 80 bytes each; beyond, the cache is emptied. Higher: more memory that a function keeps
between batches. Lower: the clients of a busy public service are looked up repeatedly."""
MAX_INDEX_SLOTS = 25_000_000
"""Slots of 4 bytes in the tables by category number; each scope's table has one for each category of the process.
Beyond, the cache is emptied. Higher: more memory if there are many VPCs, as behind a transit gateway. Lower: their
addresses are looked up repeatedly."""


_NO_START, _NO_END = -(1 << 63), (1 << 63) - 1
"""Times of a record without any."""


MAX_CHUNKS = 8
"""Chunks of the table of facts. More: each look-up of a row is slower. Fewer: a batch with a new address more often
pays for copying the facts of all others."""


class Intervals(NamedTuple):
    """Start and end of each record, Unix seconds, and the earliest and latest of them (None without any record)."""

    starts: pl.Series
    ends: pl.Series
    earliest: int | None
    latest: int | None

    @classmethod
    def of(cls, starts: pl.Series, ends: pl.Series) -> Self:
        """Only facts for all times hold for a record without times."""
        starts = starts.fill_null(_NO_START) if starts.null_count() else starts
        ends = ends.fill_null(_NO_END) if ends.null_count() else ends
        return cls(starts, ends, cast("int | None", starts.min()), cast("int | None", ends.max()))


Lookup = Callable[[pl.Series], pl.DataFrame]


class LookupCache:
    """Facts about names (addresses, interfaces), each within a scope. Facts never change; each snapshot has its own
    cache.

    A name has one or more consecutive rows of facts, each for the time from `since` until `until`; the last is for all
    times. Row numbers are valid until the next call of `evict`.
    """

    def __init__(self) -> None:
        self._facts = pl.DataFrame()
        self._names: list[pl.Series] = []
        self._heads: dict[str, pl.Series] = {}

    def evict(self) -> None:
        """Empties the cache if it exceeds its limits."""
        if len(self._facts) > MAX_CACHED_FACTS or sum(map(len, self._heads.values())) > MAX_INDEX_SLOTS:
            self._facts, self._names, self._heads = pl.DataFrame(), [], {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing was looked up, or all was emptied."""
        return not self._heads

    def has(self, scope: str) -> bool:
        """Whether names of this scope are cached."""
        return scope in self._heads

    def look_up(self, scope: str, names: pl.Series, look_up: Lookup) -> None:
        """Looks these names up, so that a batch with some of them need not."""
        self._known_heads(scope, names, look_up)

    def facts(self, scope: str, names: pl.Series, look_up: Lookup) -> pl.DataFrame:
        """A row of facts for each name, in order; null for null. For names whose facts hold at all times: `look_up`
        returns one row for each name.
        """
        self.evict()
        heads = self._known_heads(scope, names, lambda unseen: look_up(unseen).with_row_index("position"))
        return self._facts[heads]

    def rows(self, scope: str, names: pl.Series, span: Intervals, look_up: Lookup) -> pl.Series:
        """The row of facts that holds for each name during its record; null for null. `look_up` returns the facts of
        distinct names that are not cached in this scope, in order, with `position`, the index of the name.
        """
        return self._at_the_time(self._known_heads(scope, names, look_up), span)

    def uncached_rows(self, facts: pl.DataFrame, positions: pl.Series, span: Intervals) -> pl.Series:
        """The row of these facts that holds for each record, without caching them by name: `positions` has the
        `position` of each record's name.
        """
        before = self._add(facts)
        heads = (facts["position"].is_first_distinct().arg_true() + before).cast(pl.UInt32)
        return self._at_the_time(heads[positions], span)

    def flag(self, fact: str, rows: pl.Series) -> pl.Series | None:
        """The Boolean fact of each row; None if it is true for no name at all."""
        return self._facts[fact][rows] if self._facts[fact].any() else None

    def columns_at(self, rows: pl.Series, *columns: str) -> pl.DataFrame:
        """These columns of facts for each row; null for null."""
        if len(rows) > len(self._facts):
            self._facts = self._facts.rechunk()  # facts in several chunks take twice as long to find
        return self._facts[list(columns)][rows]  # a third of the time of an expression

    def _known_heads(self, scope: str, names: pl.Series, look_up: Lookup) -> pl.Series:
        """The first row of each name's facts, looked up if not cached."""
        numbers = names.to_physical()
        heads = self._heads_of(scope, numbers)
        if not heads.null_count() and self._facts.width:
            return heads
        unseen = names.filter(heads.is_null()).unique().drop_nulls()
        if len(unseen) or not self._facts.width:
            self._learn(scope, unseen, look_up(unseen))
            heads = self._heads_of(scope, numbers)
        return heads

    def _heads_of(self, scope: str, numbers: pl.Series) -> pl.Series:
        """The first row of each name's facts, null if not cached."""
        known = self._heads.get(scope, pl.Series(dtype=pl.UInt32))
        highest = numbers.max()
        missing = (highest if isinstance(highest, int) else 0) + 1 - len(known)
        if missing > 0:
            known = pl.concat([known, pl.repeat(None, max(missing, len(known)), dtype=pl.UInt32, eager=True)])
            self._heads[scope] = known.rechunk()
        return known[numbers]

    def _learn(self, scope: str, names: pl.Series, facts: pl.DataFrame) -> None:
        before, numbers = self._add(facts), names.to_physical()
        self._names.append(names)
        self._heads_of(scope, numbers)
        heads = (facts["position"].is_first_distinct().arg_true() + before).cast(pl.UInt32)
        self._heads[scope] = self._heads[scope].scatter(numbers, heads)

    def _add(self, facts: pl.DataFrame) -> int:
        """Appends the facts and returns the number of their first row."""
        before, new = len(self._facts), facts[[name for name in facts.columns if name != "position"]]
        self._facts = pl.concat([self._facts, new], rechunk=False) if self._facts.width else new
        if self._facts.n_chunks() > MAX_CHUNKS:
            self._facts = self._facts.rechunk()
        return before

    def _at_the_time(self, heads: pl.Series, span: Intervals) -> pl.Series:
        """For each name the first row, from its first one on, that holds for its record. Usually the first row holds
        for all records of the chunk, so that no record needs a search of its own.
        """
        starts, ends, earliest, latest = span
        if earliest is None or latest is None:
            return heads
        since, until = self._facts["since"], self._facts["until"]
        is_whole = (since[heads] <= earliest) & (until[heads] >= latest)
        if is_whole.all():
            return heads
        open_ = (~is_whole).arg_true()
        rows = heads.clone()
        while len(open_):
            here, at, to = rows[open_], starts[open_], ends[open_]
            missed = (since[here] > at) | (until[here] < to)
            open_ = open_.filter(missed)
            rows = rows.scatter(open_, here.filter(missed) + 1)
        return rows


def rows_by_category(names: pl.Series) -> pl.Series:
    """By category number, the row of each name; null for other numbers."""
    numbers = names.to_physical()
    highest = numbers.max()
    rows = pl.repeat(None, (highest if isinstance(highest, int) else 0) + 1, dtype=pl.UInt32, eager=True)
    return rows.scatter(numbers, pl.int_range(len(names), dtype=pl.UInt32, eager=True))
