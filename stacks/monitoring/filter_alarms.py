"""Alarms on what metric filters of log groups count."""

from collections.abc import Iterable

from stacks.log_queries.metric_filters import PERIOD_MINUTES, Counted
from stacks.monitoring.alarms import Alarms

EVALUATED_PERIODS = 6
"""Periods of which one must be above the threshold. A record is counted at the time of its first packet, and arrives up
to ten minutes after its last one, so that a period is complete only after others have begun. Lower: what arrives late
is not seen. Higher: the alarm stays on for longer.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarm-evaluation"""


def watch_filters(alarms: Alarms, counted: Iterable[Counted]) -> None:
    """Adds an alarm for each metric filter of each log group. Without data it is OK: nothing matched."""
    for each in counted:
        alarms.add(
            f"metric-filter-{each.label}-{each.filter.name}",
            f"More than {each.filter.above} records of {each.label} matched the metric filter {each.filter.name} in "
            f"{PERIOD_MINUTES} minutes.",
            each.metric,
            threshold=each.filter.above,
            periods=EVALUATED_PERIODS,
            failing_periods=1,
            runbook_entry="metric-filter",
            id_=f"metric-filter-{each.id}",
        )
