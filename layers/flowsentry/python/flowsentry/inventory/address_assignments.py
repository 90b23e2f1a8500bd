"""Holdings: who was seen to have which address of which interface, from when to when; how looks add up to them.

A holding is not more than what was seen. Between the last sight of one holder of an address and the first of the next,
it belongs to nobody: it may have been free, or a third one's.
"""

from collections.abc import Iterable

import polars as pl

FOREVER = 1 << 62
"""A Unix second after all others."""
MAX_ASSIGNMENTS = 1_000_000
"""Rows of a snapshot, some 30 bytes each as it is stored and 100 in memory. More: a processor takes longer to start.
Fewer: in a very large account late records find fewer of the owners they had. Those that vanished first go first."""

ASSIGNMENTS = pl.Schema(
    {
        **dict.fromkeys(("target", "scope", "address", "interface_id", "account_id", "vpc_id"), pl.Categorical()),
        **dict.fromkeys(("subnet_id", "availability_zone", "owner_kind", "owner_id", "owner_name"), pl.Categorical()),
        "security_groups": pl.Categorical(),
        **dict.fromkeys(("is_primary", "is_lasting"), pl.Boolean()),
        **dict.fromkeys(("since", "last_seen"), pl.Int64()),
    }
)
"""A row for each address of an interface and whom it belonged to. `scope` is the VPC, or `public`; `address` is
null for an interface without any, `interface_id` for an address without one. `security_groups` are ids with spaces.
`is_lasting`: the interface belongs to this owner for life. Since when it is known, and when it was last seen, are Unix
seconds."""

IDENTITY = ("target", "scope", "address", "interface_id", "owner_kind", "owner_id")
"""What makes two sights the same holding. Names, groups and the rest may change meanwhile: the newest are kept."""


def assignments(rows: Iterable[tuple[object, ...]] = ()) -> pl.DataFrame:
    """The rows as a table of holdings."""
    return pl.DataFrame(list(rows), ASSIGNMENTS, orient="row")


def continued(before: pl.DataFrame, seen: pl.DataFrame, looked_at: int) -> pl.DataFrame:
    """The holdings of before with those seen now: what was there at the last look of its place (`looked_at`, Unix
    seconds) or after goes on; what was away at that look begins anew; what is not seen now stays as it was.
    """
    went_on = before.filter(pl.col("last_seen") >= looked_at).unique(IDENTITY, keep="last", maintain_order=True)
    known = seen.unique(IDENTITY, keep="first", maintain_order=True).join(
        went_on.select(*IDENTITY, pl.col("since").alias("known_since")),
        on=IDENTITY,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    now = known.with_columns(pl.min_horizontal("since", "known_since").alias("since")).drop("known_since")
    rest = before.join(
        went_on.join(now, on=IDENTITY, how="semi", nulls_equal=True),
        on=[*IDENTITY, "since"],
        how="anti",
        nulls_equal=True,
    )
    return pl.concat([rest, now])


def kept(rows: pl.DataFrame, seen_after: int) -> pl.DataFrame:
    """The holdings seen at this Unix second or later, at most MAX_HOLDINGS, those seen last first; in one order for
    the same rows.
    """
    recent = rows.filter(pl.col("last_seen") >= seen_after)
    order = [pl.col(name).cast(pl.String) for name in IDENTITY]
    return recent.sort(
        pl.col("last_seen"), pl.col("since"), *order, descending=[True, True, *[False] * len(order)]
    ).head(MAX_ASSIGNMENTS)
