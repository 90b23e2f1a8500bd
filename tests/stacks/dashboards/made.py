"""A deployment whose dashboards are drawn without a synth, and what is on them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

from flowsentry.metric_names import namespace_of
from stacks.monitoring.dashboards.body import body_of
from stacks.monitoring.dashboards.catalogue import MAX_LINES, dashboards
from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.dashboards.widgets import Expression, Graph, Line

Kind = TypeVar("Kind")
NAMESPACE = namespace_of("flowsentry")
SERVICES = ("stream_processor", "object_processor", "inventory", "notifier")
VPCS = ("vpc-0123456789abcdef0", "vpc-0fedcba9876543210")
WATCHED = Watched(
    deployment="flowsentry",
    region="eu-west-1",
    functions={service: f"{service}-function" for service in (*SERVICES, "rule_usage")},
    log_groups={service: f"{service}-log" for service in SERVICES},
    object_queue="objects",
    object_dead_letters="dead-objects",
    inventory_queue="requests",
    alarm_arns=("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:one",),
    vpc_ids=VPCS,
    has_payload_stream=True,
    tables={name: f"{name}-table" for name in ("evidence", "findings", "idempotency")},
    megabytes=dict.fromkeys(SERVICES, 1_024),
)
UNKNOWN_VPCS = replace(WATCHED, vpc_ids=None)
LARGEST = replace(WATCHED, vpc_ids=[f"vpc-{number:017x}" for number in range(MAX_LINES)])


def widgets_of(watched: Watched, kind: type[Kind]) -> Iterator[Kind]:
    for dashboard in dashboards(watched):
        for section in dashboard.sections:
            yield from (each for each in section.widgets if isinstance(each, kind))


def lines(watched: Watched) -> list[Line]:
    return [each for graph in widgets_of(watched, Graph) for each in graph.lines if isinstance(each, Line)]


def expressions(watched: Watched) -> list[Expression]:
    return [each for graph in widgets_of(watched, Graph) for each in graph.lines if isinstance(each, Expression)]


def drawn(watched: Watched) -> set[str]:
    """The names of all metrics that are drawn, also by a search."""
    searched = {name for each in expressions(watched) for name in re.findall(r'MetricName="(\w+)"', each.expression)}
    return searched | {each.name for each in lines(watched)}


def searches(watched: Watched) -> dict[str, str]:
    """Labels by search expression."""
    return {each.expression: each.label for each in expressions(watched) if each.expression.startswith("SEARCH")}


def bodies(watched: Watched) -> dict[str, dict[str, Any]]:
    return {each.name: body_of(each, watched.log_groups, watched.region) for each in dashboards(watched)}
