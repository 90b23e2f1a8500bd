"""CloudWatch metrics for alarms and dashboards. mypy rejects a name that is not in flowsentry.metric_names."""

from typing import Literal

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from flowsentry.metric_names import PipelineMetric, TrafficDimension, TrafficMetric, namespace_of
from stacks.settings.deployment import Deployment

PERIOD_MINUTES = 5
"""Period of alarms and graphs. Flow logs arrive every five minutes. Lower: gaps in graphs. Higher: late alarms."""

Statistic = Literal["Sum", "Maximum", "Minimum", "Average"]


class DeploymentMetrics:
    """The metrics that the functions of one deployment emit, in its own namespace."""

    def __init__(self, deployment: Deployment) -> None:
        self._namespace = namespace_of(deployment.name)

    def pipeline(self, name: PipelineMetric, service: str, statistic: Statistic = "Sum") -> cloudwatch.Metric:
        """A pipeline metric of one function."""
        return _metric(self._namespace, name, {"service": service}, statistic)

    def findings_of(self, kind: str, service: str, name: PipelineMetric = "FindingsRaised") -> cloudwatch.Metric:
        """A metric of the findings of one kind by one function."""
        return _metric(self._namespace, name, {"kind": kind, "service": service}, "Sum")

    def traffic(self, name: TrafficMetric, vpc_id: str) -> cloudwatch.Metric:
        """A traffic metric of one VPC."""
        return _metric(self._namespace, name, {"vpc": vpc_id}, "Sum")

    def traffic_of_all_vpcs(self, name: TrafficMetric) -> cloudwatch.SearchExpression:
        """One line for each VPC that had the metric in the last two weeks."""
        return self._search(name, "vpc", "${PROP('Dim.vpc')}")

    def traffic_of_all_transit_gateways(self, name: TrafficMetric) -> cloudwatch.SearchExpression:
        """One line for each transit gateway that had the metric in the last two weeks."""
        return self._search(name, "transit_gateway", "${PROP('Dim.transit_gateway')} ${PROP('MetricName')}")

    def _search(self, name: TrafficMetric, by: TrafficDimension, label: str) -> cloudwatch.SearchExpression:
        """A search in quotes, as a namespace with other characters than letters and digits needs.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
        """
        search = f"SEARCH('{{\"{self._namespace}\",{by}}} MetricName=\"{name}\"', 'Sum', {PERIOD_MINUTES * 60})"
        return cloudwatch.SearchExpression(expression=search, label=label, period=Duration.minutes(PERIOD_MINUTES))


def of_function(name: str, function_name: str, statistic: Statistic) -> cloudwatch.Metric:
    """A metric that Lambda publishes for a function."""
    return _metric("AWS/Lambda", name, {"FunctionName": function_name}, statistic)


def of_queue(name: str, queue_name: str) -> cloudwatch.Metric:
    """A metric that SQS publishes for a queue, its maximum."""
    return _metric("AWS/SQS", name, {"QueueName": queue_name}, "Maximum")


def of_topic(name: str, topic_name: str) -> cloudwatch.Metric:
    """A metric that SNS publishes for a topic, its sum.

    https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    """
    return _metric("AWS/SNS", name, {"TopicName": topic_name}, "Sum")


def _metric(namespace: str, name: str, dimensions: dict[str, str], statistic: Statistic) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=Duration.minutes(PERIOD_MINUTES),
    )
