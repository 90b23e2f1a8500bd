"""Address assignments: which owner had which address of which interface, from when to when, as discoveries found it.

An assignment covers only what was discovered. Between the last discovery of one owner of an address and the first of
the next, the address is unowned: it may have been free, or assigned to a third owner.
"""

from collections.abc import Iterable

import polars as pl

FOREVER = 1 << 62
"""A Unix second later than any other."""
MAX_ASSIGNMENTS = 1_000_000
"""Rows of a snapshot, about 30 bytes each as stored and 100 in memory. Higher: a processor takes longer to start.
Lower: in a very large account, late records find fewer owners. Assignments that ended first are dropped first."""

ASSIGNMENTS = pl.Schema(
    {
        **dict.fromkeys(("target", "scope", "address", "interface_id", "account_id", "vpc_id"), pl.Categorical()),
        **dict.fromkeys(("subnet_id", "availability_zone", "owner_kind", "owner_id", "owner_name"), pl.Categorical()),
        "security_groups": pl.Categorical(),
        **dict.fromkeys(("is_primary", "has_fixed_owner"), pl.Boolean()),
        **dict.fromkeys(("since", "last_seen"), pl.Int64()),
    }
)
"""One row for each address of an interface and each of its owners. `scope` is the VPC id, or `public`; `address` is
null for an interface without addresses, `interface_id` for an address without an interface. `security_groups` are ids
separated by spaces. `has_fixed_owner`: the interface keeps this owner until it is deleted. `since` (first known) and
`last_seen` are Unix seconds.
"""

IDENTITY = ("target", "scope", "address", "interface_id", "owner_kind", "owner_id")
"""Columns that identify an assignment across discoveries. Names, security groups and other columns may change; the
newest values are kept."""


def assignments(rows: Iterable[tuple[object, ...]] = ()) -> pl.DataFrame:
    """The rows as an assignments table."""
    return pl.DataFrame(list(rows), ASSIGNMENTS, orient="row")


def merged(before: pl.DataFrame, discovered: pl.DataFrame, previous_discovery: int) -> pl.DataFrame:
    """The assignments before, with those discovered now. An assignment that the target's previous discovery
    (`previous_discovery`, Unix seconds) or a later one found continues; one that it did not find begins anew; one that
    is not discovered now stays unchanged.
    """
    continued = before.filter(pl.col("last_seen") >= previous_discovery).unique(
        IDENTITY, keep="last", maintain_order=True
    )
    known = discovered.unique(IDENTITY, keep="first", maintain_order=True).join(
        continued.select(*IDENTITY, pl.col("since").alias("known_since")),
        on=IDENTITY,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    now = known.with_columns(pl.min_horizontal("since", "known_since").alias("since")).drop("known_since")
    others = before.join(
        continued.join(now, on=IDENTITY, how="semi", nulls_equal=True),
        on=[*IDENTITY, "since"],
        how="anti",
        nulls_equal=True,
    )
    return pl.concat([others, now])


def retained(rows: pl.DataFrame, seen_after: int) -> pl.DataFrame:
    """The assignments seen at this Unix second or later, at most MAX_ASSIGNMENTS, the latest seen first; equal rows
    give an equal order.
    """
    recent = rows.filter(pl.col("last_seen") >= seen_after)
    order = [pl.col(name).cast(pl.String) for name in IDENTITY]
    return recent.sort(
        pl.col("last_seen"), pl.col("since"), *order, descending=[True, True, *[False] * len(order)]
    ).head(MAX_ASSIGNMENTS)
