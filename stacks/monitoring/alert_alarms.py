"""CloudWatch alarms on alerts that do not arrive."""

from collections.abc import Mapping

from stacks.monitoring.alarms import Alarms
from stacks.monitoring.metrics import of_topic

LATE_ALERT_MINUTES = 30
"""Highest accepted delay of an alert. Lower: the alarm fires for short SNS outages from which the outbox recovers by
itself. Higher: it takes longer to notice that no alerts are sent."""


def watch_alerts(alarms: Alarms, topics: Mapping[str, str]) -> None:
    """Adds the alarms on alerts, from the outbox to the readers; `topics` are names of topics by what they are for."""
    watch_oldest_alert(alarms)
    watch_rejected_alerts(alarms)
    watch_canary(alarms)
    watch_subscriptions(alarms)
    watch_deliveries(alarms, topics)


def watch_oldest_alert(alarms: Alarms) -> None:
    """Alarm on the age of the oldest unsent alert."""
    alarms.add(
        "alerts-not-sent",
        f"An alert has waited in the outbox for more than {LATE_ALERT_MINUTES} minutes: alerts are not sent.",
        alarms.metrics.pipeline("OldestAlertSeconds", "notifier", "Maximum"),
        threshold=LATE_ALERT_MINUTES * 60,
    )


def watch_rejected_alerts(alarms: Alarms) -> None:
    """Alarms on alerts that will not be retried; all other alerts are still sent."""
    alarms.add(
        "poison-findings",
        "A finding in the outbox could not be rendered: it was quarantined, and no alert is sent for it.",
        alarms.metrics.pipeline("PoisonFindings", "notifier"),
    )
    alarms.add(
        "channel-refused",
        "A chat topic, event bus or Security Hub rejected an alert, which is not retried there. The alert topic "
        "received it.",
        alarms.metrics.pipeline("ChannelRefusals", "notifier"),
    )


def watch_canary(alarms: Alarms) -> None:
    """Alarm on canaries that could not be written or of which no finding came."""
    alarms.add(
        "canary-lost",
        "A canary record that was written after a deploy did not come through: records may not be read, or "
        "findings not be stored.",
        alarms.metrics.pipeline("CanariesLost", "notifier"),
    )


def watch_subscriptions(alarms: Alarms) -> None:
    """Alarm on topics without a confirmed subscription, which stays on until somebody has confirmed."""
    alarms.add(
        "no-subscription",
        "A topic of alerts, digests or chats has no confirmed subscription: nobody gets what is sent to it.",
        alarms.metrics.pipeline("AlertTopicsWithoutSubscription", "notifier", "Maximum"),
    )


def watch_deliveries(alarms: Alarms, topics: Mapping[str, str]) -> None:
    """Alarm on messages that SNS could not deliver; `topics` are names of topics by what they are for."""
    for purpose, name in topics.items():
        alarms.add(
            f"delivery-failed-{purpose}",
            f"SNS could not deliver a message of the topic of {purpose} to a subscription, also after retries: its "
            "reader did not get it.",
            of_topic("NumberOfNotificationsFailed", name),
            runbook_entry="delivery-failed",
        )
