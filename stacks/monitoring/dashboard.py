"""The first dashboard: the traffic of each VPC, what was found, and how the pipeline is."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from flowsentry.findings.kinds import KINDS
from flowsentry.metric_names import PipelineMetric, TrafficMetric
from stacks.monitoring.metrics import (
    Statistic,
    findings_of,
    of_function,
    of_queue,
    pipeline,
    traffic,
    traffic_of_all_transit_gateways,
    traffic_of_all_vpcs,
)
from stacks.settings.deployment import Deployment

LOST_PACKETS: tuple[TrafficMetric, ...] = (
    "PacketsLostNoRoute",
    "PacketsLostBlackhole",
    "PacketsLostMtuExceeded",
    "PacketsLostTtlExpired",
)
PROCESSORS = ("stream_processor", "object_processor")
THIRD, HEIGHT = 8, 6
"""Of the 24 columns of CloudWatch's grid; and the height of a graph."""


class Dashboard(Construct):
    """One dashboard, its rows in the order of questions: is all well, what was found, what moves, where it sticks."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        self._dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=deployment.name)

    def add_alarms(self, alarms: Sequence[cloudwatch.IAlarm]) -> None:
        self._dashboard.add_widgets(cloudwatch.AlarmStatusWidget(alarms=alarms, title="Alarms", width=24, height=3))

    def add_findings(self) -> None:
        """What was found, what of it was told, and why the rest was not."""
        sent: tuple[PipelineMetric, ...] = ("AlertsPublished", "DigestsPublished", "OverflowsPublished", "AlertsFailed")
        untold: tuple[PipelineMetric, ...] = ("AlertsRateLimited", "AlertsSilenced")
        wrong: tuple[PipelineMetric, ...] = ("PoisonFindings", "ChannelRefusals")
        oldest = pipeline("OldestAlertSeconds", "notifier", "Maximum")
        self._dashboard.add_widgets(
            _graph("Findings by kind", _by_kind("FindingsRaised")),
            _graph("Suppressed findings by kind", _by_kind("FindingsSuppressed")),
            _graph("Messages sent", {name: pipeline(name, "notifier") for name in sent}),
        )
        self._dashboard.add_widgets(
            _graph("Alerts held back and silenced", {name: pipeline(name, "notifier") for name in untold}),
            _graph("Alerts that nobody gets", {name: pipeline(name, "notifier") for name in wrong}),
            _graph("Oldest alert not sent (s)", {"seconds": oldest}),
        )

    def add_traffic(self, vpc_ids: Sequence[str] | None) -> None:
        """Of these VPCs; of whichever there are traffic metrics of, when it is not known which: then transit gateways
        may be among what is logged, and those lose packets.
        """
        titles: dict[TrafficMetric, str] = {
            "Flows": "Flows by VPC",
            "Bytes": "Bytes by VPC",
            "Packets": "Packets by VPC",
            "RejectedFlows": "Rejected flows by VPC",
            "RejectedInboundFlows": "Rejected inbound flows by VPC",
            "RejectedOutboundFlows": "Rejected outbound flows by VPC",
        }
        graphs = [
            _drawn(title, [traffic_of_all_vpcs(name)])
            if vpc_ids is None
            else _graph(title, {vpc_id: traffic(name, vpc_id) for vpc_id in vpc_ids})
            for name, title in titles.items()
        ]
        self._dashboard.add_widgets(*graphs[:3])
        self._dashboard.add_widgets(*graphs[3:])
        if vpc_ids is None:
            lost = [traffic_of_all_transit_gateways(name) for name in LOST_PACKETS]
            self._dashboard.add_widgets(_drawn("Packets lost by transit gateways", lost))

    def add_pipeline(self) -> None:
        self._dashboard.add_widgets(
            _graph("Lines read", _by_processor("Lines")),
            _graph("Rejected lines", _by_processor("RejectedLines")),
            _graph("Age of the newest record (s)", _by_processor("FreshnessSeconds", "Minimum")),
        )
        self._dashboard.add_widgets(
            _graph("Skipped records (SKIPDATA)", _by_processor("SkippedRecords")),
            _graph("Unknown interfaces", _by_processor("UnknownInterfaces")),
            _graph("Poison objects and payloads", _by_processor("PoisonSources")),
        )

    def add_inventory(self, requests: str) -> None:
        """How much is known, how fresh it is, and what could not be looked at."""
        seen: tuple[PipelineMetric, ...] = ("InventoryInterfaces", "UnrecognisedInterfaces", "InventoryAssignments")
        failed: tuple[PipelineMetric, ...] = ("InventoryTargetsFailed", "ClustersFailed", "InventoryNamesMissing")
        self._dashboard.add_widgets(
            _graph("Inventory", {name: pipeline(name, "inventory", "Maximum") for name in seen}),
            _graph("Age of the inventory (s)", _by_processor("InventoryAgeSeconds", "Maximum")),
            _graph("Not looked at", {name: pipeline(name, "inventory") for name in failed}),
        )
        asked: tuple[PipelineMetric, ...] = ("InterfacesRequested", "InterfacesAbsent")
        self._dashboard.add_widgets(
            _graph("Longest look (s)", {"seconds": pipeline("InventorySeconds", "inventory", "Maximum")}),
            _graph("Interfaces looked for", {name: pipeline(name, "inventory") for name in asked}),
            _graph("Requests waiting", {"requests": of_queue("ApproximateNumberOfMessagesVisible", requests)}),
        )

    def add_queues(self, object_events: str, dead_letters: str) -> None:
        self._dashboard.add_widgets(
            _graph("Notices waiting", {"object_events": of_queue("ApproximateNumberOfMessagesVisible", object_events)}),
            _graph("Oldest notice (s)", {"seconds": of_queue("ApproximateAgeOfOldestMessage", object_events)}),
            _graph("Dead letters", {"dead letters": of_queue("ApproximateNumberOfMessagesVisible", dead_letters)}),
        )

    def add_functions(self, function_names: Mapping[str, str]) -> None:
        """`function_names` by service."""

        def each(metric: str, statistic: Statistic) -> dict[str, cloudwatch.Metric]:
            return {service: of_function(metric, name, statistic) for service, name in function_names.items()}

        self._dashboard.add_widgets(
            _graph("Function errors", each("Errors", "Sum")),
            _graph("Longest run (ms)", each("Duration", "Maximum")),
            _graph("Throttles", each("Throttles", "Sum")),
        )

    def add_stream(self, function_name: str) -> None:
        """Of the stream in between, by the function that reads it."""
        self._dashboard.add_widgets(
            _graph("Age of payloads in the stream (ms)", {"age": of_function("IteratorAge", function_name, "Maximum")}),
            _graph("Failed payloads of the stream", {"tries": pipeline("FailedPayloads", "stream_processor")}),
        )


def _by_kind(name: PipelineMetric) -> dict[str, cloudwatch.Metric]:
    return {f"{kind}, {service}": findings_of(kind, service, name) for kind in KINDS for service in PROCESSORS}


def _by_processor(name: PipelineMetric, statistic: Statistic = "Sum") -> dict[str, cloudwatch.Metric]:
    return {service: pipeline(name, service, statistic) for service in PROCESSORS}


def _graph(title: str, metrics: Mapping[str, cloudwatch.Metric]) -> cloudwatch.GraphWidget:
    """`metrics` by the name of their line."""
    return _drawn(title, [metric.with_(label=label) for label, metric in metrics.items()])


def _drawn(title: str, lines: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    from_zero = cloudwatch.YAxisProps(min=0, show_units=False)
    return cloudwatch.GraphWidget(title=title, left=list(lines), left_y_axis=from_zero, width=THIRD, height=HEIGHT)
