"""Recollection: what was looked up about addresses, found again by their category numbers.

A Categorical gives every distinct text of a process one number, so a fact about an address is found by taking one
element of a column. Joins build their hash tables anew for each chunk: for 27 chunks of a million v5 records they took
0.38 s of processor time, this takes 0.19 s, and 0.08 s once the addresses are known (November 2026). What is remembered
holds the categories of its addresses, so that their numbers stay what they are.
"""

from collections.abc import Callable

import polars as pl

MAX_RECALLED = 500_000
"""Addresses remembered, some 40 bytes each; past it, all are forgotten. More: memory that a function keeps between
batches. Fewer: a busy public service's clients are looked up again and again."""
MAX_PLACES = 25_000_000
"""Places, of 4 bytes, in the tables by category number; a scope's table has one for each category of the process. Past
it, all are forgotten. More: memory where many VPCs are seen, as behind a transit gateway. Fewer: there, addresses are
looked up again and again."""


class Recollection:
    """Facts about addresses, within a scope each. Facts never change; another snapshot is another recollection."""

    def __init__(self) -> None:
        self._facts = pl.DataFrame()
        self._addresses: list[pl.Series] = []
        self._rows: dict[str, pl.Series] = {}

    def facts(self, scope: str, addresses: pl.Series, look_up: Callable[[pl.Series], pl.DataFrame]) -> pl.DataFrame:
        """A row of facts for each address, in order; null for null. `look_up` gives the facts, a row for each, of
        distinct addresses not seen before in this scope.
        """
        if len(self._facts) > MAX_RECALLED or sum(map(len, self._rows.values())) > MAX_PLACES:
            self._facts, self._addresses, self._rows = pl.DataFrame(), [], {}
        numbers = addresses.to_physical()
        rows = self._rows_of(scope, numbers)
        unseen = addresses.filter(rows.is_null()).drop_nulls().unique()
        if len(unseen) or not self._facts.width:
            self._learn(scope, unseen, look_up(unseen))
            rows = self._rows_of(scope, numbers)
        return self._facts.select(pl.all().gather(pl.lit(rows)))

    def _rows_of(self, scope: str, numbers: pl.Series) -> pl.Series:
        """The row of each address's facts, null for what is not known."""
        known = self._rows.get(scope, pl.Series(dtype=pl.UInt32))
        highest = numbers.max()
        missing = (highest if isinstance(highest, int) else 0) + 1 - len(known)
        if missing > 0:
            known = pl.concat([known, pl.repeat(None, max(missing, len(known)), dtype=pl.UInt32, eager=True)])
            self._rows[scope] = known.rechunk()
        return known.gather(numbers)

    def _learn(self, scope: str, addresses: pl.Series, facts: pl.DataFrame) -> None:
        before, numbers = len(self._facts), addresses.to_physical()
        self._facts = pl.concat([self._facts, facts]).rechunk() if self._facts.width else facts
        self._addresses.append(addresses)
        self._rows_of(scope, numbers)
        rows = pl.int_range(before, before + len(facts), dtype=pl.UInt32, eager=True)
        self._rows[scope] = self._rows[scope].scatter(numbers, rows)
