"""CloudWatch metrics for alarms and dashboards. mypy rejects a name that is not in flowsentry.metric_names."""

from typing import Literal

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from flowsentry.metric_names import NAMESPACE, PipelineMetric, TrafficDimension, TrafficMetric

PERIOD_MINUTES = 5
"""Period of alarms and graphs. Flow logs arrive every five minutes. Lower: gaps in graphs. Higher: late alarms."""

Statistic = Literal["Sum", "Maximum", "Minimum", "Average"]


def traffic(name: TrafficMetric, vpc_id: str) -> cloudwatch.Metric:
    """A traffic metric of one VPC."""
    return _metric(NAMESPACE, name, {"vpc": vpc_id}, "Sum")


def traffic_of_all_vpcs(name: TrafficMetric) -> cloudwatch.SearchExpression:
    """One line for each VPC that had the metric in the last two weeks.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    """
    return _search(name, "vpc", "${PROP('Dim.vpc')}")


def traffic_of_all_transit_gateways(name: TrafficMetric) -> cloudwatch.SearchExpression:
    """One line for each transit gateway that had the metric in the last two weeks."""
    return _search(name, "transit_gateway", "${PROP('Dim.transit_gateway')} ${PROP('MetricName')}")


def _search(name: TrafficMetric, by: TrafficDimension, label: str) -> cloudwatch.SearchExpression:
    search = f"SEARCH('{{{NAMESPACE},{by}}} MetricName=\"{name}\"', 'Sum', {PERIOD_MINUTES * 60})"
    return cloudwatch.SearchExpression(expression=search, label=label, period=Duration.minutes(PERIOD_MINUTES))


def pipeline(name: PipelineMetric, service: str, statistic: Statistic = "Sum") -> cloudwatch.Metric:
    """A pipeline metric of one function."""
    return _metric(NAMESPACE, name, {"service": service}, statistic)


def findings_of(kind: str, service: str, name: PipelineMetric = "FindingsRaised") -> cloudwatch.Metric:
    """A metric of the findings of one kind by one function."""
    return _metric(NAMESPACE, name, {"kind": kind, "service": service}, "Sum")


def of_function(name: str, function_name: str, statistic: Statistic) -> cloudwatch.Metric:
    """A metric that Lambda publishes for a function."""
    return _metric("AWS/Lambda", name, {"FunctionName": function_name}, statistic)


def of_queue(name: str, queue_name: str) -> cloudwatch.Metric:
    """A metric that SQS publishes for a queue, its maximum."""
    return _metric("AWS/SQS", name, {"QueueName": queue_name}, "Maximum")


def _metric(namespace: str, name: str, dimensions: dict[str, str], statistic: Statistic) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=Duration.minutes(PERIOD_MINUTES),
    )
