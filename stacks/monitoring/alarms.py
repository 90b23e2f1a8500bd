"""CloudWatch alarms. Each description states the problem and links to the entry of docs/runbook.md with the steps."""

import math

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from flowsentry.metric_names import PipelineMetric
from stacks.monitoring.metrics import PERIOD_MINUTES, DeploymentMetrics, of_function, of_queue
from stacks.settings.deployment import Deployment

FAILING_PERIODS, EVALUATED_PERIODS = 2, 3
"""The alarm on a function's errors needs errors in two of three periods. Lower: it also fires when a retry succeeded.
Higher: a function that always fails is noticed later."""
STALE_INVENTORY_MINUTES = 30
"""Highest accepted age of the inventory that a processor uses. Lower: a single failed discovery triggers the alarm.
Higher: owners stay outdated for longer before anybody is notified."""
SKIPPED_PERCENT = 1
"""Highest accepted share of SKIPDATA records of a flow log. Lower: the alarm fires for gaps of a busy minute, which the
digest lists. Higher: one record in a hundred may stand for many flows that are missing, without an alarm."""


class Alarms(Construct):
    """All alarms (`alarms`), which notify the alert topic when they start and when they end.

    They evaluate only metrics that are stamped with the current time, because flow log records arrive late.
    """

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment, topic: sns.ITopic) -> None:
        super().__init__(scope, id_)
        self._deployment = deployment
        self.metrics = DeploymentMetrics(deployment)
        self._notification = actions.SnsAction(topic)
        self.alarms: list[cloudwatch.Alarm] = []

    def watch_dead_letters(self, queue_name: str) -> None:
        """Alarm on messages in the dead-letter queue of object events."""
        self.add(
            "dead-letter-queue",
            "Flow logs could not be processed: their object events are in the dead-letter queue.",
            of_queue("ApproximateNumberOfMessagesVisible", queue_name),
        )

    def watch_oldest_object_event(self, queue_name: str) -> None:
        """Alarm on the age of the oldest object event in the queue."""
        minutes = self._deployment.freshness_minutes
        self.add(
            "oldest-object-event",
            f"An object event has waited in the queue for more than {minutes} minutes: objects are read more slowly "
            "than they arrive, or not at all.",
            of_queue("ApproximateAgeOfOldestMessage", queue_name),
            threshold=minutes * 60,
            id_="oldest-notice",
        )

    def watch_function(self, service: str, function_name: str) -> None:
        """Alarm on errors of a function."""
        self.add(
            f"function-errors-{service.replace('_', '-')}",
            f"Invocations of the function {service} failed in {FAILING_PERIODS} of the last {EVALUATED_PERIODS} "
            f"periods of {PERIOD_MINUTES} minutes.",
            of_function("Errors", function_name, "Sum"),
            periods=EVALUATED_PERIODS,
            failing_periods=FAILING_PERIODS,
            runbook_entry="function-errors",
        )

    def watch_lost_payloads(self, function_name: str) -> None:
        """Alarm on failed invocations that Lambda could not store."""
        self.add(
            "failed-invocations-lost",
            "Lambda could not store a CloudWatch Logs payload that stream_processor failed to process: its records are "
            "missing from detection.",
            of_function("DestinationDeliveryFailures", function_name, "Sum"),
        )

    def watch_stream(self, function_name: str) -> None:
        """Alarm on the age of payloads in the data stream."""
        minutes = self._deployment.freshness_minutes
        self.add(
            "iterator-age",
            f"A payload was in the data stream for more than {minutes} minutes before stream_processor read it: "
            "payloads are read more slowly than they arrive, or a failing payload blocks the ones behind it.",
            of_function("IteratorAge", function_name, "Maximum"),
            threshold=minutes * 60 * 1000,
        )

    def watch_freshness(self, service: str) -> None:
        """Alarm on the age of the newest record that a processor has read. Without data its state is INSUFFICIENT_DATA,
        which notifies too. A first deployment has no data yet: the alarm begins in that state, and only a change of
        state notifies.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
        """
        minutes = self._deployment.freshness_minutes
        periods = math.ceil(minutes / PERIOD_MINUTES)
        self.add(
            f"freshness-{service.replace('_', '-')}",
            f"For {minutes} minutes {service} has read only older records (state ALARM), or none (state "
            "INSUFFICIENT_DATA): nothing is being monitored.",
            self.metrics.pipeline("FreshnessSeconds", service, "Minimum"),
            threshold=minutes * 60,
            periods=periods,
            runbook_entry="freshness",
            notifies_without_data=True,
        )

    def watch_flow_logs(self) -> None:
        """Alarms on the scheduled check of each flow log, whose findings and log name them. Without data the check does
        not run: the state INSUFFICIENT_DATA notifies too.
        """
        period = Duration.minutes(max(PERIOD_MINUTES, self._deployment.inventory_minutes))
        self.add(
            "flow-log-silent",
            f"A flow log has delivered no record for {self._deployment.freshness_minutes} minutes, although something "
            "runs in its VPC, or it is gone: the finding flow_log_stopped names it. In the state INSUFFICIENT_DATA the "
            "check itself does not run.",
            self._worst("SilentFlowLogs", period),
            periods=EVALUATED_PERIODS,
            failing_periods=1,
            notifies_without_data=True,
        )
        self.add(
            "flow-log-failed",
            "AWS can't deliver records of a flow log: the finding flow_log_stopped names it and AWS's reason.",
            self._worst("FailedFlowLogs", period),
        )
        self.add(
            "records-skipped",
            f"AWS skipped more than {SKIPPED_PERCENT} % of the records of a flow log in the last two hours: the log of "
            "the inventory function names it.",
            self._worst("SkippedRecordsPercent", period),
            threshold=SKIPPED_PERCENT,
        )

    def watch_throttles(self, service: str, function_name: str) -> None:
        """Alarm on invocations that Lambda rejects for lack of concurrency, again and again; single ones are
        retried.
        """
        self.add(
            f"throttled-{service.replace('_', '-')}",
            f"Lambda throttled {service} in each of the last {EVALUATED_PERIODS} periods of {PERIOD_MINUTES} minutes: "
            "it has reached its concurrency limit, or that of the account.",
            of_function("Throttles", function_name, "Sum"),
            periods=EVALUATED_PERIODS,
            runbook_entry="throttled",
        )

    def watch_inventory(self, queue_name: str) -> None:
        """Alarms on requests that failed too often and on targets whose discovery fails."""
        self.add(
            "inventory-dead-letters",
            "Requests to the inventory failed too often or are invalid: they are in its dead-letter queue.",
            of_queue("ApproximateNumberOfMessagesVisible", queue_name),
        )
        self.add(
            "inventory-target-failed",
            f"The discovery of an account and Region failed in {FAILING_PERIODS} of the last {EVALUATED_PERIODS} "
            f"periods of {PERIOD_MINUTES} minutes: its owners are those of the last successful discovery.",
            self.metrics.pipeline("InventoryTargetsFailed", "inventory"),
            periods=EVALUATED_PERIODS,
            failing_periods=FAILING_PERIODS,
            id_="inventory-place-failed",
        )

    def watch_clusters(self) -> None:
        """Alarm on EKS clusters whose pods can't be listed."""
        self.add(
            "cluster-unreachable",
            f"The pods of an EKS cluster could not be listed in {FAILING_PERIODS} of the last {EVALUATED_PERIODS} "
            f"periods of {PERIOD_MINUTES} minutes: its pods are those of the last successful discovery.",
            self.metrics.pipeline("ClustersFailed", "inventory"),
            periods=EVALUATED_PERIODS,
            failing_periods=FAILING_PERIODS,
        )

    def watch_inventory_age(self, service: str) -> None:
        """Alarm on the age of the inventory that a processor uses. Without data it is OK: no records were processed."""
        self.add(
            f"inventory-stale-{service.replace('_', '-')}",
            f"The inventory that {service} uses was not refreshed for {STALE_INVENTORY_MINUTES} minutes: new "
            "interfaces, and addresses whose owner changed since, have no owner.",
            self.metrics.pipeline("InventoryAgeSeconds", service, "Minimum"),
            threshold=STALE_INVENTORY_MINUTES * 60,
            runbook_entry="inventory-stale",
        )

    def watch_suppressions(self, service: str) -> None:
        """Alarm on suppressions that a processor can't read."""
        self.add(
            f"suppressions-unreadable-{service.replace('_', '-')}",
            f"{service} can't read the suppressions: the last valid version is active, later changes are not.",
            self.metrics.pipeline("SuppressionsUnreadable", service),
            runbook_entry="suppressions-unreadable",
        )

    def watch_stored_objects(self, service: str) -> None:
        """Alarm on stored objects that a function can't read: inventory, log formats, inventory targets, discovery
        claims, GeoIP databases, known services.
        """
        self.add(
            f"stored-object-unreadable-{service.replace('_', '-')}",
            f"{service} can't read one of its stored objects: it uses the last valid version, or none.",
            self.metrics.pipeline("StoredObjectsUnreadable", service),
            runbook_entry="stored-object-unreadable",
        )

    def add(  # noqa: PLR0913 - the properties of an alarm
        self,
        name: str,
        what_is_wrong: str,
        metric: cloudwatch.Metric,
        *,
        threshold: int = 0,
        periods: int = 1,
        failing_periods: int | None = None,
        notifies_without_data: bool = False,
        runbook_entry: str | None = None,
        id_: str | None = None,
    ) -> None:
        """Adds an alarm that fires while the metric is above the threshold. Missing data are within the threshold, or
        notify too.

        The entry of the runbook and the construct id are the alarm's name unless given.
        """
        missing = cloudwatch.TreatMissingData
        alarm = cloudwatch.Alarm(
            self,
            id_ or name,
            alarm_name=f"{self._deployment.name}-{name}",
            alarm_description=f"{what_is_wrong} What to do: docs/runbook.md#{runbook_entry or name}",
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=periods,
            datapoints_to_alarm=failing_periods or periods,
            treat_missing_data=missing.MISSING if notifies_without_data else missing.NOT_BREACHING,
        )
        if notifies_without_data:
            alarm.add_insufficient_data_action(self._notification)
        alarm.add_alarm_action(self._notification)
        alarm.add_ok_action(self._notification)
        self.alarms.append(alarm)

    def _worst(self, name: PipelineMetric, period: Duration) -> cloudwatch.Metric:
        """The highest value of the scheduled check of flow logs in a period, in which it runs at least once."""
        return self.metrics.pipeline(name, "inventory", "Maximum").with_(period=period)
