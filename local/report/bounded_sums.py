"""Sums by a key, of which those with the smallest amounts are put together where there are too many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

UNSETTLED = 4
"""Parts are added up when they have so many times the rows that are kept. More: more memory. Less: the same sums are
added up more often."""


@dataclass
class BoundedSums:
    """Sums of `amounts` by `keys`; `facts` are texts that go with a key, of which the first stays. At most `most` keys
    are kept, those with the largest sum of the first amounts named in `order`; `left_out` are the sums of the others,
    so that nothing is missing in the total.
    """

    keys: tuple[str, ...]
    amounts: tuple[str, ...]
    most: int
    facts: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    rows: pl.DataFrame = field(init=False)
    parts: list[pl.DataFrame] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.rows = pl.DataFrame(schema=self.schema)

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Columns and their types."""
        texts = dict.fromkeys((*self.keys, *self.facts), pl.String())
        return {**texts, **dict.fromkeys(self.amounts, pl.Int64())}

    def add(self, part: pl.DataFrame) -> None:
        """Adds sums; missing amounts are 0. Columns are cast to the types of `schema` later."""
        if len(part):
            self.parts.append(self._kept(self._whole(part)))
        if sum(map(len, self.parts)) > UNSETTLED * self.most:
            self.settle()

    def merge(self, other: "BoundedSums") -> None:
        """Adds the sums of another one with the same columns."""
        for name, amount in other.left_out.items():
            self._leave_out(name, amount)
        for part in (other.rows, *other.parts):
            self.add(part)

    def settle(self) -> pl.DataFrame:
        """All sums, each key once, the largest first."""
        if self.parts:
            new = self._added_up(pl.concat(self.parts, how="vertical_relaxed"))
            self.parts = []
            sums = self._added_up(pl.concat([self.rows, new])) if len(self.rows) else new
            self.rows = self._kept(sums).sort(*self._order, descending=self._descending)
        return self.rows

    @property
    def values(self) -> list[dict[str, Any]]:
        """All sums as dictionaries, the largest first."""
        return self.settle().to_dicts()

    def restore(self, rows: Sequence[Mapping[str, Any]], left_out: Mapping[str, int]) -> None:
        """Becomes what `values` and `left_out` of an earlier one were."""
        self.rows, self.left_out = pl.DataFrame(list(rows), self.schema), dict(left_out)

    @property
    def _order(self) -> tuple[str, ...]:
        return (*(self.order or self.amounts), *self.keys)

    @property
    def _descending(self) -> list[bool]:
        return [True] * len(self.order or self.amounts) + [False] * len(self.keys)

    def _added_up(self, sums: pl.DataFrame) -> pl.DataFrame:
        """The sums with each key once, with the columns of `schema`."""
        facts = [pl.col(name).drop_nulls().first() for name in self.facts]
        by_key = sums.group_by(self.keys).agg(*facts, pl.col(self.amounts).sum())
        return by_key.select(pl.col(name).cast(kind) for name, kind in self.schema.items())

    def _whole(self, part: pl.DataFrame) -> pl.DataFrame:
        """The columns of `schema` in its order."""
        absent = {name: pl.lit(None if name in self.facts else 0, kind) for name, kind in self.schema.items()}
        return part.select((pl.col(name) if name in part.columns else absent[name]).alias(name) for name in self.schema)

    def _kept(self, sums: pl.DataFrame) -> pl.DataFrame:
        """The largest sums; the others are added to `left_out`."""
        if len(sums) <= self.most:
            return sums
        kept = sums.top_k(self.most, by=[pl.col(name) for name in self.order or self.amounts])
        for name in self.amounts:
            self._leave_out(name, int(sums[name].sum()) - int(kept[name].sum()))
        return kept

    def _leave_out(self, name: str, amount: int) -> None:
        self.left_out[name] = self.left_out.get(name, 0) + amount
