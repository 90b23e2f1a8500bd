"""A canary that somebody asks for, as `flowsentry test-alert` does, and what came of it."""

from collections.abc import Mapping
from typing import Self

from flowsentry.aws.findings.item import Entry, number
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.notifications.control_item import ControlItem, Values, number_in, texts_in
from flowsentry.findings.canary import Canary, Way
from flowsentry.value import Value

CANARY_ITEM = "canary"


class WrittenCanaries(Value, frozen=True):
    """The canaries that a sweep wrote at `sent_at` (Unix s), by their way in; `problems` are sentences about others,
    `recipients` are those that get alerts.
    """

    sent_at: int
    canaries: Mapping[Way, Canary]
    problems: tuple[str, ...]
    recipients: tuple[str, ...]

    @classmethod
    def of(cls, values: Values) -> Self:
        """Those in the canary's item."""
        sent_at = number_in(values, "sent_at")
        ways = [Way(each) for each in texts_in(values, "ways") if each in tuple(Way)]
        problems, recipients = (tuple(texts_in(values, name)) for name in ("problems", "recipients"))
        return cls(sent_at, {way: Canary(sent_at, way) for way in ways}, problems, recipients)

    def entries(self, findings: FindingTable) -> dict[Way, Entry | None]:
        """The findings that came of them; None where there is none yet. Raises RetryableError."""
        return {way: findings.entry(canary.finding_id) for way, canary in self.canaries.items()}


class CanaryRequests(Value, frozen=True):
    """Asks the deployed app for a canary through its item. All methods raise RetryableError."""

    item: ControlItem
    findings: FindingTable

    def request(self) -> int:
        """When the last canary was written (Unix s); the next sweep writes another one."""
        known = self.item.read()
        self.item.change({"due": number(self.item.clock())})
        return number_in(known, "sent_at")

    def after(self, last_sent_at: int) -> WrittenCanaries | None:
        """The canaries that were written after these; None as long as there are none."""
        known = self.item.read()
        is_written = number_in(known, "sent_at") > last_sent_at and "recipients" in known
        return WrittenCanaries.of(known) if is_written else None
