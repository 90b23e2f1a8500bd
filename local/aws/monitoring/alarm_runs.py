"""CloudWatch: evaluates the alarms of a Region and notifies of changed states, which moto does not.

On request only, at a time that may be later than now, so that a test waits for nothing.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends

from local.aws.clients import client
from local.aws.monitoring.alarm_rules import holds
from local.aws.monitoring.alarm_states import Evaluation, State, upper_band
from local.aws.monitoring.metric_data import is_wanted, statistic
from local.aws.moto_patches import replaces
from local.aws.settings import ACCOUNT

HISTORY_DAYS = 14
"""Of which a band is made, as CloudWatch's models are."""
BAND = re.compile(r"ANOMALY_DETECTION_BAND\((\w+)(?:, ?([0-9.]+))?\)")
Query = Mapping[str, Any]


@replaces(CloudWatchBackend, "put_metric_alarm")
def begin_without_data(original: Callable[..., Any], backend: Any, *arguments: Any, **keywords: Any) -> Any:
    """Moto begins every alarm in OK, also one that is only changed.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    known = {name: alarm.state_value for name, alarm in backend.alarms.items()}
    alarm = original(backend, *arguments, **keywords)
    alarm.state_value = known.get(alarm.name, "INSUFFICIENT_DATA")
    return alarm


def evaluate_alarms(region: str, now: dt.datetime) -> list[tuple[str, str, str]]:
    """Evaluates every alarm, the composite ones last; returns the changes: name, state before, state after. `now` is in
    UTC, without a time zone. Each change notifies the topics of its new state.
    """
    backend = cloudwatch_backends[ACCOUNT][region]
    changes = [*_run(backend, composite=False, now=now), *_run(backend, composite=True, now=now)]
    for alarm, before in changes:
        _notify(region, alarm, before)
    return [(alarm.name, before, alarm.state_value) for alarm, before in changes]


def _run(backend: Any, *, composite: bool, now: dt.datetime) -> list[tuple[Alarm, str]]:
    states = {name: alarm.state_value for name, alarm in backend.alarms.items()}
    changes = []
    for alarm in backend.alarms.values():
        if bool(alarm.rule) is composite:
            before = alarm.state_value
            after = _composite_state(alarm, states) if composite else _metric_state(alarm, backend, now)
            if after != before:
                alarm.update_state(f"evaluated at {now.isoformat()}", "{}", after)
                changes.append((alarm, before))
    return changes


def _composite_state(alarm: Alarm, states: Mapping[str, str]) -> State:
    return "ALARM" if holds(str(alarm.rule), states) else "OK"


def _metric_state(alarm: Alarm, backend: Any, now: dt.datetime) -> State:
    properties = {
        "ComparisonOperator": alarm.comparison_operator,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "TreatMissingData": alarm.treat_missing_data,
    }
    evaluation = Evaluation.of(properties)
    wanted, deviations = _wanted(alarm)
    points = evaluation.points + (HISTORY_DAYS * 86_400 // int(wanted["Period"]) if deviations else 0)
    values = _values(wanted, backend.get_all_metrics(), now, points)
    threshold: float | None = alarm.threshold
    if deviations:
        threshold = upper_band([each for each in values[: -evaluation.points] if each is not None], deviations)
    before: Any = alarm.state_value
    return evaluation.state(values, threshold, before)


def _wanted(alarm: Alarm) -> tuple[Query, float]:
    """What the alarm reads, as a query of GetMetricData states it, and the deviations of its band, 0 without one."""
    if not alarm.threshold_metric_id:
        dimensions = [{"Name": each.name, "Value": each.value} for each in alarm.dimensions]
        metric = {"Namespace": alarm.namespace, "MetricName": alarm.metric_name, "Dimensions": dimensions}
        return {"Metric": metric, "Period": alarm.period, "Stat": alarm.statistic}, 0
    queries = {each.id: each for each in alarm.metric_data_queries}
    found = BAND.fullmatch(queries[alarm.threshold_metric_id].expression or "")
    if not found:
        raise NotImplementedError(f"the embedded AWS does not evaluate the expression of {alarm.name}")
    read = queries[found[1]].metric_stat
    if read is None:
        raise NotImplementedError(f"the embedded AWS does not evaluate a band around metric math: {alarm.name}")
    dimensions = [{"Name": each.name, "Value": each.value} for each in read.metric.dimensions]
    metric = {"Namespace": read.metric.namespace, "MetricName": read.metric.metric_name, "Dimensions": dimensions}
    return {"Metric": metric, "Period": read.period, "Stat": read.stat}, float(found[2] or 2)


def _values(wanted: Query, data: Sequence[Any], now: dt.datetime, points: int) -> list[float | None]:
    """The statistic of each of the latest periods, the oldest first; the last one ends now."""
    period = dt.timedelta(seconds=int(wanted["Period"]))
    found: dict[int, list[Any]] = {}
    for datum in data:
        if is_wanted(datum, wanted) and datum.timestamp <= now:
            found.setdefault((now - datum.timestamp) // period, []).append(datum)
    return [statistic(wanted["Stat"], found[age]) if age in found else None for age in range(points - 1, -1, -1)]


def _notify(region: str, alarm: Alarm, before: str) -> None:
    """Publishes to the topics of the new state what CloudWatch publishes.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    """
    for topic in _actions(alarm):
        message = {
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "AWSAccountId": ACCOUNT,
            "NewStateValue": alarm.state_value,
            "NewStateReason": alarm.state_reason,
            "Region": region,
            "AlarmArn": alarm.alarm_arn,
            "OldStateValue": before,
        }
        subject = f'{alarm.state_value}: "{alarm.name}" in {region}'[:100]
        client("sns", region).publish(TopicArn=topic, Subject=subject, Message=json.dumps(message))


def _actions(alarm: Alarm) -> Iterator[str]:
    if alarm.actions_enabled:
        by_state = {
            "ALARM": alarm.alarm_actions,
            "OK": alarm.ok_actions,
            "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
        }
        yield from (each for each in by_state[alarm.state_value] if ":sns:" in each)
