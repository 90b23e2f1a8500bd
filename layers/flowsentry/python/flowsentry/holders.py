"""Holders: who had an address, or an interface, at a time; a table to look up many of them at once.

Both are keyed by a number made of two category numbers: the scope's and the address's (or interface's).
"""

from dataclasses import dataclass
from typing import Self

import polars as pl

from flowsentry.holdings import FOREVER
from flowsentry.owner_kinds import KUBERNETES_POD

BELIEVED_SECONDS = 600
"""How long after the last look at a place its owners are taken to be what they were. Longer: an address that changed
hands meanwhile is given to whom it was taken from. Shorter: records newer than the snapshot stay unnamed; they are
minutes old when they arrive, and the snapshot is some more."""
ALWAYS = (-(1 << 63), (1 << 63) - 1)
NO_KEY = (1 << 64) - 1
"""The key of what has no scope or no name: nothing has it."""

_IS_POD = (pl.col("owner_kind") == KUBERNETES_POD).fill_null(value=False)

OWNER = pl.Schema(
    dict.fromkeys(
        ("owner_kind", "owner_id", "owner_name", "owner_account_id", "owner_vpc_id", "owner_subnet_id", "owner_az_id"),
        pl.Categorical(),
    )
)
"""What is told of an owner; all null for nobody."""


@dataclass(frozen=True, slots=True)
class Holders:
    """`rows` in the order of `keys` (sorted), for one key in the order in which they are to be believed: OWNER,
    `since` and `until` (Unix s), `is_pod`, and `holding`, the row of the table of holdings.
    """

    keys: pl.Series
    rows: pl.DataFrame

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Self:
        """Of rows with `scope`, `name`, and what `rows` has. An address that two interfaces had at the same time
        belongs to neither: which of them sent is not told by it.
        """
        keyed = rows.with_columns(key("scope", "name"))
        ordered = keyed.sort("key", "is_pod", "since", "holding", descending=[False, True, True, False])
        return cls(ordered["key"], _without_disputed(ordered).drop("key", "scope", "name"))

    def held(self, keys: pl.Series) -> pl.DataFrame:
        """The rows of each key, with `asked`, the position of the key among those asked for."""
        first = self.keys.search_sorted(keys, side="left")
        after = self.keys.search_sorted(keys, side="right")
        found = pl.DataFrame({"first": first, "after": after}).with_row_index("asked").filter(first < after)
        each = found.select("asked", pl.int_ranges("first", "after", dtype=pl.UInt32).alias("row")).explode("row")
        return self.rows[each["row"]].hstack([each["asked"]])


def every(scope: str, names: pl.Series) -> pl.Series:
    """The scope, as often as there are names."""
    return pl.repeat(scope, len(names), dtype=pl.String, eager=True).cast(pl.Categorical)


def key(scope: str, name: str) -> pl.Expr:
    """The number of a scope and a name within it."""
    high, low = (pl.col(column).to_physical().cast(pl.UInt64) for column in (scope, name))
    return (high * (1 << 32) + low).fill_null(NO_KEY).alias("key")


def address_rows(holdings: pl.DataFrame, looked_at: pl.Expr) -> pl.DataFrame:
    """What Holders are made of, of the addresses in a table of holdings; `looked_at` says when a row's place was seen
    last.
    """
    held = holdings.with_row_index("holding").filter(pl.col("address").is_not_null(), pl.col("scope").is_not_null())
    next_since = pl.col("since").shift(-1).over("scope", "address", _IS_POD, order_by="since")
    until = pl.when(next_since.is_null()).then(_believed(looked_at)).otherwise("last_seen")
    return _rows(held.with_columns(until.alias("until")), name="address", since=pl.col("since"), until=pl.col("until"))


def interface_rows(holdings: pl.DataFrame, looked_at: pl.Expr) -> pl.DataFrame:
    """What Holders are made of, of the interfaces in a table of holdings. One that never changes hands is its owner's
    at any time.
    """
    held = holdings.with_row_index("holding").filter("is_primary").with_columns(pl.col("scope").alias("held_in"))
    since = pl.when("is_lasting").then(0).otherwise("since")
    until = pl.when("is_lasting").then(FOREVER).otherwise(_believed(looked_at))
    return _rows(
        held.with_columns(pl.lit(INTERFACE, pl.Categorical()).alias("scope")),
        name="interface_id",
        since=since,
        until=until,
    )


INTERFACE = "interface"
"""Stands where a scope does for the names of interfaces, which mean one interface everywhere."""


def _believed(looked_at: pl.Expr) -> pl.Expr:
    """Until when a holding lasts: what was there at the last look is believed to be there a while longer."""
    is_current = pl.col("last_seen") >= looked_at
    return pl.when(is_current).then(pl.col("last_seen") + BELIEVED_SECONDS).otherwise("last_seen")


def _rows(held: pl.DataFrame, *, name: str, since: pl.Expr, until: pl.Expr) -> pl.DataFrame:
    told = {"owner_account_id": "account_id", "owner_vpc_id": "vpc_id", "owner_subnet_id": "subnet_id"}
    told |= {"owner_az_id": "availability_zone"}
    return held.select(
        "scope",
        pl.col(name).alias("name"),
        *(pl.col(told.get(column, column)).alias(column) for column in OWNER),
        since.cast(pl.Int64).alias("since"),
        until.cast(pl.Int64).alias("until"),
        _IS_POD.alias("is_pod"),
        "interface_id",
        "holding",
    )


def _without_disputed(ordered: pl.DataFrame) -> pl.DataFrame:
    """The rows, without the owner where another interface has the same address at the same time."""
    by_time = ordered.filter(~pl.col("is_pod") & pl.col("interface_id").is_not_null()).sort("key", "since")
    later = by_time.select(
        pl.all(), pl.col("since", "interface_id", "holding").shift(-1).over("key").name.prefix("next_")
    )
    clashes = later.filter(
        pl.col("next_since") <= pl.col("until"), pl.col("next_interface_id") != pl.col("interface_id")
    )
    if clashes.is_empty():
        return ordered.drop("interface_id")
    disputed = pl.concat([clashes["holding"], clashes["next_holding"]]).unique()
    is_disputed = pl.col("holding").is_in(disputed.implode())
    nobody = [pl.when(~is_disputed).then(pl.col(name)).alias(name) for name in OWNER]
    return ordered.with_columns(nobody).drop("interface_id")
