"""Limits of CloudWatch Logs: metric filters of log groups, and saved queries.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""

import json
from collections import defaultdict
from collections.abc import Iterator

from stacks.limits.templates import Excess, Resource, Templates

METRIC_FILTERS = 100
"""Of a log group, which can't be raised.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html"""
FILTER_CHARACTERS = 1_024
"""Of the pattern of a metric or subscription filter.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html"""
QUERY_CHARACTERS = 10_000
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html"""
SAVED_QUERIES = 1_000
"""Of an account and Region.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_Insights-Saving-Queries.html"""


def metric_filters(templates: Templates) -> Iterator[Excess]:
    """Log groups with too many metric filters. Those of others are not known here."""
    by_group: dict[str, list[Resource]] = defaultdict(list)
    for each in templates.of_type("AWS::Logs::MetricFilter"):
        by_group[json.dumps(each.properties.get("LogGroupName"))].append(each)
    for filters in by_group.values():
        if len(filters) > METRIC_FILTERS:
            yield Excess(filters[-1], f"its log group has {len(filters)} metric filters; allowed: {METRIC_FILTERS}")


def filter_patterns(templates: Templates) -> Iterator[Excess]:
    """Filters with too long a pattern."""
    for each in templates.of_type("AWS::Logs::MetricFilter", "AWS::Logs::SubscriptionFilter"):
        if (size := len(templates.text(each, each.properties.get("FilterPattern", "")))) > FILTER_CHARACTERS:
            yield Excess(each, f"its filter pattern has {size:,} characters; allowed: {FILTER_CHARACTERS:,}")


def saved_queries(templates: Templates) -> Iterator[Excess]:
    """Saved queries with too long a text, or too many of them. Those of others are not known here."""
    queries = list(templates.of_type("AWS::Logs::QueryDefinition"))
    for each in queries:
        if (size := len(templates.text(each, each.properties.get("QueryString", "")))) > QUERY_CHARACTERS:
            yield Excess(each, f"its query has {size:,} characters; allowed: {QUERY_CHARACTERS:,}")
    if len(queries) > SAVED_QUERIES:
        yield Excess(queries[-1], f"there are {len(queries):,} saved queries; allowed: {SAVED_QUERIES:,}")
