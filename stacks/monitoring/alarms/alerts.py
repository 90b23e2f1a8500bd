"""Alarms on alerts that do not arrive, from the outbox to the readers."""

from collections.abc import Iterator

from stacks.constructs.parameters import Value
from stacks.monitoring.alarms.row import PERIOD_MINUTES, Missing, Row, ToldBy, of_function, of_pipeline, of_topic
from stacks.settings.deployment import Deployment

LATE_ALERT_MINUTES = 30
"""Highest accepted delay of an alert. Lower: the alarm fires for short SNS outages from which the outbox recovers by
itself. Higher: it takes longer to notice that no alerts are sent."""
STOPPED_PERIODS = 3
"""Periods without an invocation of the notifier, which a schedule invokes every minute. Lower: a delay of AWS's
schedule fires the alarm. Higher: it takes longer to notice that nothing is sent."""


def alarms_on_alerts(deployment: Deployment) -> Iterator[Row]:
    """Everything that means that somebody does not get what is sent."""
    yield from _on_sending()
    yield from _on_refusals()
    yield Row(
        name="no-subscription",
        entry="no-subscription",
        wrong="A topic of alerts, digests, chats or operators has no confirmed subscription: nobody gets what is sent "
        "to it.",
        measure=of_pipeline("AlertTopicsWithoutSubscription", "notifier", "Maximum"),
        missing=Missing.GOOD,
        told_by=ToldBy.PEOPLE,
    )
    for purpose, topic in topics_of(deployment).items():
        yield Row(
            name=f"delivery-failed-{purpose}",
            entry="delivery-failed",
            wrong=f"SNS could not deliver a message of the topic of {purpose} to a subscription, also after retries: "
            "its reader did not get it.",
            measure=of_topic("NumberOfNotificationsFailed", topic),
            names=(("<topic>", topic.value),),
            missing=Missing.GOOD,
            told_by=ToldBy.PEOPLE,
        )


def topics_of(deployment: Deployment) -> dict[str, Value]:
    """The topics of the settings, by what they are for."""
    digests = {"digests": Value.DIGEST_TOPIC_ARN} if deployment.digest_topic else {}
    chats = {"chats": Value.CHAT_TOPIC_ARN} if deployment.chat_topic else {}
    operators = {"operators": Value.OPERATOR_TOPIC_ARN} if deployment.operator_emails else {}
    return {"alerts": Value.ALERT_TOPIC_ARN, **digests, **chats, **operators}


def _on_sending() -> Iterator[Row]:
    yield Row(
        name="alerts-not-sent",
        entry="alerts-not-sent",
        wrong=f"An alert has waited in the outbox for more than {LATE_ALERT_MINUTES} minutes: alerts are not sent.",
        measure=of_pipeline("OldestAlertSeconds", "notifier", "Maximum"),
        threshold=LATE_ALERT_MINUTES * 60,
        missing=Missing.UNCHANGED,
        told_by=ToldBy.PEOPLE,
    )
    yield Row(
        name="notifier-stopped",
        entry="notifier-stopped",
        wrong=f"The notifier did not run for {STOPPED_PERIODS * PERIOD_MINUTES} minutes, although its schedule invokes "
        "it every minute: no alert and no digest is sent.",
        measure=of_function("Invocations", Value.NOTIFIER),
        threshold=1,
        is_floor=True,
        periods=STOPPED_PERIODS,
        missing=Missing.BAD,
        told_by=ToldBy.PEOPLE,
    )


def _on_refusals() -> Iterator[Row]:
    """Alerts that will not be retried; all other alerts are still sent."""
    yield Row(
        name="poison-findings",
        entry="poison-findings",
        wrong="A finding in the outbox could not be rendered: it was quarantined, and no alert is sent for it.",
        measure=of_pipeline("PoisonFindings", "notifier"),
        missing=Missing.GOOD,
        told_by=ToldBy.PEOPLE,
    )
    yield Row(
        name="channel-refused",
        entry="channel-refused",
        wrong="A chat topic, event bus or Security Hub rejected an alert, which is not retried there. The alert topic "
        "received it.",
        measure=of_pipeline("ChannelRefusals", "notifier"),
        missing=Missing.GOOD,
        told_by=ToldBy.PEOPLE,
    )
