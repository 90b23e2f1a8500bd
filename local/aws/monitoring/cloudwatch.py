"""CloudWatch: metrics from log lines, functions and queues, and the resource types that moto does not support.

Embedded metric format:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from local.aws.compute.runtime_interface import Answer
from local.aws.deployment.cloudformation import ResourceType
from local.aws.monitoring.embedded_format import defects_of
from local.aws.settings import ACCOUNT

Datum = dict[str, Any]


def extract(region: str, message: str, timestamp_ms: int) -> None:
    """Stores the metrics of a line in embedded metric format. Other lines, and lines that CloudWatch would reject, are
    ignored.
    """
    if '"_aws"' not in message:
        return
    try:
        line = json.loads(message)
    except ValueError:
        return
    if isinstance(line, dict) and not defects_of(line):
        for namespace, data in embedded_metrics(line, timestamp_ms):
            put(region, namespace, data)


def embedded_metrics(line: Mapping[str, Any], timestamp_ms: int) -> Iterator[tuple[str, list[Datum]]]:
    """The namespace and data of each directive: one datum for each metric and dimension set."""
    metadata = line.get("_aws") or {}
    stamp = dt.datetime.fromtimestamp(metadata.get("Timestamp", timestamp_ms) / 1000, tz=dt.UTC).replace(tzinfo=None)
    for directive in metadata.get("CloudWatchMetrics", []):
        sets = directive.get("Dimensions") or [[]]
        data = [
            _datum(metric, line[metric["Name"]], {name: str(line[name]) for name in names if name in line}, stamp)
            for metric in directive.get("Metrics", [])
            if metric["Name"] in line
            for names in sets
        ]
        if data:
            yield directive["Namespace"], data


def datum_at(name: str, value: float, timestamp_ms: int) -> Datum:
    """A datum without dimensions, at a time."""
    stamp = dt.datetime.fromtimestamp(timestamp_ms / 1000, tz=dt.UTC).replace(tzinfo=None)
    return _datum({"Name": name}, value, {}, stamp)


def _datum(metric: Mapping[str, Any], value: Any, dimensions: Mapping[str, str], stamp: dt.datetime) -> Datum:
    return {
        "MetricName": metric["Name"],
        "Dimensions": [{"Name": name, "Value": text} for name, text in dimensions.items()],
        "Timestamp": stamp,
        "Unit": metric.get("Unit", "None"),
        "Values": value if isinstance(value, list) else [value],
    }


def put(region: str, namespace: str, data: Sequence[Datum]) -> None:
    """Stores the data in CloudWatch."""
    cloudwatch_backends[ACCOUNT][region].put_metric_data(namespace, list(data))


def count_invocation(region: str, function_name: str, answer: Answer) -> None:
    """Stores Lambda's metrics of an invocation, which moto does not create."""
    metrics = (
        ("Invocations", "Count", 1),
        ("Errors", "Count", int(answer.is_error)),
        ("Duration", "Milliseconds", answer.seconds * 1000),
    )
    now = dt.datetime.now(tz=dt.UTC).replace(tzinfo=None)
    dimensions = {"FunctionName": function_name}
    put(
        region,
        "AWS/Lambda",
        [_datum({"Name": name, "Unit": unit}, value, dimensions, now) for name, unit, value in metrics],
    )


def gauge(region: str, namespace: str, dimensions: Mapping[str, str], values: Mapping[str, float]) -> None:
    """Stores metrics that a service publishes about one of its resources, with the current time."""
    now = dt.datetime.now(tz=dt.UTC).replace(tzinfo=None)
    put(
        region,
        namespace,
        [_datum({"Name": name, "Unit": "Count"}, value, dimensions, now) for name, value in values.items()],
    )


class Alarm(ResourceType):
    """moto's CloudFormation does not support this type."""

    type_name = "AWS::CloudWatch::Alarm"
    name_property = "AlarmName"

    def create(self) -> str:
        properties = {key: value for key, value in self.properties.items() if key != "AlarmName"}
        self.client("cloudwatch").put_metric_alarm(AlarmName=self.name, **_numbers(properties))
        return self.name

    def delete(self) -> None:
        self.client("cloudwatch").delete_alarms(AlarmNames=[self.name])

    def attributes(self) -> Mapping[str, str]:
        return {"Arn": f"arn:aws:cloudwatch:{self.region}:{ACCOUNT}:alarm:{self.name}"}


class CompositeAlarm(Alarm):
    """moto's CloudFormation does not support this type."""

    type_name = "AWS::CloudWatch::CompositeAlarm"

    def create(self) -> str:
        properties = {key: value for key, value in self.properties.items() if key != "AlarmName"}
        self.client("cloudwatch").put_composite_alarm(AlarmName=self.name, **properties)
        return self.name


def _numbers(properties: Mapping[str, Any]) -> dict[str, Any]:
    whole = {"EvaluationPeriods", "DatapointsToAlarm", "Period"}
    return {key: int(value) if key in whole else value for key, value in properties.items()}


class InsightRule(ResourceType):
    """moto's CloudFormation does not support this type."""

    type_name = "AWS::CloudWatch::InsightRule"
    name_property = "RuleName"

    def create(self) -> str:
        self.client("cloudwatch").put_insight_rule(
            RuleName=self.name,
            RuleDefinition=self.properties["RuleBody"],
            RuleState=self.properties.get("RuleState", "ENABLED"),
        )
        return self.name

    def delete(self) -> None:
        self.client("cloudwatch").delete_insight_rules(RuleNames=[self.name])
