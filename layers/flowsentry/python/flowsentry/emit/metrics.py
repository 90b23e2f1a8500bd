"""Traffic metrics per minute and VPC or transit gateway as EMF lines, stamped with the minute of the records."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from heapq import nlargest
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

from flowsentry.frames import Measurements, OwnerSums
from flowsentry.metric_names import TRAFFIC_METRICS, TRAFFIC_METRICS_BY, TrafficDimension, TrafficMetric
from flowsentry.records.few_rows import values_of
from flowsentry.records.fields import LOST_PACKETS
from flowsentry.value import Value

MAX_VPCS = 50
"""VPCs of one batch with metrics of their own, those with most flows; the others are summed up as `other`. The same
limit holds for transit gateways. More: each VPC costs six custom metrics, each gateway seven. Fewer: accounts with many
VPCs see fewer of them."""
OTHER = "other"
MAX_OWNERS = 3
"""Owners that a line names in `busiest_senders` and in `most_refused`. More: longer log lines, which are billed by the
byte, for every minute and VPC. Fewer: the next ones must be looked up in enriched Parquet."""
_Row = Mapping[str, Any]
TopOwners = dict[tuple[int, str | None], dict[str, list[dict[str, Any]]]]
NAMEABLE = re.compile(r"[!-9;-~][ -~]{0,254}")
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


class _OwnerRow(NamedTuple):
    """A row of OwnerSums."""

    minute: int
    scope: str | None
    owner_id: str
    owner_kind: str | None
    owner_name: str | None
    bytes: int
    rejected_flows: int


class TrafficLines(Value, frozen=True):
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
    named = [(_key(row), row) for row in measurements.iter_rows(named=True)]
    minutes = [(key if NAMEABLE.fullmatch(key.scope) else key._replace(scope=OTHER), row) for key, row in named]
    timely = [(key, row) for key, row in minutes if -MAX_AGE_SECONDS <= key.minute - now <= MAX_LEAD_SECONDS]
    top = _top_owners(owners)
    directives = {dimension: directive_of(namespace, dimension) for dimension in TRAFFIC_METRICS_BY}
    return TrafficLines(
        tuple(_line(key, rows, directives[key.observer], top) for key, rows in _rolled_up(timely)),
        len({key for key, _ in minutes if key.minute < now - MAX_AGE_SECONDS}),
        len({key for key, _ in minutes if key.minute > now + MAX_LEAD_SECONDS}),
        len({key for key, _ in named if not NAMEABLE.fullmatch(key.scope)}),
    )


class _Key(NamedTuple):
    """What a line is about."""

    minute: int
    observer: TrafficDimension
    scope: str


def _key(row: _Row) -> _Key:
    return _Key(row["minute"], row["observer"], "unknown" if row["scope"] is None else row["scope"])


def _rolled_up(rows: Sequence[tuple[_Key, _Row]]) -> list[tuple[_Key, list[_Row]]]:
    """The rows of each line, in order. All but the MAX_VPCS busiest VPCs share a line a minute; so do all but as many
    transit gateways. Up to MAX_VPCS rows can't name more.
    """
    kept = _busiest(rows) if len(rows) > MAX_VPCS else None
    lines: dict[_Key, list[_Row]] = defaultdict(list)
    for key, row in rows:
        is_kept = kept is None or (key.observer, key.scope) in kept
        lines[key if is_kept else key._replace(scope=OTHER)].append(row)
    return sorted(lines.items())


def _busiest(rows: Sequence[tuple[_Key, _Row]]) -> set[tuple[str, str]]:
    """The MAX_VPCS VPCs with the most flows, and as many transit gateways."""
    flows: dict[tuple[str, str], int] = defaultdict(int)
    for key, row in rows:
        flows[key.observer, key.scope] += row["flows"]
    ordered = sorted(flows, key=lambda each: (each[0], -flows[each], each[1]))
    return {each for _, group in groupby(ordered, itemgetter(0)) for each in islice(group, MAX_VPCS)}


def _worst_attachment(rows: Iterable[_Row]) -> str | None:
    """The attachment that lost most packets."""
    lost = [(-sum(row[name] for name in LOST_PACKETS), row["attachment"]) for row in rows if row["attachment"]]
    return min(lost)[1] if lost else None


def directive_of(namespace: str, dimension: TrafficDimension) -> Mapping[str, Any]:
    """What a line declares about the metrics of a dimension."""
    metrics = [{"Name": name, "Unit": TRAFFIC_METRICS[name].unit.value} for name in TRAFFIC_METRICS_BY[dimension]]
    return {"Namespace": namespace, "Dimensions": [[dimension]], "Metrics": metrics}


_OF_LINE = (_OwnerRow._fields.index("minute"), _OwnerRow._fields.index("scope"))


def _top_owners(owners: OwnerSums) -> TopOwners:
    """The owners that each line names, by minute and VPC; of equal ones, the first in the order of OwnerSums."""
    rows = map(_OwnerRow._make, values_of(owners, _OwnerRow._fields))
    return {key: _named_owners(list(group)) for key, group in groupby(rows, itemgetter(*_OF_LINE))}


def _named_owners(rows: Sequence[_OwnerRow]) -> dict[str, list[dict[str, Any]]]:
    """The owners in a VPC that sent most bytes, and whose rules rejected most flows."""
    named = {}
    for property_name, amount in (("busiest_senders", "bytes"), ("most_refused", "rejected_flows")):
        at = _OwnerRow._fields.index(amount)
        if most := nlargest(MAX_OWNERS, (row for row in rows if row[at]), key=itemgetter(at)):
            named[property_name] = [_owner(row, amount) for row in most]
    return named


def _owner(row: _OwnerRow, amount: str) -> dict[str, Any]:
    words = {word: _short(getattr(row, f"owner_{word}")) for word in ("name", "kind", "id")}
    return {**words, amount: getattr(row, amount)}


def _short(text: str | None) -> str | None:
    return text[:MAX_LETTERS] if text else text


def _line(key: _Key, rows: Sequence[_Row], directive: Mapping[str, Any], top: TopOwners) -> str:
    values = {name: sum(row[COLUMNS[name]] for row in rows) for name in TRAFFIC_METRICS_BY[key.observer]}
    stamp = {"Timestamp": key.minute * 1_000, "CloudWatchMetrics": [directive]}
    attachment = _worst_attachment(rows)
    worst = {"worst_attachment": _short(attachment)} if attachment else {}
    owners = top.get((key.minute, key.scope), {})
    return json.dumps({"_aws": stamp, key.observer: key.scope, **values, **worst, **owners})
