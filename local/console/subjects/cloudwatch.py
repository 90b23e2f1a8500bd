"""CloudWatch as a subject reads it: dashboards, metrics, alarms and log events of a deployment."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from local.console.console_data import Alarm, LogEvent, Metric, MetricStat, Series
from local.console.span import Span
from stacks.monitoring.dashboards.catalogue import DASHBOARDS

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import (
        DimensionTypeDef,
        MetricDataQueryTypeDef,
        MetricDataResultTypeDef,
        MetricTypeDef,
    )
    from mypy_boto3_logs import CloudWatchLogsClient

MAX_QUERIES = 500
"""Of one call: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html."""
MAX_EVENTS = 100_000
"""Events of a log group that are read. More: slow pages. Fewer: tables of a long time range lack the newest lines."""
IN_ORDER = tuple(each.__name__.replace("_", "-") for each in DASHBOARDS)


@dataclass(frozen=True)
class CloudWatch:
    """What CloudWatch and CloudWatch Logs return for one deployment. Every method raises what boto3 raises."""

    cloudwatch: "CloudWatchClient"
    logs: "CloudWatchLogsClient"
    deployment: str

    def dashboards(self) -> dict[str, Mapping[str, Any]]:
        """The bodies of the deployment's dashboards by name, in the order of their documentation."""
        entries = self.cloudwatch.list_dashboards(DashboardNamePrefix=f"{self.deployment}-")["DashboardEntries"]
        names = sorted((each["DashboardName"] for each in entries), key=self._order)
        return {name: self._body(name) for name in names}

    def _order(self, name: str) -> tuple[int, str]:
        own = name.removeprefix(f"{self.deployment}-")
        return (IN_ORDER.index(own) if own in IN_ORDER else len(IN_ORDER), name)

    def _body(self, name: str) -> Mapping[str, Any]:
        body: Mapping[str, Any] = json.loads(self.cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
        return body

    def metrics(self) -> list[Metric]:
        """All metrics of the account."""
        pages = self.cloudwatch.get_paginator("list_metrics").paginate()
        found = (each for page in pages for each in page["Metrics"])
        return sorted({_metric(each) for each in found})

    def series(self, wanted: Sequence[MetricStat], span: Span) -> list[Series]:
        """The values of each metric; a call for each MAX_QUERIES of the same period."""
        read: dict[MetricStat, Series] = {}
        for period, some in groupby(sorted(set(wanted), key=_period), _period):
            stats = list(some)
            for first in range(0, len(stats), MAX_QUERIES):
                part = stats[first : first + MAX_QUERIES]
                read |= zip(part, self._read(part, span._replace(start=span.first_period(period))), strict=True)
        return [read[each] for each in wanted]

    def _read(self, stats: Sequence[MetricStat], span: Span) -> list[Series]:
        results = self.cloudwatch.get_metric_data(
            MetricDataQueries=[_query(number, each) for number, each in enumerate(stats)],
            StartTime=datetime.fromtimestamp(span.start, UTC),
            EndTime=datetime.fromtimestamp(span.end, UTC),
            ScanBy="TimestampAscending",
        )["MetricDataResults"]
        by_id = {each["Id"]: _series(each) for each in results}
        return [by_id.get(f"m{number}", Series()) for number in range(len(stats))]

    def alarms(self) -> list[Alarm]:
        """The alarms in order of their names."""
        pages = list(
            self.cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        )
        of_metrics = [_alarm(each) for page in pages for each in page.get("MetricAlarms", ())]
        of_alarms = [_alarm(each, is_composite=True) for page in pages for each in page.get("CompositeAlarms", ())]
        return sorted([*of_metrics, *of_alarms], key=lambda alarm: alarm.name)

    def log_events(self, group: str, span: Span) -> list[LogEvent]:
        """The events of a log group, oldest first, at most MAX_EVENTS; none for a group that does not exist."""
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=span.start * 1_000, endTime=span.end * 1_000 - 1
        )
        events = (LogEvent(each["message"], each["timestamp"]) for page in pages for each in page["events"])
        try:
            return sorted(islice(events, MAX_EVENTS), key=attrgetter("timestamp"))
        except self.logs.exceptions.ResourceNotFoundException:
            return []


def _metric(described: Mapping[str, Any]) -> Metric:
    dimensions = sorted((each["Name"], each["Value"]) for each in described.get("Dimensions", ()))
    return Metric(described["Namespace"], described["MetricName"], tuple(dimensions))


def _period(stat: MetricStat) -> int:
    return stat.period


def _query(number: int, stat: MetricStat) -> "MetricDataQueryTypeDef":
    dimensions: list[DimensionTypeDef] = [{"Name": name, "Value": value} for name, value in stat.metric.dimensions]
    metric: MetricTypeDef = {
        "Namespace": stat.metric.namespace,
        "MetricName": stat.metric.name,
        "Dimensions": dimensions,
    }
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": stat.period, "Stat": stat.statistic}}


def _series(result: "MetricDataResultTypeDef") -> Series:
    return Series([int(each.timestamp()) for each in result.get("Timestamps", ())], list(result.get("Values", ())))


def _alarm(described: Mapping[str, Any], *, is_composite: bool = False) -> Alarm:
    return Alarm(
        described["AlarmName"],
        described["AlarmArn"],
        described["StateValue"],
        int(described["StateUpdatedTimestamp"].timestamp()),
        described.get("AlarmDescription", ""),
        described.get("StateReason", ""),
        is_composite,
    )
