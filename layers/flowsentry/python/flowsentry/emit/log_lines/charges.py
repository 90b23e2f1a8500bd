"""The lines of the traffic bill: the metric ChargedBytes by path, with the owners who cause it."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from flowsentry.emit.log_lines.report import Report, known, line_of
from flowsentry.emit.metrics import MAX_AGE_SECONDS, MAX_LEAD_SECONDS, directive_of
from flowsentry.frames import ChargeSums
from flowsentry.records.charged_paths import UNKNOWN_PATH

MAX_OWNERS = 5
"""Owners of a path with a line of their own in each five minutes of a source, those with the most bytes; the rest are
one line without an owner. More: longer logs, some 350 bytes a line, $0.18 for a million lines at $0.50/GB. Fewer: the
next ones must be looked up in enriched Parquet."""


def charge_lines(sums: ChargeSums, namespace: str, now: int) -> list[str]:
    """A line for each five minutes, path and owner, in the embedded metric format: CloudWatch adds up ChargedBytes by
    path; `owner`, `owner_kind` and `owner_id` are for queries. Bytes of an unknown path are `unknown_path_bytes` of a
    line of about 90 bytes, which is no metric. Sums too old or too new for CloudWatch have no lines.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    timely = (row for row in sums.iter_rows(named=True) if _is_timely(row["time"], now))
    directive = directive_of(namespace, "path")
    lines = []
    for (time, path), rows in groupby(timely, lambda row: (row["time"], row["path"])):
        if path == UNKNOWN_PATH:
            properties = {"path": path, "unknown_path_bytes": sum(row["bytes"] for row in rows)}
            lines.append(line_of(Report.TRAFFIC_BILL, properties))
        else:
            stamp = {"_aws": {"Timestamp": time * 1_000, "CloudWatchMetrics": [directive]}}
            lines += [line_of(Report.TRAFFIC_BILL, {**stamp, "path": path, **each}) for each in _of_owners(list(rows))]
    return lines


def charged_bytes(row: Mapping[str, Any]) -> int:
    """The bytes; of those for which only one end pays, half."""
    return int(row["bytes"] - row["bytes_at_one_end"] // 2)


def _is_timely(time: int | None, now: int) -> bool:
    return time is not None and now - MAX_AGE_SECONDS <= time <= now + MAX_LEAD_SECONDS


def _of_owners(rows: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The amount of each of the first owners, and of all others together."""
    for row in rows[:MAX_OWNERS]:
        owner = {"owner": row["owner_name"], "owner_kind": row["owner_kind"], "owner_id": row["owner_id"]}
        yield {"ChargedBytes": charged_bytes(row), **known(owner)}
    if rest := rows[MAX_OWNERS:]:
        yield {"ChargedBytes": sum(map(charged_bytes, rest))}
