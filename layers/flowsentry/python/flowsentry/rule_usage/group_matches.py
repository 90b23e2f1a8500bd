"""Classes x rules of security groups -> which rules allowed each class, for certain or possibly.

All rules of all groups of an interface are one set, which can only allow: a record counts for each rule that would
allow it. Groups are stateful, so a reply counts for the rule that allowed the request.
https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

import polars as pl

from flowsentry.rule_usage.openers import BY_FLAGS, GUESSED, UNKNOWN
from flowsentry.rule_usage.rule_table import RuleTable

CLASSES_AT_ONCE = 20_000
"""Classes that are compared with rules together. More: more memory, since each is joined with some hundred rules.
Fewer: more time."""
MATCH = pl.Schema({"class": pl.UInt32(), "rule": pl.UInt32(), "is_certain": pl.Boolean(), "is_alone": pl.Boolean()})
"""Which rule allowed which class. `is_certain`: it would allow it; not so where the record can't tell. `is_alone`: no
other rule would, so that without this one it would have been refused."""


def group_matches(classes: pl.DataFrame, table: RuleTable) -> pl.DataFrame:
    """The rows of MATCH of classes with `class`, their number.

    Where nothing shows which end opened the connection, the rules of the other direction are possible as well. What
    was accepted was allowed by some rule: the other end opened it where only rules of the other direction match, or
    where one of these names its port while those of the guessed direction are for all ports; and a rule that is the
    only possible one is certain.
    """
    parts = [_matches(part, table) for part in classes.iter_slices(CLASSES_AT_ONCE)]
    return pl.concat([pl.DataFrame(schema=MATCH), *parts])


def _matches(classes: pl.DataFrame, table: RuleTable) -> pl.DataFrame:
    candidates = _candidates(_opened_by_either(classes), table)
    chosen = _of_likelier_opener(candidates)
    best = chosen.group_by("class", "rule").agg(pl.col("is_exact").max())
    certain = pl.col("is_exact").sum().over("class")
    is_certain = pl.col("is_exact") | ((certain == 0) & (pl.len().over("class") == 1))
    judged = best.select("class", "rule", is_certain.alias("is_certain"))
    is_alone = pl.col("is_certain") & (pl.col("is_certain").sum().over("class") == 1)
    return judged.with_columns(is_alone.alias("is_alone"))


def _opened_by_either(classes: pl.DataFrame) -> pl.DataFrame:
    """The classes as requests: as opened by the likelier end, and by the other one unless flags decide."""
    likelier = _as_request(classes, pl.col("is_reply")).with_columns(pl.lit(value=False).alias("is_other"))
    open_ = classes.filter(pl.col("sureness") < BY_FLAGS)
    other = _as_request(open_, ~pl.col("is_reply")).with_columns(pl.lit(value=True).alias("is_other"))
    return pl.concat([likelier, other])


def _as_request(classes: pl.DataFrame, is_reply: pl.Expr) -> pl.DataFrame:
    return classes.select(
        "class",
        "sureness",
        "protocol",
        (pl.col("is_egress") != is_reply).alias("is_egress"),
        pl.when(is_reply).then("from_port").otherwise("to_port").alias("port"),
        pl.col("near_groups").cast(pl.String).str.split(" ").alias("group_id"),
        "far_range",
        pl.col("far_groups").cast(pl.String).str.split(" "),
        "far_may_be_member",
    )


def _candidates(requests: pl.DataFrame, table: RuleTable) -> pl.DataFrame:
    """The requests with each rule that matches or may match; `is_exact`: it matches."""
    joined = requests.explode("group_id").join(table.group_rules, on=["group_id", "is_egress"])
    has_protocol = (pl.col("of_protocol") == -1) | (pl.col("of_protocol") == pl.col("protocol"))
    has_port = pl.col("port").is_between("first_port", "last_port")
    has_address = pl.col("far_range").is_between("first_range", "last_range")
    names_group = pl.col("peer_group_id").is_not_null()
    is_member = pl.col("far_groups").list.contains(pl.col("peer_group_id")).fill_null(value=False)
    matched = joined.filter(
        has_protocol & has_port & has_address & (~names_group | is_member | pl.col("far_may_be_member"))
    )
    is_exact = pl.col("is_exact") & (~names_group | is_member)
    return matched.select("class", "rule", "sureness", "is_other", "is_narrow", is_exact.alias("is_exact"))


def _of_likelier_opener(candidates: pl.DataFrame) -> pl.DataFrame:
    """The candidates of the end that opened. Where that is a guess, those of the other end as well, as possible ones;
    where nothing is known, those of both ends are possible, unless only one end has any.
    """
    is_other, sureness = pl.col("is_other"), pl.col("sureness")
    is_narrow = pl.col("is_narrow") & pl.col("is_exact")
    has_any, other_has_any = (~is_other).any().over("class"), is_other.any().over("class")
    has_narrow, other_narrow = ((is_narrow & end).any().over("class") for end in (~is_other, is_other))
    is_opened_by_other = ~has_any | ((sureness == GUESSED) & other_narrow & ~has_narrow)
    kept = candidates.with_columns(
        (is_other == is_opened_by_other).alias("is_chosen"),
        ((sureness == UNKNOWN) & has_any & other_has_any).alias("is_unknown"),
    ).filter(pl.col("is_chosen") | (sureness <= GUESSED))
    is_exact = pl.col("is_exact") & pl.col("is_chosen") & ~pl.col("is_unknown")
    return kept.with_columns(is_exact.alias("is_exact"))
