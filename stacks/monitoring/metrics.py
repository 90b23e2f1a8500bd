"""Metrics as alarms and dashboards name them. A name that flowsentry.metric_names lacks is refused by mypy."""

from typing import Literal

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from flowsentry.metric_names import NAMESPACE, PipelineMetric, TrafficDimension, TrafficMetric

PERIOD_MINUTES = 5
"""What alarms judge at a time, and graphs draw as a point. Flow logs arrive every five minutes: shorter shows gaps."""

Statistic = Literal["Sum", "Maximum", "Minimum", "Average"]


def traffic(name: TrafficMetric, vpc_id: str) -> cloudwatch.Metric:
    return _metric(NAMESPACE, name, {"vpc": vpc_id}, "Sum")


def traffic_of_all_vpcs(name: TrafficMetric) -> cloudwatch.SearchExpression:
    """A line for each VPC that has had the metric within two weeks.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    """
    return _searched(name, "vpc", "${PROP('Dim.vpc')}")


def traffic_of_all_transit_gateways(name: TrafficMetric) -> cloudwatch.SearchExpression:
    """A line for each transit gateway that has had the metric within two weeks."""
    return _searched(name, "transit_gateway", "${PROP('Dim.transit_gateway')} ${PROP('MetricName')}")


def _searched(name: TrafficMetric, by: TrafficDimension, label: str) -> cloudwatch.SearchExpression:
    search = f"SEARCH('{{{NAMESPACE},{by}}} MetricName=\"{name}\"', 'Sum', {PERIOD_MINUTES * 60})"
    return cloudwatch.SearchExpression(expression=search, label=label, period=Duration.minutes(PERIOD_MINUTES))


def pipeline(name: PipelineMetric, service: str, statistic: Statistic = "Sum") -> cloudwatch.Metric:
    return _metric(NAMESPACE, name, {"service": service}, statistic)


def findings_of(kind: str, service: str, name: PipelineMetric = "FindingsRaised") -> cloudwatch.Metric:
    return _metric(NAMESPACE, name, {"kind": kind, "service": service}, "Sum")


def of_function(name: str, function_name: str, statistic: Statistic) -> cloudwatch.Metric:
    return _metric("AWS/Lambda", name, {"FunctionName": function_name}, statistic)


def of_queue(name: str, queue_name: str) -> cloudwatch.Metric:
    return _metric("AWS/SQS", name, {"QueueName": queue_name}, "Maximum")


def _metric(namespace: str, name: str, dimensions: dict[str, str], statistic: Statistic) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=Duration.minutes(PERIOD_MINUTES),
    )
