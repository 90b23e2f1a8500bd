"""Holders: who had an address, or an interface, at a time; a table to look up many of them at once.

Both are keyed by a number made of two category numbers: the scope's and the address's (or interface's).
"""

from dataclasses import dataclass
from typing import Self

import polars as pl

from flowsentry.inventory.address_assignments import FOREVER
from flowsentry.inventory.owner_kinds import KUBERNETES_POD

BELIEVED_SECONDS = 600
"""How long after the last look at a place its owners are taken to be what they were. Longer: an address that changed
hands meanwhile is given to whom it was taken from. Shorter: records newer than the snapshot stay unnamed; they are
minutes old when they arrive, and the snapshot is some more."""
HOSTS_OF_PODS = ("instance", "eks node", "eks pod")
"""Kinds of owner whose interfaces have addresses of pods."""
ALWAYS = (-(1 << 63), (1 << 63) - 1)
NO_KEY = (1 << 64) - 1
"""The key of what has no scope or no name: nothing has it."""

OWNER = pl.Schema(
    dict.fromkeys(
        ("owner_kind", "owner_id", "owner_name", "owner_account_id", "owner_vpc_id", "owner_subnet_id", "owner_az_id"),
        pl.Categorical(),
    )
)
"""What is told of an owner; all null for nobody."""


@dataclass(frozen=True, slots=True)
class AssignmentIndex:
    """`rows` in the order of `keys` (sorted), for one key in the order in which they are to be believed: OWNER,
    `since` and `until` (Unix s), `is_pod`, and `holding`, the row of the table of holdings.
    """

    keys: pl.Series
    rows: pl.DataFrame

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Self:
        """Of rows with `scope`, `name`, `interface_id`, and what `rows` has; `believed` is until when an owner is
        believed in whom nobody is known to have followed.
        """
        keyed = rows.with_columns(key("scope", "name")).drop("scope", "name")
        ordered = keyed.sort("key", "is_pod", "since", "holding", descending=[False, True, True, False])
        return cls(ordered["key"], _without_disputed(_until_followed(ordered)).drop("key", "interface_id"))

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


def address_rows(assignments: pl.DataFrame, looked_at: pl.Expr) -> pl.DataFrame:
    """What Holders are made of, of the addresses in a table of holdings; `looked_at` says when a row's place was seen
    last.
    """
    held = assignments.with_row_index("holding").filter(pl.col("address").is_not_null())
    return _without_false_pods(_rows(held, looked_at, scope=pl.col("scope"), name="address"))


def _without_false_pods(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, without pods that claim the address of something that has none: whoever may write to a cluster's API
    could give a database another name.
    """
    if not rows["is_pod"].any():
        return rows
    others = rows.filter(~pl.col("is_pod") & ~pl.col("owner_kind").is_in(HOSTS_OF_PODS))
    is_false = pl.struct("scope", "name").is_in(others.select(pl.struct("scope", "name").implode()).to_series())
    return rows.filter(~(pl.col("is_pod") & is_false))


def interface_rows(assignments: pl.DataFrame, looked_at: pl.Expr) -> pl.DataFrame:
    """What Holders are made of, of the interfaces in a table of holdings. One that never changes hands is its owner's
    at any time.
    """
    held = assignments.with_row_index("holding").filter("is_primary")
    rows = _rows(held, looked_at, scope=pl.lit(INTERFACE, pl.Categorical()), name="interface_id")
    is_lasting = held["is_lasting"]
    return rows.with_columns(
        pl.when(is_lasting).then(0).otherwise("since").alias("since"),
        *(pl.when(is_lasting).then(FOREVER).otherwise(until).alias(until) for until in ("until", "believed")),
    )


INTERFACE = "interface"
"""Stands where a scope does for the names of interfaces, which mean one interface everywhere."""


def _rows(held: pl.DataFrame, looked_at: pl.Expr, *, scope: pl.Expr, name: str) -> pl.DataFrame:
    told = {"owner_account_id": "account_id", "owner_vpc_id": "vpc_id", "owner_subnet_id": "subnet_id"}
    told |= {"owner_az_id": "availability_zone"}
    is_current = pl.col("last_seen") >= looked_at
    return held.select(
        scope.alias("scope"),
        pl.col(name).alias("name"),
        *(pl.col(told.get(column, column)).alias(column) for column in OWNER),
        "since",
        pl.col("last_seen").alias("until"),
        pl.when(is_current).then(pl.col("last_seen") + BELIEVED_SECONDS).otherwise("last_seen").alias("believed"),
        (pl.col("owner_kind") == KUBERNETES_POD).fill_null(value=False).alias("is_pod"),
        "interface_id",
        "holding",
    )


def _until_followed(ordered: pl.DataFrame) -> pl.DataFrame:
    """The rows, each until it was seen last, but those that nobody followed until they are no longer believed."""
    is_followed = _is_same("key") & _is_same("is_pod")
    until = pl.when(is_followed.fill_null(value=False)).then("until").otherwise("believed")
    return ordered.with_columns(until.alias("until")).drop("believed")


def _without_disputed(ordered: pl.DataFrame) -> pl.DataFrame:
    """The rows, without the owner where two interfaces have the same address at the same time: which of them sent is
    not told by it.
    """
    is_by_interface = ~pl.col("is_pod") & pl.col("interface_id").is_not_null()
    followed_early = pl.col("since").shift() <= pl.col("until")
    by_another = pl.col("interface_id").shift() != pl.col("interface_id")
    clash = _is_same("key") & is_by_interface & is_by_interface.shift() & followed_early & by_another
    clashes = ordered.select(clash.fill_null(value=False)).to_series()
    if not clashes.any():
        return ordered
    disputed = clashes | clashes.shift(-1, fill_value=False)
    return ordered.with_columns(pl.when(~disputed).then(pl.col(name)).alias(name) for name in OWNER)


def _is_same(column: str) -> pl.Expr:
    """Whether the row before, which is the one that followed in time, has the same."""
    return pl.col(column).shift() == pl.col(column)
