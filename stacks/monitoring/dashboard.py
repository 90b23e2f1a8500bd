"""The CloudWatch dashboard: alarms, findings, traffic by VPC, and the health of the pipeline."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from flowsentry.findings.kinds import KINDS
from flowsentry.metric_names import PipelineMetric, TrafficMetric
from stacks.monitoring.metrics import (
    DeploymentMetrics,
    Statistic,
    of_function,
    of_queue,
)
from stacks.settings.deployment import Deployment

LOST_PACKETS: tuple[TrafficMetric, ...] = (
    "PacketsLostNoRoute",
    "PacketsLostBlackhole",
    "PacketsLostMtuExceeded",
    "PacketsLostTtlExpired",
)
PROCESSORS = ("stream_processor", "object_processor")
MAX_LINES = 100
"""VPCs with a line of their own in each graph of traffic. More: no graph can be read, and CloudWatch takes 2,500
metrics of a dashboard. Fewer: a VPC without traffic for two weeks, which a search does not find, has no line.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"""
OF_INVENTORY = "flow_log_stopped"
"""The kind of finding that the inventory function raises; the processors raise all others."""
THIRD, HEIGHT = 8, 6
"""Width of a graph, a third of the 24 columns of CloudWatch's grid; and its height."""


class Dashboard(Construct):
    """One dashboard. Its rows: state of the alarms, findings and alerts, traffic, then each stage of the pipeline."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        self._metrics = DeploymentMetrics(deployment)
        self._dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=deployment.name)

    def add_alarms(self, alarms: Sequence[cloudwatch.IAlarm]) -> None:
        """Adds the state of all alarms."""
        self._dashboard.add_widgets(cloudwatch.AlarmStatusWidget(alarms=alarms, title="Alarms", width=24, height=3))

    def add_findings(self) -> None:
        """Adds graphs of findings, of messages sent, and of alerts that were held back, silenced or not delivered."""
        sent: tuple[PipelineMetric, ...] = ("AlertsPublished", "DigestsPublished", "OverflowsPublished", "AlertsFailed")
        held_back: tuple[PipelineMetric, ...] = ("AlertsRateLimited", "AlertsSilenced", "AlertsPaused")
        undelivered: tuple[PipelineMetric, ...] = ("PoisonFindings", "ChannelRefusals")
        oldest = self._metrics.pipeline("OldestAlertSeconds", "notifier", "Maximum")
        self._dashboard.add_widgets(
            _graph("Findings by kind", self._by_kind("FindingsRaised")),
            _graph("Suppressed findings by kind", self._by_kind("FindingsSuppressed")),
            _graph("Messages sent", {name: self._metrics.pipeline(name, "notifier") for name in sent}),
        )
        self._dashboard.add_widgets(
            _graph(
                "Alerts rate limited, silenced, paused",
                {name: self._metrics.pipeline(name, "notifier") for name in held_back},
            ),
            _graph("Alerts not delivered", {name: self._metrics.pipeline(name, "notifier") for name in undelivered}),
            _graph("Oldest unsent alert (s)", {"seconds": oldest}),
        )

    def add_traffic(self, vpc_ids: Sequence[str] | None) -> None:
        """Adds graphs of the traffic of these VPCs.

        None, or more than MAX_LINES of them: the graphs search for all VPCs that have metrics.
        """
        listed = vpc_ids if vpc_ids is not None and len(vpc_ids) <= MAX_LINES else None
        titles: dict[TrafficMetric, str] = {
            "Flows": "Flows by VPC",
            "Bytes": "Bytes by VPC",
            "Packets": "Packets by VPC",
            "RejectedFlows": "Rejected flows by VPC",
            "RejectedInboundFlows": "Rejected inbound flows by VPC",
            "RejectedOutboundFlows": "Rejected outbound flows by VPC",
        }
        graphs = [
            _graph_of(title, [self._metrics.traffic_of_all_vpcs(name)])
            if listed is None
            else _graph(title, {vpc_id: self._metrics.traffic(name, vpc_id) for vpc_id in listed})
            for name, title in titles.items()
        ]
        self._dashboard.add_widgets(*graphs[:3])
        self._dashboard.add_widgets(*graphs[3:])

    def add_transit_gateways(self) -> None:
        """Adds a graph of the packets that transit gateways lost."""
        lost = [self._metrics.traffic_of_all_transit_gateways(name) for name in LOST_PACKETS]
        self._dashboard.add_widgets(_graph_of("Packets lost by transit gateways", lost))

    def add_pipeline(self) -> None:
        """Adds graphs of the records that the processors read, rejected or skipped."""
        self._dashboard.add_widgets(
            _graph("Lines read", self._by_processor("Lines")),
            _graph("Rejected lines", self._by_processor("RejectedLines")),
            _graph("Age of the newest record (s)", self._by_processor("FreshnessSeconds", "Minimum")),
        )
        self._dashboard.add_widgets(
            _graph("Skipped records (SKIPDATA)", self._by_processor("SkippedRecords")),
            _graph("Unknown interfaces", self._by_processor("UnknownInterfaces")),
            _graph("Poison objects and payloads", self._by_processor("PoisonSources")),
        )

    def add_inventory(self, requests: str) -> None:
        """Adds graphs of the size and age of the inventory, failed discoveries, and requests."""
        known: tuple[PipelineMetric, ...] = ("InventoryInterfaces", "UnrecognisedInterfaces", "InventoryAssignments")
        failed: tuple[PipelineMetric, ...] = ("InventoryTargetsFailed", "ClustersFailed", "InventoryNamesMissing")
        self._dashboard.add_widgets(
            _graph("Inventory", {name: self._metrics.pipeline(name, "inventory", "Maximum") for name in known}),
            _graph("Age of the inventory (s)", self._by_processor("InventoryAgeSeconds", "Maximum")),
            _graph("Targets not discovered", {name: self._metrics.pipeline(name, "inventory") for name in failed}),
        )
        requested: tuple[PipelineMetric, ...] = ("InterfacesRequested", "InterfacesAbsent")
        self._dashboard.add_widgets(
            _graph(
                "Longest discovery (s)", {"seconds": self._metrics.pipeline("InventorySeconds", "inventory", "Maximum")}
            ),
            _graph("Interfaces requested", {name: self._metrics.pipeline(name, "inventory") for name in requested}),
            _graph(
                "Inventory requests waiting", {"requests": of_queue("ApproximateNumberOfMessagesVisible", requests)}
            ),
        )

    def add_flow_logs(self) -> None:
        """Adds graphs of the scheduled check of each flow log."""

        def highest(name: PipelineMetric) -> cloudwatch.Metric:
            return self._metrics.pipeline(name, "inventory", "Maximum")

        stopped: tuple[PipelineMetric, ...] = ("SilentFlowLogs", "FailedFlowLogs")
        self._dashboard.add_widgets(
            _graph("Flow logs that stopped", {name: highest(name) for name in stopped}),
            _graph("Highest share of skipped records (%)", {"percent": highest("SkippedRecordsPercent")}),
            _graph("VPCs without flow log", {"VPCs": highest("VpcsWithoutFlowLog")}),
        )

    def add_queues(self, object_events: str, dead_letters: str) -> None:
        """Adds graphs of the queue of object events and its dead-letter queue."""
        self._dashboard.add_widgets(
            _graph(
                "Object events waiting",
                {"object events": of_queue("ApproximateNumberOfMessagesVisible", object_events)},
            ),
            _graph("Oldest object event (s)", {"seconds": of_queue("ApproximateAgeOfOldestMessage", object_events)}),
            _graph("Dead letters", {"dead letters": of_queue("ApproximateNumberOfMessagesVisible", dead_letters)}),
        )

    def add_functions(self, function_names: Mapping[str, str]) -> None:
        """Adds graphs of errors, duration and throttles; `function_names` is by service."""

        def each(metric: str, statistic: Statistic) -> dict[str, cloudwatch.Metric]:
            return {service: of_function(metric, name, statistic) for service, name in function_names.items()}

        self._dashboard.add_widgets(
            _graph("Function errors", each("Errors", "Sum")),
            _graph("Longest invocation (ms)", each("Duration", "Maximum")),
            _graph("Throttles", each("Throttles", "Sum")),
        )

    def add_stream(self, function_name: str) -> None:
        """Adds graphs of the Kinesis data stream, from the metrics of the function that reads it."""
        self._dashboard.add_widgets(
            _graph(
                "Age of payloads in the data stream (ms)", {"age": of_function("IteratorAge", function_name, "Maximum")}
            ),
            _graph(
                "Failed payloads of the data stream",
                {"attempts": self._metrics.pipeline("FailedPayloads", "stream_processor")},
            ),
        )

    def _by_kind(self, name: PipelineMetric) -> dict[str, cloudwatch.Metric]:
        return {
            f"{kind}, {service}": self._metrics.findings_of(kind, service, name)
            for kind in KINDS
            for service in (("inventory",) if kind == OF_INVENTORY else PROCESSORS)
        }

    def _by_processor(self, name: PipelineMetric, statistic: Statistic = "Sum") -> dict[str, cloudwatch.Metric]:
        return {service: self._metrics.pipeline(name, service, statistic) for service in PROCESSORS}


def _graph(title: str, metrics: Mapping[str, cloudwatch.Metric]) -> cloudwatch.GraphWidget:
    """A graph with one line for each metric, labelled by its key."""
    return _graph_of(title, [metric.with_(label=label) for label, metric in metrics.items()])


def _graph_of(title: str, lines: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    from_zero = cloudwatch.YAxisProps(min=0, show_units=False)
    return cloudwatch.GraphWidget(title=title, left=list(lines), left_y_axis=from_zero, width=THIRD, height=HEIGHT)
