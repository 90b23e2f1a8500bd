"""The metrics of a deployment as lines of graphs. mypy rejects a name that is not in flowsentry.metric_names."""

from collections.abc import Sequence

from flowsentry.findings.kinds import KINDS
from flowsentry.metric_names import PipelineMetric, TrafficDimension, TrafficMetric, namespace_of
from stacks.monitoring.alarms.row import Statistic
from stacks.monitoring.dashboards.widgets import GRAPH_SECONDS, Expression, Line

PROCESSORS = ("stream_processor", "object_processor")
OF_INVENTORY = "flow_log_stopped"
"""The kind of finding that the inventory function raises; the processors raise all others."""


class MetricLines:
    """The metrics that the functions of one deployment emit, in its own namespace."""

    def __init__(self, deployment: str) -> None:
        self._namespace = namespace_of(deployment)

    def pipeline(
        self, name: PipelineMetric, service: str, statistic: Statistic = "Sum", label: str | None = None
    ) -> Line:
        """A pipeline metric of one function, labelled by its name unless a label is given."""
        return Line(self._namespace, name, {"service": service}, label or name, statistic)

    def each(self, names: Sequence[PipelineMetric], service: str, statistic: Statistic = "Sum") -> list[Line]:
        """Several pipeline metrics of one function."""
        return [self.pipeline(name, service, statistic) for name in names]

    def by_processor(self, name: PipelineMetric, statistic: Statistic = "Sum") -> list[Line]:
        """A pipeline metric of each processor."""
        return [self.pipeline(name, service, statistic, service) for service in PROCESSORS]

    def by_kind(self, name: PipelineMetric, kinds: Sequence[str] = tuple(KINDS)) -> list[Line]:
        """A metric of findings, a line for each kind and each function that raises it."""
        return [
            Line(self._namespace, name, {"kind": kind, "service": service}, f"{kind}, {service}")
            for kind in kinds
            for service in (("inventory",) if kind == OF_INVENTORY else PROCESSORS)
        ]

    def search_parts(self, name: PipelineMetric, by: str) -> Expression:
        """The parts of a metric that has a second dimension, a line for each value and function."""
        search = f"SEARCH('{{\"{self._namespace}\",{by},service}} MetricName=\"{name}\"', 'Sum', {GRAPH_SECONDS})"
        return Expression(search, f"${{PROP('Dim.{by}')}}, ${{PROP('Dim.service')}}")

    def traffic(self, name: TrafficMetric, vpc_ids: Sequence[str] | None) -> list[Line | Expression]:
        """A traffic metric of each of these VPCs; of all that have had it within two weeks for None."""
        if vpc_ids is None:
            return [self.search(name, "vpc", "${PROP('Dim.vpc')}")]
        return [Line(self._namespace, name, {"vpc": vpc_id}, vpc_id) for vpc_id in vpc_ids]

    def search(self, name: TrafficMetric, by: TrafficDimension, label: str) -> Expression:
        """A line for each value of a dimension that had the metric in the last two weeks. The namespace is in quotes,
        as one with other characters than letters and digits needs.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
        """
        search = f"SEARCH('{{\"{self._namespace}\",{by}}} MetricName=\"{name}\"', 'Sum', {GRAPH_SECONDS})"
        return Expression(search, label)

    def accepted_and_rejected(self) -> list[Line | Expression]:
        """The accepted and the rejected flows of all VPCs.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
        """
        flows, rejected = (f"SUM({self.search(name, 'vpc', '').expression})" for name in ("Flows", "RejectedFlows"))
        return [Expression(f"{flows} - {rejected}", "accepted"), Expression(rejected, "rejected")]


def of_function(name: str, function_name: str, statistic: Statistic, label: str) -> Line:
    """A metric that Lambda publishes for a function."""
    return Line("AWS/Lambda", name, {"FunctionName": function_name}, label, statistic)


def of_queue(name: str, queue_name: str, label: str) -> Line:
    """A metric that SQS publishes for a queue, its maximum."""
    return Line("AWS/SQS", name, {"QueueName": queue_name}, label, "Maximum")
