"""The alarms. Each says what is wrong, and which entry of docs/runbook.md says what to do."""

import math

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.monitoring.metrics import PERIOD_MINUTES, of_function, of_queue, pipeline
from stacks.settings.deployment import Deployment

FAILED_PERIODS, FAILED_OF_PERIODS = 2, 3
"""A function's errors alarm when two of three periods have some. Fewer: a retry that worked wakes somebody. More: a
function that fails always is found later."""
STALE_INVENTORY_MINUTES = 30
"""How old the inventory may be that a batch is named by. Less: one run that failed rings. More: for longer, owners are
those of before."""
LATE_ALERT_MINUTES = 30
"""How late an alert may be. Less: an outage of SNS that the outbox gets over by itself alarms. More: people hear later
that they hear nothing."""


class Alarms(Construct):
    """`alarms`, all of which tell the topic. Only metrics stamped with now are judged: records come late."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment, topic: sns.ITopic) -> None:
        super().__init__(scope, id_)
        self._deployment = deployment
        self._tell = actions.SnsAction(topic)
        self.alarms: list[cloudwatch.Alarm] = []

    def watch_dead_letters(self, queue_name: str) -> None:
        self._alarm(
            "dead-letter-queue",
            "Flow logs could not be processed: their notices are in the dead-letter queue and wait for a person.",
            of_queue("ApproximateNumberOfMessagesVisible", queue_name),
        )

    def watch_oldest_object_event(self, queue_name: str) -> None:
        minutes = self._deployment.freshness_minutes
        self._alarm(
            "oldest-notice",
            f"A notice of new flow logs has waited for more than {minutes} minutes: objects are not read as fast as "
            "they come, or not at all.",
            of_queue("ApproximateAgeOfOldestMessage", queue_name),
            threshold=minutes * 60,
        )

    def watch_function(self, service: str, function_name: str) -> None:
        self._alarm(
            f"function-errors-{service.replace('_', '-')}",
            f"The function {service} failed in {FAILED_PERIODS} of the last {FAILED_OF_PERIODS} periods of "
            f"{PERIOD_MINUTES} minutes.",
            of_function("Errors", function_name, "Sum"),
            periods=FAILED_OF_PERIODS,
            of_them=FAILED_PERIODS,
            entry="function-errors",
        )

    def watch_kept_failures(self, function_name: str) -> None:
        self._alarm(
            "failed-invocations-lost",
            "Lambda could not keep a CloudWatch Logs payload that stream_processor failed on: its records are lost to "
            "detection.",
            of_function("DestinationDeliveryFailures", function_name, "Sum"),
        )

    def watch_stream(self, function_name: str) -> None:
        minutes = self._deployment.freshness_minutes
        self._alarm(
            "iterator-age",
            f"A payload was in the stream for more than {minutes} minutes before stream_processor read it: payloads "
            "are not read as fast as they come, or one holds up those behind it.",
            of_function("IteratorAge", function_name, "Maximum"),
            threshold=minutes * 60 * 1000,
        )

    def watch_freshness(self, service: str) -> None:
        """Silence is a breach: no news is what this alarm is for."""
        minutes = self._deployment.freshness_minutes
        periods = math.ceil(minutes / PERIOD_MINUTES)
        self._alarm(
            f"freshness-{service.replace('_', '-')}",
            f"For {minutes} minutes {service} has read no record, or none younger than that: nothing is being watched.",
            pipeline("FreshnessSeconds", service, "Minimum"),
            threshold=minutes * 60,
            periods=periods,
            missing=cloudwatch.TreatMissingData.BREACHING,
            entry="freshness",
        )

    def watch_inventory(self, queue_name: str) -> None:
        """What the inventory function counts: what it could not see, and what nobody could answer."""
        self._alarm(
            "inventory-dead-letters",
            "Requests to the inventory could not be answered, or were none: they wait for a person.",
            of_queue("ApproximateNumberOfMessagesVisible", queue_name),
        )
        self._alarm(
            "inventory-place-failed",
            f"An account or region of the inventory could not be looked at in {FAILED_PERIODS} of the last "
            f"{FAILED_OF_PERIODS} periods of {PERIOD_MINUTES} minutes: its owners are those of before.",
            pipeline("InventoryTargetsFailed", "inventory"),
            periods=FAILED_OF_PERIODS,
            of_them=FAILED_PERIODS,
        )

    def watch_clusters(self) -> None:
        self._alarm(
            "cluster-unreachable",
            f"A Kubernetes cluster could not be asked for its pods in {FAILED_PERIODS} of the last "
            f"{FAILED_OF_PERIODS} periods of {PERIOD_MINUTES} minutes: its pods are those of before.",
            pipeline("ClustersFailed", "inventory"),
            periods=FAILED_OF_PERIODS,
            of_them=FAILED_PERIODS,
        )

    def watch_staleness(self, service: str) -> None:
        """Of the inventory as a processor sees it. Silence is no breach: what is not read needs no owners."""
        self._alarm(
            f"inventory-stale-{service.replace('_', '-')}",
            f"{service} names owners by an inventory for which nobody has looked for {STALE_INVENTORY_MINUTES} "
            "minutes: new ones are not named, and addresses that changed hands are nobody's.",
            pipeline("InventoryAgeSeconds", service, "Minimum"),
            threshold=STALE_INVENTORY_MINUTES * 60,
            entry="inventory-stale",
        )

    def watch_alerts(self) -> None:
        self._alarm(
            "alerts-not-sent",
            f"An alert has waited in the outbox for more than {LATE_ALERT_MINUTES} minutes: people are not being told.",
            pipeline("OldestAlertSeconds", "notifier", "Maximum"),
            threshold=LATE_ALERT_MINUTES * 60,
        )

    def watch_outbox(self) -> None:
        """What is given up for good; the rest of the alerts goes on."""
        self._alarm(
            "poison-findings",
            "An item of the outbox holds no finding that a message can be made of: it was set aside, and nobody is "
            "told of it.",
            pipeline("PoisonFindings", "notifier"),
        )
        self._alarm(
            "channel-refused",
            "A chat topic, event bus or Security Hub refused an alert for good: whoever reads there was not told. The "
            "topic of alerts was.",
            pipeline("ChannelRefusals", "notifier"),
        )

    def watch_suppressions(self, service: str) -> None:
        self._alarm(
            f"suppressions-unreadable-{service.replace('_', '-')}",
            f"{service} can't read the suppressions: the last good ones hold, and what was changed since does not.",
            pipeline("SuppressionsUnreadable", service),
            entry="suppressions-unreadable",
        )

    def watch_stored_objects(self, service: str) -> None:
        """The inventory, formats, places, looks, geographic databases, items of known services."""
        self._alarm(
            f"stored-object-unreadable-{service.replace('_', '-')}",
            f"{service} can't read an object that is stored for it: the last good one holds, or none.",
            pipeline("StoredObjectsUnreadable", service),
            entry="stored-object-unreadable",
        )

    def _alarm(  # noqa: PLR0913 - what an alarm is made of
        self,
        name: str,
        what_is_wrong: str,
        metric: cloudwatch.Metric,
        *,
        threshold: int = 0,
        periods: int = 1,
        of_them: int | None = None,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
        entry: str | None = None,
    ) -> None:
        """In alarm while the metric is above the threshold."""
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._deployment.name}-{name}",
            alarm_description=f"{what_is_wrong} What to do: docs/runbook.md#{entry or name}",
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=periods,
            datapoints_to_alarm=of_them or periods,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(self._tell)
        alarm.add_ok_action(self._tell)
        self.alarms.append(alarm)
