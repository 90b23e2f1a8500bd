"""A daily look at the subscriptions of the topics: without a confirmed one it delivers to nobody, and reports no error.

CloudWatch has no metric of confirmed subscriptions, so a sweep lists them.
"""

from flowsentry.aws.findings.item import number
from flowsentry.aws.notifications.control_item import ControlItem, number_in, texts, texts_in
from flowsentry.aws.notifications.recipients import Recipients
from flowsentry.telemetry import count, logger
from flowsentry.value import Value

CHECK_SECONDS = 86_400
"""Time between two checks. Longer: it takes longer to notice that the last person unsubscribed. Shorter: more calls."""
RECHECK_SECONDS = 900
"""The same while a topic has no subscription. Longer: the alarm stays on for longer after somebody confirmed.
Shorter: more calls."""
GRACE_SECONDS = 3_600
"""Time from the first sweep to the first check, in which people confirm. Longer: a mistyped address is noticed later.
Shorter: the alarm fires while people still look for the e-mail."""


class SubscriptionCheck(Value, frozen=True):
    """The check, and its last result in the findings table, so that each sweep counts it and the alarm stays on."""

    item: ControlItem
    recipients: Recipients

    def run(self) -> None:
        """Counts the topics without a confirmed subscription. Raises RetryableError."""
        now = int(self.item.clock())
        known = self.item.read()
        if not known:
            self.item.put_first({"checked_at": number(now - CHECK_SECONDS + GRACE_SECONDS)})
            return
        without = texts_in(known, "without")
        if now - number_in(known, "checked_at") >= (RECHECK_SECONDS if without else CHECK_SECONDS):
            without = self.recipients.topics_without_subscription()
            self.item.put({"checked_at": number(now), "without": texts(without)})
            if without:
                logger().warning("topics without a confirmed subscription", extra={"topics": without})
        count("AlertTopicsWithoutSubscription", len(without))
