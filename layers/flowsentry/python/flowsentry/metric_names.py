"""Names, units and meanings of all metrics that the functions emit, dashboards show and alarms watch."""

from enum import StrEnum
from typing import Literal, NamedTuple

NAMESPACE = "Flowsentry"
"""The namespace of metrics that no deployment emits, such as those of a replay; see `namespace_of`."""

PipelineMetric = Literal[
    "Lines",
    "Records",
    "NoDataRecords",
    "SkippedRecords",
    "FutureRecords",
    "RejectedLines",
    "RejectsSeen",
    "UnknownFields",
    "UnknownInterfaces",
    "FindingsRaised",
    "FindingsSuppressed",
    "SuppressionsUnreadable",
    "FreshnessSeconds",
    "ControlMessages",
    "S3TestEvents",
    "IgnoredObjectEvents",
    "IgnoredObjects",
    "RecoveredPayloads",
    "FailedPayloads",
    "DuplicateObjects",
    "PoisonSources",
    "RetriedObjectEvents",
    "PostponedObjectEvents",
    "InterruptedObjects",
    "StoredObjectsUnreadable",
    "IdempotencyUnavailable",
    "InventoryMissing",
    "InventoryAgeSeconds",
    "InventoryRequestsFailed",
    "GeoDatabasesMissing",
    "MeasurementsTooOld",
    "MeasurementsTooNew",
    "MeasurementsUnnameable",
    "InventoryInterfaces",
    "UnrecognisedInterfaces",
    "InventoryAssignments",
    "InventorySeconds",
    "InventoryTargetsFailed",
    "InventoryNamesMissing",
    "ClustersFailed",
    "InterfacesRequested",
    "InterfacesAbsent",
    "SilentFlowLogs",
    "FailedFlowLogs",
    "SkippedRecordsPercent",
    "VpcsWithoutFlowLog",
    "AlertsPublished",
    "AlertsSilenced",
    "AlertsRateLimited",
    "OverflowsPublished",
    "PoisonFindings",
    "ChannelRefusals",
    "DigestsPublished",
    "AlertsFailed",
    "OldestAlertSeconds",
    "AlertsPaused",
    "AlertTopicsWithoutSubscription",
    "CanarySeconds",
    "CanariesLost",
    "RuleUsageDaysBehind",
]
"""Stamped with the current time; alarms watch only these. Dimension: `service`, the function."""

TrafficMetric = Literal[
    "Flows",
    "Bytes",
    "Packets",
    "RejectedFlows",
    "RejectedInboundFlows",
    "RejectedOutboundFlows",
    "PacketsLostNoRoute",
    "PacketsLostBlackhole",
    "PacketsLostMtuExceeded",
    "PacketsLostTtlExpired",
    "ChargedBytes",
]
"""Stamped with the minute of the records, ChargedBytes with five minutes, for dashboards."""

TrafficDimension = Literal["vpc", "transit_gateway", "path"]
"""What logged the traffic, or the path on which AWS charges it (records.charged_paths.BILLED_PATHS)."""


class Unit(StrEnum):
    """The units in use, by CloudWatch's names."""

    COUNT = "Count"
    BYTES = "Bytes"
    SECONDS = "Seconds"
    PERCENT = "Percent"


class Metric(NamedTuple):
    """Unit and meaning of a metric, and the dimension, if any, by which it is emitted a second time."""

    unit: Unit
    meaning: str
    by: str | None = None


PIPELINE_METRICS: dict[PipelineMetric, Metric] = {
    "Lines": Metric(Unit.COUNT, "Lines read"),
    "Records": Metric(Unit.COUNT, "Records of traffic"),
    "NoDataRecords": Metric(Unit.COUNT, "NODATA records: an interface had no traffic in the interval"),
    "SkippedRecords": Metric(
        Unit.COUNT, "SKIPDATA records: AWS left out an unknown number of flows; the log names the `interface`"
    ),
    "FutureRecords": Metric(Unit.COUNT, "Records whose end is more than 5 minutes in the future: a clock is wrong"),
    "RejectedLines": Metric(Unit.COUNT, "Lines that are not valid records", by="reason"),
    "RejectsSeen": Metric(Unit.COUNT, "Rejected flows, at the time of processing"),
    "UnknownFields": Metric(Unit.COUNT, "Field names that this version does not know; their values are kept as text"),
    "UnknownInterfaces": Metric(Unit.COUNT, "Interfaces that are not in the inventory"),
    "FindingsRaised": Metric(Unit.COUNT, "New findings that are not suppressed", by="kind"),
    "FindingsSuppressed": Metric(Unit.COUNT, "New findings that are suppressed, so that no alert is sent", by="kind"),
    "SuppressionsUnreadable": Metric(
        Unit.COUNT, "Failed reloads of the suppressions; the last valid version is active. The log has the reason"
    ),
    "FreshnessSeconds": Metric(Unit.SECONDS, "Age of the newest record of a batch at the time of processing"),
    "ControlMessages": Metric(Unit.COUNT, "Control messages of CloudWatch Logs, ignored"),
    "S3TestEvents": Metric(Unit.COUNT, "Test events of S3, acknowledged"),
    "IgnoredObjectEvents": Metric(Unit.COUNT, "Object events about anything but a new object, acknowledged"),
    "IgnoredObjects": Metric(Unit.COUNT, "New objects that are not flow logs, ignored"),
    "RecoveredPayloads": Metric(
        Unit.COUNT, "CloudWatch Logs payloads that came back through the queue: set aside, or failed three times"
    ),
    "FailedPayloads": Metric(
        Unit.COUNT, "Payloads of a Kinesis batch that were set aside or failed; each attempt counts"
    ),
    "DuplicateObjects": Metric(Unit.COUNT, "Objects delivered again and not processed again"),
    "PoisonSources": Metric(
        Unit.COUNT, "Objects, payloads and messages that cannot be processed, set aside", by="reason"
    ),
    "RetriedObjectEvents": Metric(Unit.COUNT, "Object events whose processing failed and is retried"),
    "PostponedObjectEvents": Metric(
        Unit.COUNT,
        "Object events returned to the queue because the run had no time left, perhaps after a part of the object, or "
        "because a suspect is processed alone",
    ),
    "InterruptedObjects": Metric(
        Unit.COUNT,
        "Objects processed again after a run ended on them by time-out, memory or a crash; the third in the same part "
        "sets them aside",
    ),
    "StoredObjectsUnreadable": Metric(
        Unit.COUNT,
        "Reads of a stored object (inventory, log formats, a table item) that is invalid; the log says which",
        by="object",
    ),
    "IdempotencyUnavailable": Metric(Unit.COUNT, "Objects processed while the idempotency table was unavailable"),
    "InventoryMissing": Metric(Unit.COUNT, "Batches processed without an inventory, so without owners"),
    "InventoryAgeSeconds": Metric(
        Unit.SECONDS, "Age of the newest discovery of any target, in the snapshot that names a batch's owners"
    ),
    "InventoryRequestsFailed": Metric(
        Unit.COUNT, "Batches whose unknown interfaces could not be requested from the inventory"
    ),
    "GeoDatabasesMissing": Metric(
        Unit.COUNT, "Geographic databases that were missing or outdated for a batch; the log has the reason"
    ),
    "MeasurementsTooOld": Metric(Unit.COUNT, "Measured minutes more than 14 days ago, which CloudWatch rejects"),
    "MeasurementsTooNew": Metric(
        Unit.COUNT, "Measured minutes more than 2 hours in the future, which CloudWatch rejects"
    ),
    "MeasurementsUnnameable": Metric(
        Unit.COUNT, "Measured minutes whose VPC has a name that CloudWatch rejects; summed up as `other`"
    ),
    "InventoryInterfaces": Metric(Unit.COUNT, "Interfaces and pods found by a discovery"),
    "UnrecognisedInterfaces": Metric(Unit.COUNT, "Discovered interfaces without a known owner"),
    "InventoryAssignments": Metric(Unit.COUNT, "Rows of the snapshot just written: an address and its owner"),
    "InventorySeconds": Metric(Unit.SECONDS, "Duration of the longest discovery of a target"),
    "InventoryTargetsFailed": Metric(
        Unit.COUNT, "Accounts and Regions whose discovery failed; the log names the `target`"
    ),
    "InventoryNamesMissing": Metric(
        Unit.COUNT,
        "Failed optional calls of a discovery, so that names, routes or rules are missing; the log names the `call`",
    ),
    "ClustersFailed": Metric(Unit.COUNT, "Clusters whose pods could not be listed; the log names the `cluster`"),
    "InterfacesRequested": Metric(Unit.COUNT, "Unknown interfaces that the inventory searched"),
    "InterfacesAbsent": Metric(Unit.COUNT, "Searched interfaces that no target has"),
    "SilentFlowLogs": Metric(
        Unit.COUNT,
        "Flow logs without records although something runs in their resource, and missing flow logs",
    ),
    "FailedFlowLogs": Metric(Unit.COUNT, "Flow logs of which AWS reports that it can't deliver records"),
    "SkippedRecordsPercent": Metric(
        Unit.PERCENT, "The highest share of SKIPDATA records of a flow log in its last two hours; the log names it"
    ),
    "VpcsWithoutFlowLog": Metric(
        Unit.COUNT, "VPCs with network interfaces and no flow log that is read here; the log names them"
    ),
    "AlertsPublished": Metric(Unit.COUNT, "Alerts sent to the topic"),
    "AlertsSilenced": Metric(
        Unit.COUNT, "Findings not delivered, because an earlier finding of their thread was acknowledged or snoozed"
    ),
    "AlertsRateLimited": Metric(Unit.COUNT, "Alerts over the rate limit, left for a summary"),
    "OverflowsPublished": Metric(Unit.COUNT, "Summaries of alerts over the rate limit, sent to the topic"),
    "PoisonFindings": Metric(Unit.COUNT, "Items of the outbox that cannot be rendered, quarantined", by="where"),
    "ChannelRefusals": Metric(
        Unit.COUNT,
        "Messages that a channel other than the topic refused permanently; they are not sent to it again",
        by="channel",
    ),
    "DigestsPublished": Metric(Unit.COUNT, "Digests sent to the topic"),
    "AlertsFailed": Metric(Unit.COUNT, "Alerts that could not be delivered to every channel; they stay in the outbox"),
    "OldestAlertSeconds": Metric(Unit.SECONDS, "Age of the oldest alert still in the outbox"),
    "AlertsPaused": Metric(Unit.COUNT, "Sweeps, one a minute, in which alerts were paused"),
    "AlertTopicsWithoutSubscription": Metric(
        Unit.COUNT, "Topics of alerts, digests or chats without a confirmed subscription, counted in each sweep"
    ),
    "CanarySeconds": Metric(Unit.SECONDS, "Time from a canary record to its test alert"),
    "CanariesLost": Metric(Unit.COUNT, "Canary records that could not be written, or of which no finding came"),
    "RuleUsageDaysBehind": Metric(
        Unit.COUNT, "Ended days with records whose rule usage is not written when an hourly run ends"
    ),
}

TRAFFIC_METRICS: dict[TrafficMetric, Metric] = {
    "Flows": Metric(Unit.COUNT, "Flows, each counted once"),
    "Bytes": Metric(Unit.BYTES, "Bytes, each counted once"),
    "Packets": Metric(Unit.COUNT, "Packets, each counted once"),
    "RejectedFlows": Metric(Unit.COUNT, "Flows rejected by a rule"),
    "RejectedInboundFlows": Metric(Unit.COUNT, "Inbound flows rejected by a rule"),
    "RejectedOutboundFlows": Metric(Unit.COUNT, "Outbound flows rejected by a rule"),
    "PacketsLostNoRoute": Metric(Unit.COUNT, "Packets lost for lack of a route"),
    "PacketsLostBlackhole": Metric(Unit.COUNT, "Packets lost to a blackhole route"),
    "PacketsLostMtuExceeded": Metric(Unit.COUNT, "Packets lost because they exceeded the MTU"),
    "PacketsLostTtlExpired": Metric(Unit.COUNT, "Packets lost because their TTL expired"),
    "ChargedBytes": Metric(
        Unit.BYTES,
        "Bytes that AWS charges on a path, each counted once on it; those between zones for which only one end pays "
        "count half",
    ),
}

TRAFFIC_METRICS_BY: dict[TrafficDimension, tuple[TrafficMetric, ...]] = {
    "vpc": ("Flows", "Bytes", "Packets", "RejectedFlows", "RejectedInboundFlows", "RejectedOutboundFlows"),
    "transit_gateway": (
        *("Flows", "Bytes", "Packets", "PacketsLostNoRoute", "PacketsLostBlackhole"),
        *("PacketsLostMtuExceeded", "PacketsLostTtlExpired"),
    ),
    "path": ("ChargedBytes",),
}
"""The metrics of each dimension; each costs a custom metric. A transit gateway rejects nothing, a VPC loses nothing.
There are at most seven paths in a deployment, however many VPCs it has."""


def namespace_of(deployment: str) -> str:
    """The namespace of a deployment's metrics: two deployments of an account and Region share none.

    A dimension would do the same for the same price: CloudWatch bills a metric for each namespace, name and set of
    dimensions, of which there are as many either way. But a search by namespace can't match another deployment.
    """
    return f"{NAMESPACE}/{deployment}"
