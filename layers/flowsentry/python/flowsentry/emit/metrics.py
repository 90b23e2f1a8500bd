"""Traffic metrics per minute and VPC or transit gateway as EMF lines, stamped with the minute of the records."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

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
TopOwners = dict[tuple[int, str | None], dict[str, list[dict[str, Any]]]]
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

_KEY = ("minute", "observer", "scope")
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


class _OwnerRow(NamedTuple):
    """A row of OwnerSums."""

    minute: int
    scope: str | None
    owner_id: str
    owner_kind: str | None
    owner_name: str | None
    bytes: int
    rejected_flows: int


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
    is_unnameable = ~named["scope"].str.contains(NAMEABLE)
    renamed = pl.when(is_unnameable).then(pl.lit(OTHER)).otherwise("scope").alias("scope")
    rows = named.with_columns(renamed) if is_unnameable.any() else named
    too_old, too_new = rows["minute"] < now - MAX_AGE_SECONDS, rows["minute"] > now + MAX_LEAD_SECONDS
    untimely = too_old | too_new
    timely = rows.filter(~untimely) if untimely.any() else rows
    top = _top_owners(owners)
    directives = {dimension: directive_of(namespace, dimension) for dimension in TRAFFIC_METRICS_BY}
    return TrafficLines(
        tuple(_line(row, directives[row["observer"]], top) for row in _rolled_up(timely).iter_rows(named=True)),
        _measured_minutes(rows, too_old),
        _measured_minutes(rows, too_new),
        _measured_minutes(named, is_unnameable),
    )


def _measured_minutes(rows: pl.DataFrame, chosen: pl.Series) -> int:
    """The minutes of VPCs and gateways among the chosen rows."""
    return rows.filter(chosen).n_unique(_KEY) if chosen.any() else 0


_ATTACHMENT = pl.col("attachment").cast(pl.String)
_WORST_ATTACHMENT = _ATTACHMENT.sort_by(pl.sum_horizontal(LOST_PACKETS), _ATTACHMENT, descending=[True, False]).first()
_NO_ATTACHMENT = pl.lit(None, pl.String)


def _rolled_up(rows: pl.DataFrame) -> pl.DataFrame:
    """The same sums, in which all but the MAX_VPCS busiest VPCs are one row a minute; so are all but as many transit
    gateways. Up to MAX_VPCS rows can't name more.
    """
    named = _with_few_names(rows) if len(rows) > MAX_VPCS else rows
    worst = _NO_ATTACHMENT if rows["attachment"].null_count() == len(rows) else _WORST_ATTACHMENT
    return named.group_by(_KEY).agg(pl.col(*COLUMNS.values()).sum(), worst.alias("worst_attachment")).sort(_KEY)


def _with_few_names(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, in which VPCs and gateways that are not among the busiest are called `other`."""
    flows = rows.group_by("observer", "scope").agg(pl.col("flows").sum())
    busiest = flows.sort("observer", "flows", "scope", descending=[False, True, False]).group_by("observer")
    kept = busiest.head(MAX_VPCS).select("observer", "scope", pl.col("scope").alias("kept"))
    named = rows.join(kept, on=["observer", "scope"], how="left")
    return named.with_columns(pl.col("kept").fill_null(OTHER).alias("scope"))


def directive_of(namespace: str, dimension: TrafficDimension) -> Mapping[str, Any]:
    """What a line declares about the metrics of a dimension."""
    metrics = [{"Name": name, "Unit": TRAFFIC_METRICS[name].unit.value} for name in TRAFFIC_METRICS_BY[dimension]]
    return {"Namespace": namespace, "Dimensions": [[dimension]], "Metrics": metrics}


def _top_owners(owners: OwnerSums) -> TopOwners:
    """The owners that each line names, by minute and VPC; of equal ones, the first in the order of OwnerSums."""
    rows = map(_OwnerRow._make, owners[list(_OwnerRow._fields)].iter_rows())
    return {key: _named_owners(list(group)) for key, group in groupby(rows, lambda row: (row.minute, row.scope))}


def _named_owners(rows: Sequence[_OwnerRow]) -> dict[str, list[dict[str, Any]]]:
    """The owners in a VPC that sent most bytes, and whose rules rejected most flows."""
    named = {}
    for property_name, amount in (("busiest_senders", "bytes"), ("most_refused", "rejected_flows")):
        most = nlargest(MAX_OWNERS, rows, key=attrgetter(amount))
        if found := [_owner(row, amount) for row in most if getattr(row, amount)]:
            named[property_name] = found
    return named


def _owner(row: _OwnerRow, amount: str) -> dict[str, Any]:
    words = {word: _short(getattr(row, f"owner_{word}")) for word in ("name", "kind", "id")}
    return {**words, amount: getattr(row, amount)}


def _short(text: str | None) -> str | None:
    return text[:MAX_LETTERS] if text else text


def _line(row: Mapping[str, Any], directive: Mapping[str, Any], top: TopOwners) -> str:
    dimension: TrafficDimension = row["observer"]
    values = {name: row[COLUMNS[name]] for name in TRAFFIC_METRICS_BY[dimension]}
    stamp = {"Timestamp": row["minute"] * 1_000, "CloudWatchMetrics": [directive]}
    worst = {"worst_attachment": _short(row["worst_attachment"])} if row["worst_attachment"] else {}
    owners = top.get((row["minute"], row["scope"]), {})
    return json.dumps({"_aws": stamp, dimension: row["scope"], **values, **worst, **owners})
