"""Measurements → EMF lines: traffic metrics per minute and VPC, stamped with the minute of the records."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from flowsentry.frames import Measurements
from flowsentry.metric_names import TRAFFIC_METRICS, TrafficMetric

MAX_VPCS = 50
"""VPCs of one batch with metrics of their own, those with most flows; the rest is summed up as `other`. More: each VPC
costs six custom metrics. Fewer: accounts with many VPCs see less of each."""
OTHER = "other"
MAX_AGE_SECONDS = 14 * 86_400
MAX_LEAD_SECONDS = 2 * 3_600
"""CloudWatch refuses older and newer ones.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html"""

COLUMNS: dict[TrafficMetric, str] = {
    "Flows": "flows",
    "Bytes": "bytes",
    "Packets": "packets",
    "RejectedFlows": "rejected_flows",
    "RejectedInboundFlows": "rejected_inbound_flows",
    "RejectedOutboundFlows": "rejected_outbound_flows",
}


@dataclass(frozen=True, slots=True)
class TrafficLines:
    """Lines to print, in order of time, and the number of measured minutes that CloudWatch would refuse."""

    lines: tuple[str, ...]
    too_old: int
    too_new: int


def emf(measurements: Measurements, namespace: str, now: int) -> TrafficLines:
    """One line of JSON for each minute and VPC, as CloudWatch turns into metrics when it is printed.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    rows = measurements.with_columns(pl.col("scope").cast(pl.String).fill_null("unknown"))
    too_old = pl.col("minute") < now - MAX_AGE_SECONDS
    too_new = pl.col("minute") > now + MAX_LEAD_SECONDS
    timely = _rolled_up(rows.filter(~too_old & ~too_new))
    directive = _directive(namespace)
    return TrafficLines(
        tuple(_line(row, directive) for row in timely.iter_rows(named=True)),
        rows.filter(too_old).height,
        rows.filter(too_new).height,
    )


def _rolled_up(rows: pl.DataFrame) -> pl.DataFrame:
    """The same sums, with all but the MAX_VPCS busiest VPCs as one."""
    busiest = rows.group_by("scope").agg(pl.col("flows").sum()).sort("flows", "scope", descending=[True, False])
    kept = busiest["scope"].head(MAX_VPCS).implode()
    scope = pl.when(pl.col("scope").is_in(kept)).then("scope").otherwise(pl.lit(OTHER))
    return rows.group_by("minute", scope.alias("scope")).agg(pl.col(*COLUMNS.values()).sum()).sort("minute", "scope")


def _directive(namespace: str) -> Mapping[str, Any]:
    metrics = [{"Name": name, "Unit": TRAFFIC_METRICS[name].unit.value} for name in COLUMNS]
    return {"Namespace": namespace, "Dimensions": [["vpc"]], "Metrics": metrics}


def _line(row: Mapping[str, Any], directive: Mapping[str, Any]) -> str:
    values = {name: row[column] for name, column in COLUMNS.items()}
    stamp = {"Timestamp": row["minute"] * 1_000, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": stamp, "vpc": row["scope"], **values})
