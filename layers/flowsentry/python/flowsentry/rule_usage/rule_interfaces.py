"""How many interfaces have each rule, how many of them a flow log records, and how many were seen."""

import polars as pl

from flowsentry.inventory.inventory import Inventory
from flowsentry.rule_usage.rule_table import RuleTable

ACCEPTED_TRAFFIC = ("ALL", "ACCEPT")
"""Traffic types of flow logs that record accepted traffic.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html"""


def with_interfaces(table: RuleTable, inventory: Inventory, seen: pl.Series) -> pl.DataFrame:
    """The rules of the table with `interfaces`, `interfaces_logged` and `interfaces_seen`. `seen` are the ids of
    interfaces that had accepted records; an interface that is gone counts if it was seen.
    """
    has_flow_logs = any(state.flow_logs is not None for state in inventory.target_states.values())
    known = _interfaces(inventory, seen)
    by_group = known.with_columns(pl.col("security_groups").str.split(" ").alias("resource_id")).explode("resource_id")
    by_acl = known.join(table.acl_of_subnet, on="subnet_id").rename({"acl_id": "resource_id"})
    counts = [
        pl.len().cast(pl.Int64).alias("interfaces"),
        pl.col("is_logged").sum().cast(pl.Int64).alias("interfaces_logged"),
        pl.col("is_seen").sum().cast(pl.Int64).alias("interfaces_seen"),
    ]
    totals = (
        pl.concat([each.select("resource_id", "is_logged", "is_seen") for each in (by_group, by_acl)])
        .group_by("resource_id")
        .agg(counts)
    )
    rules = table.described.join(totals, on="resource_id", how="left", maintain_order="left")
    names = ("interfaces", "interfaces_logged", "interfaces_seen")
    counted = rules.with_columns(pl.col(names).fill_null(0))
    return counted if has_flow_logs else counted.with_columns(pl.lit(None, pl.Int64).alias("interfaces_logged"))


def _interfaces(inventory: Inventory, seen: pl.Series) -> pl.DataFrame:
    """The interfaces that exist, or were seen."""
    discovered = {target: state.taken_at for target, state in inventory.target_states.items()}
    at = pl.col("target").cast(pl.String).replace_strict(discovered, default=0, return_dtype=pl.Int64)
    newest = (
        inventory.assignments.filter("is_primary")
        .sort("last_seen", maintain_order=True)
        .unique("interface_id", keep="last", maintain_order=True)
    )
    is_seen = pl.col("interface_id").is_in(seen.unique().implode())
    recorded = [each.resource_id for each in inventory.flow_logs.values() if each.traffic_type in ACCEPTED_TRAFFIC]
    ids = [pl.col(name).cast(pl.String) for name in ("interface_id", "subnet_id", "vpc_id")]
    is_logged = pl.any_horizontal(*(each.is_in(recorded) for each in ids))
    return newest.filter((pl.col("last_seen") >= at) | is_seen).select(
        pl.col("security_groups", "subnet_id").cast(pl.String), is_seen.alias("is_seen"), is_logged.alias("is_logged")
    )
