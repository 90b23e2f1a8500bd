"""Search expressions: the metrics that have certain dimensions and a name.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from local.console.console_data import Metric

MAX_FOUND = 500
"""Metrics that CloudWatch draws of a search.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-limits.html"""
_SEARCH = re.compile(
    r"""SEARCH\(\s*'\s*\{"?(?P<namespace>[^",{}]+)"?(?P<dimensions>(?:,\s*"?[^",{}]+"?)*)\}"""
    r"""\s+MetricName="?(?P<name>[^"']+?)"?\s*'\s*,\s*'(?P<statistic>\w+(?:\.\d+)?)'(?:\s*,\s*\d+)?\s*\)"""
)


class SearchError(Exception):
    """A search that the console does not know."""


class Search(NamedTuple):
    """Metrics of a namespace with exactly these dimensions and this name. A period in its text is not kept: the lines
    that it finds have the widget's.
    """

    namespace: str
    dimensions: frozenset[str]
    name: str
    statistic: str


def search_of(text: str) -> Search:
    """The search that a text such as `SEARCH('{a,b} MetricName="c"', 'Sum', 300)` is. Raises SearchError."""
    found = _SEARCH.fullmatch(text)
    if not found:
        raise SearchError(f"the console does not know the search {text}")
    dimensions = (each.strip().strip('"') for each in found["dimensions"].split(",") if each.strip())
    return Search(found["namespace"], frozenset(dimensions), found["name"], found["statistic"])


def found_by(search: Search, metrics: Iterable[Metric]) -> list[Metric]:
    """The metrics that a search finds, in order of their dimensions, at most MAX_FOUND."""
    found = sorted(each for each in metrics if _is_found(each, search))
    return found[:MAX_FOUND]


def _is_found(metric: Metric, search: Search) -> bool:
    return (metric.namespace, metric.name) == (search.namespace, search.name) and (
        {name for name, _ in metric.dimensions} == search.dimensions
    )
