"""All dashboards of a deployment, in the order of the documentation."""

from collections.abc import Callable, Sequence

from stacks.monitoring.dashboards.pipeline import pipeline
from stacks.monitoring.dashboards.threats import threats
from stacks.monitoring.dashboards.traffic import traffic
from stacks.monitoring.dashboards.traffic_bill import traffic_bill
from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.dashboards.widgets import Dashboard

MAX_LINES = 100
"""VPCs with a line of their own in each graph of traffic. More: no graph can be read, and CloudWatch takes 2,500
metrics of a dashboard. Fewer: a VPC without traffic for two weeks, which a search does not find, has no line.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"""
DASHBOARDS: Sequence[Callable[[Watched], Dashboard]] = (traffic, traffic_bill, threats, pipeline)


def dashboards(watched: Watched) -> list[Dashboard]:
    """Every dashboard of a deployment."""
    return [draw(watched) for draw in DASHBOARDS]


def vpcs_with_lines(vpc_ids: Sequence[str], *, are_all: bool) -> Sequence[str] | None:
    """The VPCs whose lines graphs list; None, so that graphs search for all VPCs that have metrics, where these are not
    all, or more than MAX_LINES.
    """
    return vpc_ids if are_all and len(vpc_ids) <= MAX_LINES else None
