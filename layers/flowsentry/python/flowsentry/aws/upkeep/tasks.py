"""What a sweep does beside delivering: it looks after the canary and the subscriptions."""

from typing import Self

from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.notifications.control_item import ControlItem
from flowsentry.aws.notifications.pause import PAUSE_ITEM, PauseOfAlerts
from flowsentry.aws.notifications.recipients import Recipients
from flowsentry.aws.upkeep.canary_request import CANARY_ITEM
from flowsentry.aws.upkeep.canary_run import CanaryRun
from flowsentry.aws.upkeep.canary_writer import CanaryWriter
from flowsentry.aws.upkeep.subscription_check import SubscriptionCheck
from flowsentry.settings import NotifierSettings
from flowsentry.value import Value

STACKS_SOURCE = "aws.cloudformation"
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-stack-status-change.html"""


class Upkeep(Value, frozen=True):
    """The canary, the check of subscriptions, and the pause, during which no canary is written or looked for."""

    canary: CanaryRun
    subscriptions: SubscriptionCheck
    pause: PauseOfAlerts

    @property
    def recipients(self) -> Recipients:
        return self.subscriptions.recipients

    @classmethod
    def of(cls, given: NotifierSettings, region: str, findings: FindingTable) -> Self:
        """That of the notifier with these settings."""

        def item(name: str) -> ControlItem:
            return ControlItem(name, findings.table_name, findings.client, findings.clock)

        recipients, writer = Recipients.of(given), CanaryWriter.of(given, region)
        return cls(
            CanaryRun(item(CANARY_ITEM), findings, writer, recipients.listed, given.canary_after_deploy),
            SubscriptionCheck(item("subscriptions"), recipients),
            PauseOfAlerts(item(PAUSE_ITEM)),
        )

    def run(self) -> None:
        """Checks the subscriptions; then, unless alerts are paused, writes or looks for a canary. A failed check does
        not stop the other step. Raises RetryableError, or ClientError, of the step that fails last.
        """
        try:
            self.subscriptions.run()
        finally:
            if not self.pause.current().is_active(self.pause.item.clock()):
                self.canary.step()
