"""Accepted, rejected and lost traffic per minute and VPC or transit gateway, and per owner.

A flow is often logged twice; its flow, bytes and packets are counted once (see records/second_records.py). Lost packets
are in one of the two records, so those of every record count.
"""

from collections.abc import Sequence

import polars as pl

from flowsentry.frames import EnrichedFlows, Measurements, OwnerSums
from flowsentry.metric_names import TRAFFIC_METRICS_BY, TrafficDimension
from flowsentry.records.fields import LOST_PACKETS, is_of_transit_gateway
from flowsentry.records.second_records import is_second_record

SECONDS_A_MINUTE = 60
_OBSERVER = pl.Enum(list(TRAFFIC_METRICS_BY))
_KEY = ("minute", "observer", "scope", "attachment")
_AMOUNTS = ("bytes", "packets")
_REJECTED = ("rejected_flows", "rejected_inbound_flows", "rejected_outbound_flows")
_COUNTS = ("flows", *_AMOUNTS, *_REJECTED, *LOST_PACKETS)
MAX_OWNER_ROWS = 200_000
"""Sums by minute and owner that are kept for one source. More: more memory, for an object that covers a day of many
owners. Fewer: in such an object, the busiest owners of quiet minutes are not reported."""
MAX_UNMERGED_OWNER_ROWS = 200_000
"""Sums that are held until those of the same minute and owner are merged. More: more memory. Fewer: the same sums are
merged more often."""
_OWNER = ("owner_id", "owner_kind", "owner_name")
_OWNER_KEY = ("minute", "scope", "owner_id")
_OWNER_SCHEMA: dict[str, pl.DataType] = {
    "minute": pl.Int64(),
    "scope": pl.Categorical(),
    **dict.fromkeys(_OWNER, pl.Categorical()),
    **dict.fromkeys(("bytes", "rejected_flows"), pl.Int64()),
}
_NO_ATTACHMENT = pl.lit(None, pl.Categorical())
_SCHEMA: dict[str, pl.DataType] = {
    "minute": pl.Int64(),
    "observer": _OBSERVER,
    "scope": pl.Categorical(),
    "attachment": pl.Categorical(),
    **dict.fromkeys(_COUNTS, pl.Int64()),
}
_NO_MEASUREMENTS = Measurements(pl.DataFrame(schema=_SCHEMA))
_NO_OWNER_SUMS = OwnerSums(pl.DataFrame(schema=_OWNER_SCHEMA))


def measure(flows: EnrichedFlows) -> Measurements:
    """A row for each minute (Unix s of the record's start) and VPC; of a transit gateway one more for each attachment
    that lost packets.

    A REJECT counts at the interface that logged it, since only one does. A record without a start counts nowhere.
    """
    timed = flows.filter(pl.col("start").is_not_null()) if flows["start"].null_count() else flows
    if is_of_transit_gateway(flows.columns):
        return _whole(_of_transit_gateway(timed), "transit_gateway")
    return _whole(_of_vpc(timed), "vpc")


def _whole(rows: pl.DataFrame, observer: TrafficDimension) -> Measurements:
    """The rows with all columns of Measurements: 0 or null for those that this observer does not have."""
    columns = {"observer": pl.lit(observer, _OBSERVER), "attachment": _NO_ATTACHMENT}
    columns |= dict.fromkeys(_COUNTS, pl.lit(0, pl.Int64())) | {name: pl.col(name) for name in rows.columns}
    return Measurements(rows.select_seq(columns[name].alias(name) for name in _SCHEMA))


def _of_vpc(flows: pl.DataFrame) -> pl.DataFrame:
    rejected, inbound = flows["is_rejected"], flows["direction"] == "ingress"
    refused = zip(_REJECTED, (rejected, rejected & inbound, rejected & ~inbound), strict=True)
    counts = [each.cast(pl.Int64).alias(name) for name, each in refused]
    return _summed([flows["scope"], *_passed(flows), *counts], flows["start"])


def _of_transit_gateway(flows: pl.DataFrame) -> pl.DataFrame:
    lost = [name for name in LOST_PACKETS if name in flows.columns]
    has_lost = pl.sum_horizontal(lost) > 0 if lost else pl.lit(value=False)
    attachment = pl.col("tgw_attachment_id") if "tgw_attachment_id" in flows.columns else _NO_ATTACHMENT
    of_loss = flows.with_columns_seq(pl.when(has_lost).then(attachment).alias("attachment"))["attachment"]
    return _summed([flows["scope"], of_loss, *_passed(flows), *map(flows.get_column, lost)], flows["start"])


_MINUTE = (pl.col("start") // SECONDS_A_MINUTE * SECONDS_A_MINUTE).alias("minute")
_NONE = pl.Series([0])


def _passed(flows: pl.DataFrame) -> list[pl.Series]:
    """Of each record that counts: one flow, its bytes and its packets."""
    counted = flows.select_seq((~is_second_record(flows.columns)).alias("flows")).to_series()
    return [counted.cast(pl.Int64), *(flows[name].zip_with(counted, _NONE) for name in _AMOUNTS)]


def _summed(columns: Sequence[pl.Series], starts: pl.Series) -> pl.DataFrame:
    """The counts among the columns, added up by minute and the other columns. The minute is worked out by the query:
    polars examines a sample of keys that are columns, which takes longer than to add up a thousand rows.
    """
    counts = [column.name for column in columns if column.name in _COUNTS]
    by = [column.name for column in columns if column.name not in _COUNTS]
    return pl.DataFrame([*columns, starts]).group_by(_MINUTE, *by).agg(pl.col(counts).sum())


def measure_owners(flows: EnrichedFlows) -> OwnerSums:
    """A row for each minute, VPC and owner that sent something or whose rules rejected something. Traffic inside counts
    at the sender's interface. A transit gateway has no rows: its records have no owner of an interface.
    """
    if is_of_transit_gateway(flows.columns):
        return add_up_owners([])
    return _owner_sums(_of_owners(flows[["start", "scope", "direction", "bytes", "is_rejected", *_OWNERS_OF_ENDS]]))


_ENDS = ("source", "destination")
_OWNERS_OF_ENDS = tuple(f"{end}_{name}" for end in _ENDS for name in _OWNER)


def _of_owners(flows: pl.DataFrame) -> pl.DataFrame:
    """The flows that an owner sent, and those that its rules rejected, where they have a start: with their minute,
    bytes and `rejected_flows`. The owner is that of the end that logged the flow.
    """
    is_counted = (flows["direction"] == "egress") | (flows["is_rejected"] & flows["direction"].is_not_null())
    counted = flows.filter(is_counted & flows["start"].is_not_null() if flows["start"].null_count() else is_counted)
    is_egress, is_rejected = counted["direction"] == "egress", counted["is_rejected"]
    owner = [counted[f"source_{name}"].zip_with(is_egress, counted[f"destination_{name}"]) for name in _OWNER]
    columns = {
        "minute": counted.select_seq(_MINUTE).to_series(),
        "scope": counted["scope"],
        **dict(zip(_OWNER, owner, strict=True)),
        "bytes": counted["bytes"].zip_with(~is_rejected, _NONE),
        "rejected_flows": is_rejected.cast(pl.Int64),
    }
    rows = pl.DataFrame([column.alias(name) for name, column in columns.items()])
    return rows.filter(pl.col("owner_id").is_not_null()) if rows["owner_id"].null_count() else rows


def merged_owners(parts: Sequence[OwnerSums]) -> list[OwnerSums]:
    """The same sums; merged into one frame where there are more than MAX_UNMERGED_OWNER_ROWS, so that chunks with the
    same owners share rows.
    """
    if sum(map(len, parts)) <= MAX_UNMERGED_OWNER_ROWS:
        return list(parts)
    return [_owner_sums(pl.concat(parts))]


def add_up_owners(parts: Sequence[OwnerSums]) -> OwnerSums:
    """The sums of all parts, in order of minute, VPC and owner. Beyond MAX_OWNER_ROWS, the rows with the fewest
    rejected flows and bytes are left out.
    """
    if not any(map(len, parts)):
        return _NO_OWNER_SUMS
    whole = _owner_sums(pl.concat(parts)) if len(parts) > 1 else parts[0]
    if len(whole) > MAX_OWNER_ROWS:
        by_amount = ("rejected_flows", "bytes", *_OWNER_KEY)
        whole = OwnerSums(whole.sort(by_amount, descending=[True, True, False, False, False]).head(MAX_OWNER_ROWS))
    return OwnerSums(_in_order(whole, "minute", pl.col("scope", "owner_id").cast(pl.String)))


def _owner_sums(rows: pl.DataFrame) -> OwnerSums:
    sums = rows.group_by(_OWNER_KEY).agg(
        pl.col("owner_kind", "owner_name").first(), pl.col("bytes", "rejected_flows").sum()
    )
    return OwnerSums(sums[list(_OWNER_SCHEMA)])


def add_up(parts: Sequence[Measurements]) -> Measurements:
    """The measurements of all parts added up, in order of time."""
    if not any(map(len, parts)):
        return _NO_MEASUREMENTS
    rows = pl.concat(parts).group_by(_KEY).agg(pl.col(_COUNTS).sum()) if len(parts) > 1 else parts[0]
    return Measurements(_in_order(rows, "minute", "observer", pl.col("scope", "attachment").cast(pl.String)))


def _in_order(rows: pl.DataFrame, *by: str | pl.Expr) -> pl.DataFrame:
    return rows.sort(*by) if len(rows) > 1 else rows
