"""Classes x entries of network ACLs -> which entry decided on each class.

Entries are evaluated in the order of their numbers, and the first that matches decides. ACLs are stateless: both
directions of a connection are judged as they are.
https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
"""

import polars as pl

from flowsentry.rule_usage.group_matches import CLASSES_AT_ONCE, MATCH
from flowsentry.rule_usage.rule_table import RuleTable


def acl_matches(classes: pl.DataFrame, table: RuleTable) -> pl.DataFrame:
    """The rows of MATCH of classes with `class`, their number. An accepted class counts for the entry that allows it, a
    rejected one for the entry that denies it. `is_alone`: without the entry, the next one would decide otherwise.

    An entry for one ICMP type may be passed over, since no record has the type: it is possible, and the first entry for
    all types is certain. An entry that decides otherwise than the record says was changed since.
    """
    parts = [_matches(part, table) for part in classes.iter_slices(CLASSES_AT_ONCE)]
    return pl.concat([pl.DataFrame(schema=MATCH), *parts])


def _matches(classes: pl.DataFrame, table: RuleTable) -> pl.DataFrame:
    matching = _matching(classes, table).sort("class", "number")
    exact = matching.filter("is_exact")
    first = exact.group_by("class", maintain_order=True).agg(
        pl.col("number").first().alias("decisive"), pl.col("allows").get(1, null_on_oob=True).alias("next_allows")
    )
    joined = matching.join(first, on="class", how="left")
    reached = joined.filter(pl.col("decisive").is_null() | (pl.col("number") <= pl.col("decisive")))
    agreeing = reached.filter(pl.col("allows") != pl.col("is_rejected"))
    is_certain = pl.col("is_exact") | (pl.len().over("class") == 1)
    would_differ = pl.col("next_allows").fill_null(value=False) != pl.col("allows")
    return agreeing.with_columns(is_certain.alias("is_certain")).select(
        "class", "rule", "is_certain", (pl.col("is_certain") & would_differ).alias("is_alone")
    )


def _matching(classes: pl.DataFrame, table: RuleTable) -> pl.DataFrame:
    """The classes that pass an ACL with each entry that matches, or may: those for one type of ICMP."""
    passing = classes.filter(pl.col("acl_id").is_not_null()).select(
        *("class", "protocol", "is_egress", "is_rejected", "to_port", "far_range"), pl.col("acl_id").cast(pl.String)
    )
    entries = passing.join(table.acl_entries, on=["acl_id", "is_egress"])
    return entries.filter(
        (pl.col("of_protocol") == -1) | (pl.col("of_protocol") == pl.col("protocol")),
        pl.col("to_port").is_between("first_port", "last_port"),
        pl.col("far_range").is_between("first_range", "last_range"),
    ).select("class", "rule", "number", "allows", "is_exact", "is_rejected")
