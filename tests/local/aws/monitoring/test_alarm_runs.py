"""Alarms that the embedded AWS evaluates: states, and what their topics get."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from local.aws.embedded import EmbeddedAws

NAMESPACE = "Test/alarms"


@pytest.fixture
def metric(aws: EmbeddedAws) -> Iterator[str]:
    """The name of a metric that nothing else uses; its alarms are deleted."""
    name = f"Errors{uuid4().hex[:8]}"
    yield name
    watched = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=name, AlarmTypes=["MetricAlarm"])
    alarms = [*watched["MetricAlarms"], *watched.get("CompositeAlarms", [])]
    aws.client("cloudwatch").delete_alarms(AlarmNames=[each["AlarmName"] for each in alarms])


def put_alarm(aws: EmbeddedAws, metric: str, **more: Any) -> str:
    """An alarm on the sum of a minute above 1."""
    wanted = {
        "AlarmName": metric,
        "Namespace": NAMESPACE,
        "MetricName": metric,
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    aws.client("cloudwatch").put_metric_alarm(**(wanted | more))
    return metric


def emit(aws: EmbeddedAws, metric: str, value: float, seconds_ago: int = 0) -> None:
    stamp = dt.datetime.now(tz=dt.UTC) - dt.timedelta(seconds=seconds_ago)
    datum = {"MetricName": metric, "Value": value, "Timestamp": stamp}
    aws.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=[datum])


def changed(aws: EmbeddedAws, name: str, later_seconds: float = 1) -> tuple[str, str] | None:
    return aws.evaluate_alarms(later_seconds).get(name)


def test_an_alarm_begins_without_data_and_keeps_its_state_when_it_is_put_again(aws: EmbeddedAws, metric: str) -> None:
    put_alarm(aws, metric)
    assert changed(aws, metric) == ("INSUFFICIENT_DATA", "OK")
    put_alarm(aws, metric, Threshold=2)
    assert changed(aws, metric) is None


def test_the_statistic_of_a_period_decides_and_later_periods_end_the_alarm(aws: EmbeddedAws, metric: str) -> None:
    put_alarm(aws, metric)
    emit(aws, metric, 1)
    assert changed(aws, metric) == ("INSUFFICIENT_DATA", "OK")
    emit(aws, metric, 1)
    assert changed(aws, metric) == ("OK", "ALARM")
    assert changed(aws, metric, later_seconds=240) == ("ALARM", "OK")


def test_a_topic_gets_the_description_and_the_states_when_the_state_changes(aws: EmbeddedAws, metric: str) -> None:
    topic = aws.client("sns").create_topic(Name=metric)["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="operators@example.com")
    put_alarm(aws, metric, AlarmDescription="what is wrong", AlarmActions=[topic])
    emit(aws, metric, 2)
    assert changed(aws, metric) == ("INSUFFICIENT_DATA", "ALARM")
    assert changed(aws, metric) is None
    [mail] = [each for each in aws.emails() if metric in each["subject"]]
    told = json.loads(mail["text"])
    assert (told["AlarmDescription"], told["NewStateValue"], told["OldStateValue"]) == (
        "what is wrong",
        "ALARM",
        "INSUFFICIENT_DATA",
    )


def test_a_composite_alarm_follows_its_children_in_the_same_run(aws: EmbeddedAws, metric: str) -> None:
    put_alarm(aws, metric)
    composite = f"{metric}-all"
    aws.client("cloudwatch").put_composite_alarm(AlarmName=composite, AlarmRule=f'ALARM("{metric}")')
    assert changed(aws, composite) == ("INSUFFICIENT_DATA", "OK")
    emit(aws, metric, 2)
    assert changed(aws, composite) == ("OK", "ALARM")
    aws.client("cloudwatch").delete_alarms(AlarmNames=[composite])


def test_a_value_above_the_band_of_the_values_before_is_an_alarm(aws: EmbeddedAws, metric: str) -> None:
    read = {"Metric": {"Namespace": NAMESPACE, "MetricName": metric}, "Period": 60, "Stat": "Sum"}
    queries = [
        {"Id": "m", "MetricStat": read, "ReturnData": True},
        {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m, 3)", "ReturnData": True},
    ]
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=metric,
        Metrics=queries,
        ThresholdMetricId="band",
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanUpperThreshold",
        TreatMissingData="notBreaching",
    )
    for minute in range(1, 20):
        emit(aws, metric, 8 + 4 * (minute % 2), seconds_ago=60 * minute)
    assert changed(aws, metric) == ("INSUFFICIENT_DATA", "OK")
    emit(aws, metric, 100)
    assert changed(aws, metric) == ("OK", "ALARM")
