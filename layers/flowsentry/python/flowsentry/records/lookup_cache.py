"""Recollection: what was looked up about addresses, found again by their category numbers.

A Categorical gives every distinct text of a process one number, so a fact about an address is found by taking one
element of a column. Joins build their hash tables anew for each chunk: for 27 chunks of a million v5 records they took
0.38 s of processor time, this takes 0.19 s, and 0.08 s once the addresses are known (November 2026). What is remembered
holds the categories of its addresses, so that their numbers stay what they are.
"""

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

MAX_RECALLED = 500_000
"""Rows of facts remembered, some 80 bytes each; past it, all are forgotten. More: memory that a function keeps between
batches. Fewer: a busy public service's clients are looked up again and again."""
MAX_PLACES = 25_000_000
"""Places, of 4 bytes, in the tables by category number; a scope's table has one for each category of the process. Past
it, all are forgotten. More: memory where many VPCs are seen, as behind a transit gateway. Fewer: there, addresses are
looked up again and again."""


class Span(NamedTuple):
    """When each record began and ended, Unix seconds."""

    starts: pl.Series
    ends: pl.Series


LookUp = Callable[[pl.Series], pl.DataFrame]


class LookupCache:
    """Facts about names (addresses, interfaces), within a scope each. They never change; another snapshot is another
    recollection.

    A name has one or more rows of facts, one after the other, each for the time from `since` until `until`; the last
    is for all times. Rows handed out are good until the next call of `make_room`.
    """

    def __init__(self) -> None:
        self._facts = pl.DataFrame()
        self._names: list[pl.Series] = []
        self._heads: dict[str, pl.Series] = {}

    def make_room(self) -> None:
        """Forgets all when it has become too much."""
        if len(self._facts) > MAX_RECALLED or sum(map(len, self._heads.values())) > MAX_PLACES:
            self._facts, self._names, self._heads = pl.DataFrame(), [], {}

    def facts(self, scope: str, names: pl.Series, look_up: LookUp) -> pl.DataFrame:
        """A row of facts for each name, in order; null for null. Of names whose facts are the same at all times:
        `look_up` gives one row for each.
        """
        self.make_room()
        heads = self._known_heads(scope, names, lambda unseen: look_up(unseen).with_row_index("asked"))
        return self._facts.select(pl.all().gather(pl.lit(heads)))

    def rows(self, scope: str, names: pl.Series, span: Span, look_up: LookUp) -> pl.Series:
        """The row of facts that holds for each name during its record; null for null. `look_up` gives the facts of
        distinct names not seen before in this scope, in order, with `asked`, the position of the name.
        """
        return self._at_the_time(self._known_heads(scope, names, look_up), span)

    def rows_among(self, facts: pl.DataFrame, asked: pl.Series, span: Span) -> pl.Series:
        """The row of these facts, which are not remembered, that holds for each record: `asked` of them is the one
        that it has a question about.
        """
        before = self._add(facts)
        heads = (facts["asked"].is_first_distinct().arg_true() + before).cast(pl.UInt32)
        return self._at_the_time(heads.gather(asked), span)

    def is_so(self, fact: str, rows: pl.Series) -> pl.Series | None:
        """Whether the fact, a truth value, holds in each row; None where it holds of no name at all."""
        return self._facts[fact].gather(rows) if self._facts[fact].any() else None

    def told(self, rows: pl.Series, *columns: str) -> pl.DataFrame:
        """These facts of each row; null for null."""
        if rows.null_count():
            return self._facts.select(pl.col(columns).gather(pl.lit(rows)))
        return self._facts.select(columns)[rows]  # three times as fast as an expression

    def _known_heads(self, scope: str, names: pl.Series, look_up: LookUp) -> pl.Series:
        """The first row of each name's facts, looked up where it is not known."""
        numbers = names.to_physical()
        heads = self._heads_of(scope, numbers)
        unseen = names.filter(heads.is_null()).drop_nulls().unique()
        if len(unseen) or not self._facts.width:
            self._learn(scope, unseen, look_up(unseen))
            heads = self._heads_of(scope, numbers)
        return heads

    def _heads_of(self, scope: str, numbers: pl.Series) -> pl.Series:
        """The first row of each name's facts, null for what is not known."""
        known = self._heads.get(scope, pl.Series(dtype=pl.UInt32))
        highest = numbers.max()
        missing = (highest if isinstance(highest, int) else 0) + 1 - len(known)
        if missing > 0:
            known = pl.concat([known, pl.repeat(None, max(missing, len(known)), dtype=pl.UInt32, eager=True)])
            self._heads[scope] = known.rechunk()
        return known.gather(numbers)

    def _learn(self, scope: str, names: pl.Series, facts: pl.DataFrame) -> None:
        before, numbers = self._add(facts), names.to_physical()
        self._names.append(names)
        self._heads_of(scope, numbers)
        heads = (facts["asked"].is_first_distinct().arg_true() + before).cast(pl.UInt32)
        self._heads[scope] = self._heads[scope].scatter(numbers, heads)

    def _add(self, facts: pl.DataFrame) -> int:
        """Where the facts begin among all of them."""
        before, told = len(self._facts), facts.drop("asked")
        self._facts = pl.concat([self._facts, told]).rechunk() if self._facts.width else told
        return before

    def _at_the_time(self, heads: pl.Series, span: Span) -> pl.Series:
        """From each name's first row on, the first that holds for its record. Nearly always the first row does, for
        all records of the chunk: then no record is looked at by itself.
        """
        starts, ends = span.starts.fill_null(_NO_START), span.ends.fill_null(_NO_END)
        earliest, latest = starts.min(), ends.max()
        if earliest is None or latest is None:
            return heads
        since, until = self._facts["since"], self._facts["until"]
        whole = (since <= earliest) & (until >= latest)
        if whole.all():
            return heads
        open_ = (~whole.gather(heads)).fill_null(value=False).arg_true()
        rows = heads.clone()
        while len(open_):
            here, at, to = rows.gather(open_), starts.gather(open_), ends.gather(open_)
            missed = (since.gather(here) > at) | (until.gather(here) < to)
            open_ = open_.filter(missed)
            rows = rows.scatter(open_, here.filter(missed) + 1)
        return rows


_NO_START, _NO_END = -(1 << 63), (1 << 63) - 1
"""Of a record that does not say when it was: only what is for all times holds for it."""
