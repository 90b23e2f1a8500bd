"""Traffic metrics per minute and VPC or transit gateway as EMF lines, stamped with the minute of the records."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from flowsentry.frames import Measurements, OwnerSums
from flowsentry.metric_names import TRAFFIC_METRICS, TRAFFIC_METRICS_BY, TrafficDimension, TrafficMetric
from flowsentry.records.fields import LOST_PACKETS

MAX_VPCS = 50
"""VPCs of one batch with metrics of their own, those with most flows; the others are summed up as `other`. The same
limit holds for transit gateways. More: each VPC costs six custom metrics, each gateway seven. Fewer: accounts with many
VPCs see fewer of them."""
OTHER = "other"
MAX_OWNERS = 3
"""Owners that a line names in `busiest_senders` and in `most_refused`. More: longer log lines, which are billed by the
byte, for every minute and VPC. Fewer: the next ones must be looked up in enriched Parquet."""
TopOwners = dict[tuple[int, str], dict[str, list[dict[str, Any]]]]
NAMEABLE = r"^[!-9;-~][ -~]{0,254}$"
"""Values of a dimension that CloudWatch accepts, and slightly fewer: up to 255 ASCII characters, no control characters,
no colon or space at the beginning. CloudWatch drops the metrics of any other line without an error.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html"""
MAX_LETTERS = 255
"""Length of a name in a line that is no dimension. More: names made up in records fill the log. Fewer: long names are
cut."""
MAX_AGE_SECONDS = 14 * 86_400
MAX_LEAD_SECONDS = 2 * 3_600
"""CloudWatch rejects metrics that are older, or further in the future.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html"""

COLUMNS: dict[TrafficMetric, str] = {
    "Flows": "flows",
    "Bytes": "bytes",
    "Packets": "packets",
    "RejectedFlows": "rejected_flows",
    "RejectedInboundFlows": "rejected_inbound_flows",
    "RejectedOutboundFlows": "rejected_outbound_flows",
    "PacketsLostNoRoute": "packets_lost_no_route",
    "PacketsLostBlackhole": "packets_lost_blackhole",
    "PacketsLostMtuExceeded": "packets_lost_mtu_exceeded",
    "PacketsLostTtlExpired": "packets_lost_ttl_expired",
}


@dataclass(frozen=True, slots=True)
class TrafficLines:
    """Lines to print, in order of time; the numbers of measured minutes that are left out because CloudWatch would
    reject them as too old or too new; and of those whose VPC or gateway has a name that it would reject, which are
    summed up as `other`.
    """

    lines: tuple[str, ...]
    too_old: int
    too_new: int
    unnameable: int = 0


def emf(measurements: Measurements, owners: OwnerSums, namespace: str, now: int) -> TrafficLines:
    """One line of JSON for each minute and VPC or transit gateway, which CloudWatch turns into metrics when it is
    printed. Some properties are for queries, not dimensions: `worst_attachment` is the attachment that lost most
    packets; `busiest_senders` and `most_refused` name the owners in a VPC that sent most bytes, and whose rules
    rejected most flows.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    named = measurements.with_columns(pl.col("observer", "scope").cast(pl.String).fill_null("unknown"))
    is_nameable = pl.col("scope").str.contains(NAMEABLE)
    rows = named.with_columns(pl.when(is_nameable).then("scope").otherwise(pl.lit(OTHER)).alias("scope"))
    too_old = pl.col("minute") < now - MAX_AGE_SECONDS
    too_new = pl.col("minute") > now + MAX_LEAD_SECONDS
    timely = rows.filter(~too_old & ~too_new)
    top = _top_owners(owners)
    directives = {dimension: directive_of(namespace, dimension) for dimension in TRAFFIC_METRICS_BY}
    return TrafficLines(
        tuple(_line(row, directives[row["observer"]], top) for row in _rolled_up(timely).iter_rows(named=True)),
        rows.filter(too_old).n_unique(_KEY),
        rows.filter(too_new).n_unique(_KEY),
        named.filter(~is_nameable).n_unique(_KEY),
    )


_KEY = ("minute", "observer", "scope")


def _rolled_up(rows: pl.DataFrame) -> pl.DataFrame:
    """The same sums, in which all but the MAX_VPCS busiest VPCs are one row a minute; so are all but as many transit
    gateways.
    """
    flows = rows.group_by("observer", "scope").agg(pl.col("flows").sum())
    busiest = flows.sort("observer", "flows", "scope", descending=[False, True, False]).group_by("observer")
    kept = busiest.head(MAX_VPCS).select("observer", "scope", pl.col("scope").alias("kept"))
    named = rows.join(kept, on=["observer", "scope"], how="left").with_columns(pl.col("kept").fill_null(OTHER))
    attachment = pl.col("attachment").cast(pl.String)
    worst = attachment.sort_by(pl.sum_horizontal(LOST_PACKETS), attachment, descending=[True, False]).first()
    sums = named.group_by("minute", "observer", pl.col("kept").alias("scope")).agg(
        pl.col(*COLUMNS.values()).sum(), worst.alias("worst_attachment")
    )
    return sums.sort(_KEY)


def directive_of(namespace: str, dimension: TrafficDimension) -> Mapping[str, Any]:
    """What a line declares about the metrics of a dimension."""
    metrics = [{"Name": name, "Unit": TRAFFIC_METRICS[name].unit.value} for name in TRAFFIC_METRICS_BY[dimension]]
    return {"Namespace": namespace, "Dimensions": [[dimension]], "Metrics": metrics}


def _top_owners(owners: OwnerSums) -> TopOwners:
    """The owners that each line names, by minute and VPC."""
    found: TopOwners = defaultdict(dict)
    for property_name, amount in (("busiest_senders", "bytes"), ("most_refused", "rejected_flows")):
        ordered = owners.filter(pl.col(amount) > 0).with_columns(pl.col(pl.Categorical()).cast(pl.String))
        ordered = ordered.sort("minute", "scope", amount, "owner_id", descending=[False, False, True, False])
        for row in ordered.group_by("minute", "scope", maintain_order=True).head(MAX_OWNERS).iter_rows(named=True):
            words = {word: _short(row[f"owner_{word}"]) for word in ("name", "kind", "id")}
            named = {**words, amount: row[amount]}
            found[row["minute"], row["scope"]].setdefault(property_name, []).append(named)
    return found


def _short(text: str | None) -> str | None:
    return text[:MAX_LETTERS] if text else text


def _line(row: Mapping[str, Any], directive: Mapping[str, Any], top: TopOwners) -> str:
    dimension: TrafficDimension = row["observer"]
    values = {name: row[COLUMNS[name]] for name in TRAFFIC_METRICS_BY[dimension]}
    stamp = {"Timestamp": row["minute"] * 1_000, "CloudWatchMetrics": [directive]}
    worst = {"worst_attachment": _short(row["worst_attachment"])} if row["worst_attachment"] else {}
    owners = top.get((row["minute"], row["scope"]), {})
    return json.dumps({"_aws": stamp, dimension: row["scope"], **values, **worst, **owners})
