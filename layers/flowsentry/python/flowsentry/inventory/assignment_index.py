"""Index of assignments: finds who had an address or an interface at a time, for many of them at once.

Keys are numbers made of two category numbers: that of the scope and that of the address (or interface).
"""

from functools import cache, lru_cache
from typing import Self

import polars as pl

from flowsentry.inventory.address_assignments import FOREVER
from flowsentry.inventory.geoip import NoGeography
from flowsentry.inventory.owner_kinds import KUBERNETES_POD
from flowsentry.records.lookup_cache import rows_by_category
from flowsentry.value import Value

TRUSTED_SECONDS = 600
"""How long after the latest discovery of a target its assignments are assumed unchanged. Higher: an address that was
reassigned meanwhile is attributed to its former owner. Lower: records newer than the snapshot have no owner; records
are minutes old when they arrive, and the snapshot is older by some minutes."""
HOSTS_OF_PODS = ("instance", "eks node", "eks pod")
"""Owner kinds whose interfaces carry pod addresses."""
ALWAYS = (-(1 << 63), (1 << 63) - 1)
NO_KEY = (1 << 64) - 1
"""The key of an address or interface whose scope or name is null: no assignment has it."""

OWNER = pl.Schema(
    dict.fromkeys(
        ("owner_kind", "owner_id", "owner_name", "owner_account_id", "owner_vpc_id", "owner_subnet_id", "owner_az_id"),
        pl.Categorical(),
    )
)
"""Columns that describe an owner; all null when unowned."""


class AssignmentIndex(Value, frozen=True):
    """`rows` in the order of `keys` (sorted); for one key, in order of precedence. Columns: OWNER, `since` and `until`
    (Unix seconds), `is_pod`, and `assignment`, the row of the assignments table.
    """

    keys: pl.Series
    rows: pl.DataFrame

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Self:
        """The index of rows with `scope`, `name`, `interface_id` and the columns of `rows`; `valid_until` ends an
        assignment without a known successor.
        """
        keyed = rows.with_columns(key("scope", "name")).drop("scope", "name")
        ordered = keyed.sort("key", "is_pod", "since", "assignment", descending=[False, True, True, False])
        return cls(ordered["key"], _without_disputed(_until_succeeded(ordered)).drop("key", "interface_id"))

    def assigned(self, keys: pl.Series) -> pl.DataFrame:
        """The rows of each key, with `position`, the index of the key in `keys`."""
        first = self.keys.search_sorted(keys, side="left")
        after = self.keys.search_sorted(keys, side="right")
        if not (first < after).any():
            return self.rows.clear().with_row_index("position")
        found = pl.DataFrame({"first": first, "after": after}).with_row_index("position").filter(first < after)
        each = found.select("position", pl.int_ranges("first", "after", dtype=pl.UInt32).alias("row")).explode("row")
        return self.rows[each["row"]].hstack([each["position"]])


def constant(name: str, value: object, dtype: pl.DataType, rows: int) -> pl.Series:
    """A column with one value. A plan, as `pl.repeat` makes, would take ten times as long for few rows."""
    return _single(name, value, dtype).new_from_index(0, rows)


@lru_cache(maxsize=256)
def _single(name: str, value: object, dtype: pl.DataType) -> pl.Series:
    return pl.Series(name, [value], dtype)


def repeated(scope: str, names: pl.Series) -> pl.Series:
    """The scope, repeated once for each name."""
    return constant("scope", scope, pl.Categorical(), len(names))


@cache
def key(scope: str, name: str) -> pl.Expr:
    """The key of a scope and a name within it."""
    high, low = (pl.col(column).to_physical().cast(pl.UInt64) for column in (scope, name))
    return (high * (1 << 32) + low).fill_null(NO_KEY).alias("key")


def address_rows(assignments: pl.DataFrame, discovered_at: pl.Expr) -> pl.DataFrame:
    """The rows of the address index; `discovered_at` is the Unix second of the latest discovery of a row's target."""
    assigned = assignments.with_row_index("assignment").filter(pl.col("address").is_not_null())
    return _without_false_pods(_rows(assigned, discovered_at, scope=pl.col("scope"), name="address"))


def _without_false_pods(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without pods that claim the address of an owner that runs no pods: anyone who can write to a cluster's
    API could otherwise rename a database.
    """
    if not rows["is_pod"].any():
        return rows
    others = rows.filter(~pl.col("is_pod") & ~pl.col("owner_kind").is_in(HOSTS_OF_PODS))
    is_false = pl.struct("scope", "name").is_in(others.select(pl.struct("scope", "name").implode()).to_series())
    return rows.filter(~(pl.col("is_pod") & is_false))


def interface_rows(assignments: pl.DataFrame, discovered_at: pl.Expr) -> pl.DataFrame:
    """The rows of the interface index. An interface with a fixed owner has it at any time."""
    assigned = assignments.with_row_index("assignment").filter("is_primary")
    rows = _rows(assigned, discovered_at, scope=pl.lit(INTERFACE, pl.Categorical()), name="interface_id")
    has_fixed_owner = assigned["has_fixed_owner"]
    return rows.with_columns(
        pl.when(has_fixed_owner).then(0).otherwise("since").alias("since"),
        *(pl.when(has_fixed_owner).then(FOREVER).otherwise(until).alias(until) for until in ("until", "valid_until")),
    )


INTERFACE = "interface"
"""The scope of interface ids, which are unique everywhere."""


def _rows(assigned: pl.DataFrame, discovered_at: pl.Expr, *, scope: pl.Expr, name: str) -> pl.DataFrame:
    source = {"owner_account_id": "account_id", "owner_vpc_id": "vpc_id", "owner_subnet_id": "subnet_id"}
    source |= {"owner_az_id": "availability_zone"}
    is_current = pl.col("last_seen") >= discovered_at
    return assigned.select(
        scope.alias("scope"),
        pl.col(name).alias("name"),
        *(pl.col(source.get(column, column)).alias(column) for column in OWNER),
        "since",
        pl.col("last_seen").alias("until"),
        pl.when(is_current).then(pl.col("last_seen") + TRUSTED_SECONDS).otherwise("last_seen").alias("valid_until"),
        (pl.col("owner_kind") == KUBERNETES_POD).fill_null(value=False).alias("is_pod"),
        "interface_id",
        "assignment",
    )


def _until_succeeded(ordered: pl.DataFrame) -> pl.DataFrame:
    """The rows; those without a successor last until `valid_until` instead of when they were last seen."""
    is_succeeded = _is_same("key") & _is_same("is_pod")
    until = pl.when(is_succeeded.fill_null(value=False)).then("until").otherwise("valid_until")
    return ordered.with_columns(until.alias("until")).drop("valid_until")


def _without_disputed(ordered: pl.DataFrame) -> pl.DataFrame:
    """The rows; without an owner if two interfaces have the same address at the same time, since the address does not
    identify one of them.
    """
    is_by_interface = ~pl.col("is_pod") & pl.col("interface_id").is_not_null()
    begins_before_end = pl.col("since").shift() <= pl.col("until")
    by_another = pl.col("interface_id").shift() != pl.col("interface_id")
    clash = _is_same("key") & is_by_interface & is_by_interface.shift() & begins_before_end & by_another
    clashes = ordered.select(clash.fill_null(value=False)).to_series()
    if not clashes.any():
        return ordered
    disputed = clashes | clashes.shift(-1, fill_value=False)
    return ordered.with_columns(pl.when(~disputed).then(pl.col(name)).alias(name) for name in OWNER)


@cache
def _is_same(column: str) -> pl.Expr:
    """Whether the row before, which is the successor in time, has the same value."""
    return pl.col(column).shift() == pl.col(column)


def in_order(assigned: pl.DataFrame, names: int) -> pl.DataFrame:
    """The assigned rows of each name, those of its first scope first; `position` becomes the index of the name."""
    if assigned.is_empty():
        return assigned
    candidate, position = pl.col("position") // names, pl.col("position") % names
    ordered = assigned.with_columns(position, candidate.alias("candidate"))
    return ordered.sort("position", "candidate", maintain_order=True).drop("candidate")


def in_time(facts: pl.DataFrame) -> pl.DataFrame:
    """The rows of facts that hold at the Unix second `at`."""
    return facts.filter(pl.col("since") <= pl.col("at"), pl.col("until") >= pl.col("at"))


def owned(facts: pl.DataFrame) -> list[int | None]:
    """The assignment of each row of facts; None where it has no owner or several claim it."""
    pairs = zip(facts["owner_kind"], facts["assignment"], strict=True)
    return [None if owner_kind is None else assignment for owner_kind, assignment in pairs]


_UNOWNED = pl.DataFrame(
    {"since": [ALWAYS[0]], "until": [ALWAYS[1]], "is_pod": [False], "is_assigned": [False], "is_public": [False]},
).with_columns(
    *(pl.lit(None, kind).alias(name) for name, kind in OWNER.items()), pl.lit(None, pl.UInt32).alias("assignment")
)
"""The row of a name without owner, for all times."""


def with_unowned_times(assigned: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """The assigned rows, followed for each name by an unowned row for all times, all with the name's timeless facts."""
    names = len(about)
    positions = pl.int_range(names, dtype=pl.UInt32, eager=True).alias("position")
    unowned = _UNOWNED[constant("row", 0, pl.UInt32(), names)].hstack([positions])
    if assigned.is_empty():
        return unowned.hstack(about)
    flags = {"is_assigned": True, "is_public": False}
    owned = assigned.hstack([constant(name, flag, pl.Boolean(), len(assigned)) for name, flag in flags.items()])
    rows = pl.concat([owned[unowned.columns], unowned]).sort("position", maintain_order=True)
    facts = rows.hstack(about[rows["position"]])
    is_inside, is_assigned = pl.col("is_inside"), pl.col("is_assigned")
    return facts.with_columns(is_inside | is_assigned, (is_assigned & ~is_inside).alias("is_public"))


def timeless_interface_facts(interface_ids: pl.Series) -> pl.DataFrame:
    """The timeless facts of interfaces, which are inside."""
    rows = len(interface_ids)
    known = [constant("is_inside", True, pl.Boolean(), rows), constant("is_ipv6", False, pl.Boolean(), rows)]  # noqa: FBT003 - values
    return pl.DataFrame(known).hstack(NoGeography().facts(interface_ids))


class KnownInterfaces(Value, frozen=True):
    """The VPC and the primary address of each interface. `rows` has `interface_id`, `interface_vpc_id` and
    `interface_address`; `row_by_category` is the row of an interface by the category number of its id. A join would
    rebuild its hash table of all interfaces for each chunk.
    """

    rows: pl.DataFrame
    row_by_category: pl.Series

    @classmethod
    def of(cls, assignments: pl.DataFrame) -> Self:
        primary = assignments.filter("is_primary").unique("interface_id", keep="last", maintain_order=True)
        rows = primary.select(
            "interface_id", pl.col("vpc_id").alias("interface_vpc_id"), pl.col("address").alias("interface_address")
        )
        return cls(rows, rows_by_category(rows["interface_id"]))

    def vpcs_and_addresses(self, interface_ids: pl.Series) -> pl.DataFrame:
        """The VPC and primary address of each interface, in order; null for unknown interfaces."""
        rows = self._rows(interface_ids)
        return self.rows[["interface_vpc_id", "interface_address"]][rows]

    def unknown(self, interface_ids: pl.Series) -> pl.Series:
        """The distinct interfaces, among these, that the inventory does not have."""
        rows = self._rows(interface_ids)
        return (
            interface_ids.filter(rows.is_null()).unique().drop_nulls() if rows.null_count() else interface_ids.clear()
        )

    def _rows(self, interface_ids: pl.Series) -> pl.Series:
        """The row of each interface; null for unknown ones."""
        numbers = interface_ids.to_physical()
        highest = numbers.max()
        if isinstance(highest, int) and highest >= len(self.row_by_category):
            numbers = numbers.set(numbers >= len(self.row_by_category), None)
        return self.row_by_category[numbers]
