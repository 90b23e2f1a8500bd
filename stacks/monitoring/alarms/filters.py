"""Alarms on what the metric filters of the settings count in log groups of flow logs."""

from collections.abc import Iterator

from stacks.log_queries.filter_patterns import missing_for
from stacks.log_queries.log_groups import FlowLogGroup, log_groups_of
from stacks.log_queries.metric_filters import PERIOD_MINUTES, metric_filter_name, metric_filter_namespace
from stacks.monitoring.alarms.row import Measure, Missing, Row
from stacks.settings.deployment import Deployment
from stacks.settings.logged.log_queries import MetricFilter

EVALUATED_PERIODS = 6
"""Periods of which one must be above the threshold. A record is counted at the time of its first packet, and arrives up
to ten minutes after its last one, so that a period is complete only after others have begun. Lower: what arrives late
is not seen. Higher: the alarm stays on for longer.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarm-evaluation"""


def alarms_on_filters(deployment: Deployment) -> Iterator[Row]:
    """An alarm for each metric filter of each log group. Without data it is OK: nothing matched."""
    groups = log_groups_of(deployment) if deployment.metric_filters else []
    for group in groups:
        for wanted in deployment.metric_filters:
            if counts(group, wanted):
                yield _row(deployment, group, wanted)


def counts(group: FlowLogGroup, wanted: MetricFilter) -> bool:
    """Whether a format of the log group has the fields that the filter needs."""
    return any(not missing_for(wanted, log_format) for _, log_format, _ in group.formats)


def _row(deployment: Deployment, group: FlowLogGroup, wanted: MetricFilter) -> Row:
    return Row(
        name=f"metric-filter-{group.label}-{wanted.name}",
        id=f"metric-filter-{group.id}-{wanted.name}",
        entry="metric-filter",
        wrong=f"More than {wanted.above} records of {group.label} matched the metric filter {wanted.name} in "
        f"{PERIOD_MINUTES} minutes.",
        measure=Measure(
            metric_filter_namespace(deployment.name),
            metric_filter_name(group, wanted),
            None,
            "Sum",
        ),
        threshold=wanted.above,
        periods=EVALUATED_PERIODS,
        failing=1,
        missing=Missing.GOOD,
        names=(("<source>", group.label), ("<filter>", wanted.name)),
    )
