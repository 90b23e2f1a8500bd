"""CloudWatch metrics for alarms. mypy rejects a name that is not in flowsentry.metric_names."""

from typing import Literal

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from flowsentry.metric_names import PipelineMetric, namespace_of
from stacks.settings.deployment import Deployment

PERIOD_MINUTES = 5
"""Period of alarms. Flow logs arrive every five minutes. Lower: periods without data. Higher: late alarms."""

Statistic = Literal["Sum", "Maximum", "Minimum", "Average"]


class DeploymentMetrics:
    """The metrics that the functions of one deployment emit, in its own namespace."""

    def __init__(self, deployment: Deployment) -> None:
        self._namespace = namespace_of(deployment.name)

    def pipeline(self, name: PipelineMetric, service: str, statistic: Statistic = "Sum") -> cloudwatch.Metric:
        """A pipeline metric of one function."""
        return _metric(self._namespace, name, {"service": service}, statistic)


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
