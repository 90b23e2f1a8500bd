"""Metric filters: CloudWatch Logs counts the records that meet a condition.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-metricfilter.html
"""

from collections.abc import Iterator, Mapping

from aws_cdk import Annotations
from aws_cdk import aws_logs as logs
from constructs import Construct

from flowsentry.metric_names import namespace_of
from stacks.log_queries.filter_patterns import conditions_of, missing_for, pattern_of
from stacks.log_queries.log_groups import FlowLogGroup, of_unknown_formats
from stacks.settings.deployment import Deployment
from stacks.settings.logged.log_queries import MetricFilter

PERIOD_MINUTES = 5
"""The period of the metrics: the setting `above` is a number of records in five minutes."""


class MetricFilters(Construct):
    """The metric filters of the settings, for each log group whose format has the fields that they need.

    A metric has no dimensions, because only fields of the records can be dimensions, and each value is a metric of its
    own. It has no default value either: without records that match it costs nothing.
    """

    def __init__(
        self, scope: Construct, id_: str, *, deployment: Deployment, log_group_names: Mapping[FlowLogGroup, str]
    ) -> None:
        super().__init__(scope, id_)
        self._deployment = deployment
        for group, name in log_group_names.items():
            for wanted in deployment.metric_filters:
                self._count(group, name, wanted)
        for name in of_unknown_formats(deployment) if deployment.metric_filters else ():
            Annotations.of(self).add_info(f"metric filters of {name}: none, because its log_formats are not set")

    def _count(self, group: FlowLogGroup, log_group_name: str, wanted: MetricFilter) -> None:
        namespace, metric_name = metric_filter_namespace(self._deployment.name), metric_filter_name(group, wanted)
        for part, pattern in self._patterns(group, wanted):
            logs.CfnMetricFilter(
                self,
                f"{group.id}-{part}-{wanted.name}",
                filter_name="-".join([self._deployment.name, wanted.name, *([part] if part else [])]),
                log_group_name=log_group_name,
                filter_pattern=pattern,
                metric_transformations=[
                    logs.CfnMetricFilter.MetricTransformationProperty(
                        metric_namespace=namespace, metric_name=metric_name, metric_value="1"
                    )
                ],
            )

    def _patterns(self, group: FlowLogGroup, wanted: MetricFilter) -> Iterator[tuple[str, str]]:
        for part, log_format, _ in group.formats:
            if missing := missing_for(wanted, log_format):
                where = "/".join([group.label, *([part] if part else [])])
                Annotations.of(self).add_info(f"metric filter {wanted.name} of {where} needs {', '.join(missing)}")
            else:
                yield part, pattern_of(log_format, conditions_of(wanted))


def metric_filter_namespace(deployment_name: str) -> str:
    """The namespace of the metrics of metric filters, apart from those that the functions emit."""
    return f"{namespace_of(deployment_name)}/metric-filters"


def metric_filter_name(group: FlowLogGroup, wanted: MetricFilter) -> str:
    """The name of the metric of a filter of a log group."""
    return f"{group.label}-{wanted.name}"
