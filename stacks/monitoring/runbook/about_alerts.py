"""Runbook entries for alarms on alerts that do not arrive, and for the budget."""

from stacks.monitoring.runbook.entry import Entry, children_of, in_log, value

ENTRIES = (
    Entry(
        "people-not-told",
        "Alerts do not arrive, or not everywhere: one of the alarms below is in ALARM. They send no message of their "
        "own. If it is the topic of alerts, this message does not arrive there either: only `operator_emails` and "
        "`on_call_topic_arn` get it.",
        children_of("people-not-told"),
        "See the entry of the alarm that the query names, after the deployment's name.",
        "It ends with the last of its alarms. While it lasts, a further one sends no message: run the query again.",
    ),
    Entry(
        "alerts-not-sent",
        "An alert has waited for 30 minutes and was not sent. None is lost: they wait in the findings table.",
        in_log("notifier", '$.level="ERROR"||$.message="delivery failed"'),
        "The topic's key or policy was changed.",
        "`flowsentry pause` stops alerts without this alarm. It ends with the sweep that sends the alert.",
    ),
    Entry(
        "notifier-stopped",
        "The notifier, which a schedule invokes every minute, did not run for 15 minutes. No alert, digest or summary "
        "is sent; none is lost: they wait in the findings table.",
        f"aws events list-rule-names-by-target --target-arn $(aws lambda get-function --function-name "
        f"{value('notifier-name')} --query Configuration.FunctionArn --output text)",
        "The rule of the schedule was disabled or deleted by hand.",
        "It ends with the first run.",
    ),
    Entry(
        "no-subscription",
        "A topic has no confirmed subscription, so nobody gets what is sent to it. Found by a daily look; the alarm "
        "ends within 15 minutes after somebody has confirmed. If it is the topic of alerts, only operators get a "
        "message about it, and it shows on the dashboard.",
        f"aws sns list-subscriptions-by-topic --topic-arn {value('alert-topic-arn')}",
        "The e-mail that asks for confirmation was not answered.",
        "Subscribe somebody, or turn the topic off (`digest_topic`, `chat_topic`).",
    ),
    Entry(
        "delivery-failed",
        "SNS gave up a message to a subscription of this topic. Others got it, and the finding is in the table.",
        f"aws sns list-subscriptions-by-topic --topic-arn {value('<topic>')}",
        "A queue, function or webhook that is subscribed refuses, or is gone.",
        "End that subscription. It ends after five minutes without a failure.",
    ),
    Entry(
        "poison-findings",
        "An item of the findings table cannot be rendered: it was written by hand, or by another version of the app. "
        "It is quarantined, with `undelivered_reason` = `quarantined`; all others are sent.",
        in_log("notifier", '$.message="finding quarantined"'),
        "The last deploy was of an earlier version.",
        "It ends by itself: the item stays in quarantine.",
    ),
    Entry(
        "channel-refused",
        "A chat topic, an event bus or Security Hub rejected a message for good; it is not sent there again. E-mails "
        "were sent.",
        in_log("notifier", '$.message="delivery failed"'),
        "Security Hub is not enabled, or the event bus does not admit this account.",
        "Turn the channel off (`security_hub`, `event_bus`). It ends after five minutes without a refusal.",
    ),
    Entry(
        "cost-budget",
        "What carries the tag `application` with the name of the deployment costs more than `monthly_budget_dollars` "
        "this month, or is forecast to. AWS Budgets sends this e-mail itself, up to three times a day after the costs "
        "are known: it is no alarm of CloudWatch and in no composite alarm.",
        "aws ce get-cost-and-usage --time-period Start=$(date -d '30 days ago' +%F),End=$(date +%F) --granularity "
        "MONTHLY --metrics UnblendedCost --group-by Type=DIMENSION,Key=USAGE_TYPE --filter "
        """'{"Tags":{"Key":"application","Values":["flowsentry"]}}'""",
        "More traffic is logged than was expected; X-Ray; a second format of a busy VPC.",
        "Raise `monthly_budget_dollars`, or set it to 0. It ends with the month.",
    ),
)
