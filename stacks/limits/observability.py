"""Limits of CloudWatch: dashboards, alarms, subscription filters of log groups.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from stacks.limits.log_searches import QUERY_CHARACTERS
from stacks.limits.templates import Excess, Resource, Templates

ALARM, COMPOSITE, DASHBOARD = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard"
WIDGETS = 500
"""A body may have 1 MB, which is more than a template may have."""
WIDGET_METRICS, DASHBOARD_METRICS = 500, 2_500
WIDGET_ALARMS = 100
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"""
QUERY_LOG_GROUPS = 50
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html"""
CHILD_ALARMS, RULE_CHARACTERS = 100, 10_240
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html"""
ACTIONS, DESCRIPTION_CHARACTERS = 5, 1_024
"""Actions of a state, and the description, of an alarm.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
SUBSCRIPTIONS = 2
"""Subscription filters of a log group, which can't be raised.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""


def dashboards(templates: Templates) -> Iterator[Excess]:
    """Dashboards with too many widgets, metrics, alarms or log groups, or too long a query."""
    for each in templates.of_type(DASHBOARD):
        widgets = json.loads(templates.text(each, each.properties["DashboardBody"]))["widgets"]
        metrics = [len(widget.get("properties", {}).get("metrics", ())) for widget in widgets]
        if len(widgets) > WIDGETS:
            yield Excess(each, f"it has {len(widgets)} widgets; allowed: {WIDGETS}")
        if max(metrics, default=0) > WIDGET_METRICS:
            yield Excess(each, f"a widget has {max(metrics)} metrics; allowed: {WIDGET_METRICS}")
        if sum(metrics) > DASHBOARD_METRICS:
            yield Excess(each, f"its widgets have {sum(metrics):,} metrics; allowed: {DASHBOARD_METRICS:,}")
        for widget in widgets:
            yield from (Excess(each, sentence) for sentence in _excesses(widget.get("properties", {})))


def _excesses(widget: Mapping[str, Any]) -> Iterator[str]:
    query, alarms_shown = widget.get("query", ""), widget.get("alarms", ())
    if len(query) > QUERY_CHARACTERS:
        yield f"the query of a widget has {len(query):,} characters; allowed: {QUERY_CHARACTERS:,}"
    if (groups := len(re.findall(r"SOURCE '", query))) > QUERY_LOG_GROUPS:
        yield f"the query of a widget reads {groups} log groups; allowed: {QUERY_LOG_GROUPS}"
    if len(alarms_shown) > WIDGET_ALARMS:
        yield f"a widget has {len(alarms_shown)} alarms; allowed: {WIDGET_ALARMS}"


def alarms(templates: Templates) -> Iterator[Excess]:
    """Alarms with too many actions or too long a description, and composite alarms with too many children."""
    for each in templates.of_type(ALARM, COMPOSITE):
        given = each.properties
        for name in ("AlarmActions", "OKActions", "InsufficientDataActions"):
            if (number := len(given.get(name, ()))) > ACTIONS:
                yield Excess(each, f"{name} has {number} actions; allowed: {ACTIONS}")
        if (size := len(templates.text(each, given.get("AlarmDescription", "")))) > DESCRIPTION_CHARACTERS:
            yield Excess(each, f"its description has {size:,} characters; allowed: {DESCRIPTION_CHARACTERS:,}")
    for each in templates.of_type(COMPOSITE):
        yield from _composite(each, templates.text(each, each.properties["AlarmRule"]))


def _composite(alarm: Resource, rule: str) -> Iterator[Excess]:
    children = set(re.findall(r"(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(([^)]+)\)", rule))
    if len(children) > CHILD_ALARMS:
        yield Excess(alarm, f"its rule names {len(children)} alarms; allowed: {CHILD_ALARMS}")
    if len(rule) > RULE_CHARACTERS:
        yield Excess(alarm, f"its rule has up to {len(rule):,} characters; allowed: {RULE_CHARACTERS:,}")


def subscriptions(templates: Templates) -> Iterator[Excess]:
    """Log groups with more subscription filters than CloudWatch Logs allows. Those of others are not known here."""
    by_group: dict[str, list[Resource]] = defaultdict(list)
    for each in templates.of_type("AWS::Logs::SubscriptionFilter"):
        by_group[json.dumps(each.properties["LogGroupName"])].append(each)
    for filters in by_group.values():
        if len(filters) > SUBSCRIPTIONS:
            yield Excess(
                filters[-1], f"its log group has {len(filters)} subscription filters; allowed: {SUBSCRIPTIONS}"
            )
