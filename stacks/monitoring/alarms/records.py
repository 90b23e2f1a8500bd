"""Alarms on what keeps records from being judged: queues, payloads, flow logs, and the age of the newest record."""

import math
from collections.abc import Iterator
from dataclasses import replace

from flowsentry.metric_names import PipelineMetric
from stacks.constructs.parameters import Value
from stacks.monitoring.alarms.row import (
    PERIOD_MINUTES,
    Measure,
    Missing,
    Row,
    Service,
    ToldBy,
    of_function,
    of_pipeline,
    of_queue,
)
from stacks.settings.deployment import Deployment
from stacks.settings.logged.delivery import CLOUDWATCH, S3

SKIPPED_PERCENT = 1
"""Highest accepted share of SKIPDATA records of a flow log. Lower: the alarm fires for gaps of a busy minute, which the
digest lists. Higher: one record in a hundred may stand for many flows that are missing, without an alarm."""
OLD_DEAD_LETTER_DAYS = 7
"""Highest accepted age of a dead letter. SQS deletes it 14 days after it was first sent, up to four of which it was in
the queue before. Lower: a second alarm in the week in which people read the first. Higher: fewer days to act.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html"""
CHECKS = 3
"""Checks of the flow logs that are looked at. Lower: a check that comes late is taken for one that stopped. Higher: it
takes longer to notice that the checks stopped."""
READERS: tuple[tuple[str, Service], ...] = ((CLOUDWATCH, "stream_processor"), (S3, "object_processor"))
"""The function that reads each destination."""


def alarms_on_records(deployment: Deployment) -> Iterator[Row]:
    """Everything that means that records are judged late, or never."""
    yield from _on_objects(deployment)
    yield from _on_payloads(deployment)
    for destination, service in READERS:
        if deployment.uses(destination):
            yield _on_freshness(deployment, service)
    yield from _on_flow_logs(deployment)
    yield Row(
        name="canary-lost",
        entry="canary-lost",
        wrong="A canary record that was written after a deploy did not come through: records may not be read, or "
        "findings not be stored.",
        measure=of_pipeline("CanariesLost", "notifier"),
        missing=Missing.GOOD,
        told_by=ToldBy.WATCH,
    )


def _on_objects(deployment: Deployment) -> Iterator[Row]:
    minutes = deployment.freshness_minutes
    yield Row(
        name="dead-letter-queue",
        entry="dead-letter-queue",
        wrong="Flow logs could not be processed: their object events are in the dead-letter queue.",
        measure=of_queue("ApproximateNumberOfMessagesVisible", Value.OBJECT_DLQ),
        missing=Missing.GOOD,
    )
    yield Row(
        name="dead-letters-old",
        entry="dead-letters-old",
        wrong=f"An object event has been in the dead-letter queue for more than {OLD_DEAD_LETTER_DAYS} days: SQS "
        "deletes it in three to seven days, and its records are never judged.",
        measure=of_queue("ApproximateAgeOfOldestMessage", Value.OBJECT_DLQ),
        threshold=OLD_DEAD_LETTER_DAYS * 86_400,
        missing=Missing.GOOD,
    )
    yield Row(
        name="oldest-object-event",
        id="oldest-notice",
        entry="oldest-object-event",
        wrong=f"An object event has waited in the queue for more than {minutes} minutes: objects are read more slowly "
        "than they arrive, or not at all.",
        measure=of_queue("ApproximateAgeOfOldestMessage", Value.OBJECT_QUEUE),
        threshold=minutes * 60,
        missing=Missing.GOOD,
        told_by=ToldBy.WATCH,
    )


def _on_payloads(deployment: Deployment) -> Iterator[Row]:
    minutes = deployment.freshness_minutes
    yield Row(
        name="failed-invocations-lost",
        entry="failed-invocations-lost",
        wrong="Lambda could not store a CloudWatch Logs payload that stream_processor failed to process: its records "
        "are missing from detection.",
        measure=of_function("DestinationDeliveryFailures", Value.STREAM_PROCESSOR),
        missing=Missing.GOOD,
        told_by=ToldBy.WATCH,
    )
    if deployment.has_payload_stream:
        yield Row(
            name="iterator-age",
            entry="iterator-age",
            wrong=f"A payload was in the data stream for more than {minutes} minutes before stream_processor read it: "
            "payloads are read more slowly than they arrive, or a failing payload blocks the ones behind it.",
            measure=of_function("IteratorAge", Value.STREAM_PROCESSOR, "Maximum"),
            threshold=minutes * 60 * 1000,
            missing=Missing.GOOD,
            told_by=ToldBy.WATCH,
        )


def _on_freshness(deployment: Deployment, service: Service) -> Row:
    """The age of the newest record that a processor has read."""
    minutes, of_service = deployment.freshness_minutes, service.replace("_", "-")
    return Row(
        name=f"freshness-{of_service}",
        entry="freshness",
        wrong=f"For {minutes} minutes {service} has read only older records (state ALARM), or none (state "
        "INSUFFICIENT_DATA): nothing is being monitored.",
        measure=of_pipeline("FreshnessSeconds", service, "Minimum"),
        threshold=minutes * 60,
        periods=math.ceil(minutes / PERIOD_MINUTES),
        missing=Missing.UNKNOWN,
        told_by=ToldBy.WATCH,
        unknown_after=f"inventory-stale-{of_service}",
    )


def _on_flow_logs(deployment: Deployment) -> Iterator[Row]:
    """The scheduled check of each flow log, whose findings and log name them."""
    minutes = max(PERIOD_MINUTES, deployment.inventory_minutes)
    yield Row(
        name="flow-log-silent",
        entry="flow-log-silent",
        wrong=f"A flow log has delivered no record for {deployment.freshness_minutes} minutes, although something "
        "runs in its VPC, or it is gone: the finding flow_log_stopped names it. In the state INSUFFICIENT_DATA the "
        "check itself does not run.",
        measure=_worst("SilentFlowLogs", minutes),
        periods=CHECKS,
        failing=1,
        missing=Missing.UNKNOWN,
        told_by=ToldBy.WATCH,
        unknown_after="flow-log-failed",
    )
    yield Row(
        name="flow-log-failed",
        entry="flow-log-failed",
        wrong="AWS can't deliver records of a flow log: the finding flow_log_stopped names it and AWS's reason.",
        measure=_worst("FailedFlowLogs", minutes),
        missing=Missing.UNCHANGED,
        told_by=ToldBy.WATCH,
    )
    yield Row(
        name="records-skipped",
        entry="records-skipped",
        wrong=f"AWS skipped more than {SKIPPED_PERCENT} % of the records of a flow log in the last two hours: the log "
        "of the inventory function names it.",
        measure=_worst("SkippedRecordsPercent", minutes),
        threshold=SKIPPED_PERCENT,
        missing=Missing.UNCHANGED,
    )


def _worst(name: PipelineMetric, minutes: int) -> Measure:
    """The highest value of the scheduled check of flow logs in a period, in which it runs at least once."""
    return replace(of_pipeline(name, "inventory", "Maximum"), minutes=minutes)
