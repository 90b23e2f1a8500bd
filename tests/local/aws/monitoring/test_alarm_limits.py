"""Alarms and dashboards that CloudWatch refuses, each limit just below and just above."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.embedded import EmbeddedAws
from local.aws.monitoring.alarm_limits import children_of, dashboard_defects

TOPICS = [f"arn:aws:sns:us-east-1:123456789012:topic-{number}" for number in range(6)]
ALARM = {
    "Namespace": "Test",
    "MetricName": "Errors",
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "Period": 60,
    "Statistic": "Sum",
    "Threshold": 1,
}


def alarm(aws: EmbeddedAws, **more: Any) -> str:
    wanted = {"AlarmName": f"alarm-{uuid4().hex[:8]}", **ALARM, **more}
    aws.client("cloudwatch").put_metric_alarm(**wanted)
    return str(wanted["AlarmName"])


def dimensions(number: int) -> list[dict[str, str]]:
    return [{"Name": f"Name{index}", "Value": "value"} for index in range(number)]


@pytest.mark.parametrize(
    ("valid", "refused", "message"),
    [
        ({"AlarmName": "x" * 255}, {"AlarmName": "x" * 256}, "'alarmName' failed to satisfy constraint"),
        ({"AlarmDescription": "x" * 1024}, {"AlarmDescription": "x" * 1025}, "'alarmDescription' failed"),
        ({"AlarmActions": TOPICS[:5]}, {"AlarmActions": TOPICS}, "length less than or equal to 5"),
        ({"Dimensions": dimensions(30)}, {"Dimensions": dimensions(31)}, "length less than or equal to 30"),
        ({"EvaluationPeriods": 1440}, {"EvaluationPeriods": 1441}, "more than 86400 seconds"),
        ({"Period": 3600, "EvaluationPeriods": 168}, {"Period": 3600, "EvaluationPeriods": 169}, "more than 604800"),
    ],
    ids=["name", "description", "actions", "dimensions", "evaluated", "evaluated in hours"],
)
def test_an_alarm_is_valid_up_to_the_limit(
    aws: EmbeddedAws, valid: dict[str, Any], refused: dict[str, Any], message: str
) -> None:
    alarm(aws, **valid)
    with pytest.raises(ClientError, match=message):
        alarm(aws, **refused)


def test_a_composite_alarm_has_100_children_that_exist(aws: EmbeddedAws) -> None:
    names = [alarm(aws) for _ in range(101)]
    put = aws.client("cloudwatch").put_composite_alarm
    put(AlarmName="composite", AlarmRule=" OR ".join(f'ALARM("{name}")' for name in names[:100]))
    with pytest.raises(ClientError, match="must not contain more than 100 alarms: 101"):
        put(AlarmName="composite", AlarmRule=" OR ".join(f'ALARM("{name}")' for name in names))
    with pytest.raises(ClientError, match=r"as alarms \[nothing\] in the alarm rule do not exist"):
        put(AlarmName="composite", AlarmRule=f'ALARM("{names[0]}") OR ALARM(nothing)')


def test_an_alarm_rule_has_10240_characters(aws: EmbeddedAws) -> None:
    rule = f'ALARM("{alarm(aws)}")'
    put = aws.client("cloudwatch").put_composite_alarm
    put(AlarmName="long", AlarmRule=rule.ljust(10_240))
    with pytest.raises(ClientError, match="'alarmRule' failed to satisfy constraint"):
        put(AlarmName="long", AlarmRule=rule.ljust(10_241))


def test_the_children_of_a_rule_are_named_by_name_or_arn() -> None:
    rule = """ALARM("a") AND NOT (OK('b') OR INSUFFICIENT_DATA(c)) AND ALARM(arn:aws:cloudwatch:us-east-1:1:alarm:d)"""
    assert children_of(f"{rule} OR TRUE") == {"a", "b", "c", "d"}


def widget(**more: Any) -> dict[str, Any]:
    place = {"x": 0, "y": 0, "width": 24, "height": 1}
    return {"type": "metric", **place, "properties": {"region": "eu-west-1"}, **more}


def with_properties(type_: str, **properties: Any) -> dict[str, Any]:
    return widget(type=type_, properties=properties)


def query(text: str) -> dict[str, Any]:
    return with_properties("log", query=text, region="eu-west-1")


def metrics(number: int) -> dict[str, Any]:
    return with_properties("metric", region="eu-west-1", metrics=[["Test", f"Metric{n}"] for n in range(number)])


@pytest.mark.parametrize(
    ("valid", "refused", "message"),
    [
        ([widget()] * 500, [widget()] * 501, "501 widgets; at most 500"),
        ([metrics(500)], [metrics(501)], "a widget has 501 metrics"),
        ([metrics(500)] * 5, [metrics(500)] * 5 + [metrics(1)], "2501 metrics; at most 2500"),
        ([widget(width=24)], [widget(width=25)], "width is 25; 1 to 24 are allowed"),
        ([widget(x=23)], [widget(x=24)], "x is 24"),
        ([widget(height=1000)], [widget(height=1001)], "height is 1001"),
        ([query("x" * 10_000)], [query("x" * 10_001)], "the query has 10001 characters; at most 10000"),
        ([query("SOURCE 'a' | " * 50)], [query("SOURCE 'a' | " * 51)], "reads 51 log groups; at most 50"),
        ([with_properties("alarm", alarms=["a"] * 100)], [with_properties("alarm", alarms=["a"] * 101)], "101 alarms"),
        ([with_properties("text", markdown="a")], [with_properties("text", text="a")], "markdown is missing"),
        ([widget()], [with_properties("metric")], "region is missing"),
    ],
    ids=[
        *("widgets", "metrics of a widget", "metrics", "width", "x", "height"),
        *("query", "log groups", "alarms", "text", "region"),
    ],
)
def test_a_dashboard_is_valid_up_to_the_limit(valid: list[Any], refused: list[Any], message: str) -> None:
    assert list(dashboard_defects(json.dumps({"widgets": valid}))) == []
    assert message in next(dashboard_defects(json.dumps({"widgets": refused})))


def test_a_dashboard_has_one_megabyte() -> None:
    empty = len(json.dumps({"widgets": [], "a": ""}))
    for size, expected in ((1_048_576, 0), (1_048_577, 1)):
        body = json.dumps({"widgets": [], "a": "x" * (size - empty)})
        assert len(list(dashboard_defects(body))) == expected


def test_an_invalid_dashboard_is_refused(aws: EmbeddedAws) -> None:
    put = aws.client("cloudwatch").put_dashboard
    put(DashboardName="a" * 255, DashboardBody='{"widgets": []}')
    with pytest.raises(ClientError, match="there are 1 validation errors"):
        put(DashboardName="board", DashboardBody='{"widgets": [{}]}')
    for name in ("a" * 256, "with.dots"):
        with pytest.raises(ClientError, match="dashboard name"):
            put(DashboardName=name, DashboardBody='{"widgets": []}')
