"""AlertInbox: the findings with their triage and the messages about them, of a deployment or of a replay."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from flowsentry.aws.findings.item import Entry
from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.console_queries import NO_RESOURCES, AccountResources
from flowsentry.findings.triage import Triage
from local.console.inbox.message import FINDING, Message
from local.console.inbox.triage_in_memory import TriagedFindings
from local.findings.entry_texts import delivery, earlier

TriageAction = Literal["acknowledge", "snooze", "resolve", "reopen"]


@dataclass(frozen=True)
class AlertInbox:
    """Findings, and the messages that were sent about them, in order of time. Methods raise RetryableError where the
    findings can't be read, and NoSuchFindingError for an unknown one.
    """

    findings: TriagedFindings
    sent: Callable[[], Sequence[Message]]
    resources: AccountResources = NO_RESOURCES
    delivery_of: Callable[[Entry], str] = delivery
    clock: Callable[[], float] = time.time

    def entries(self) -> list[Entry]:
        """All findings, newest first. Items that are no findings are left out."""
        return self.findings.newest(0, _ignored)

    def entry(self, finding_id: str) -> Entry:
        """One finding."""
        return self.findings.entry(finding_id)

    def related(self, entry: Entry) -> list[Entry]:
        """The other findings of its thread, newest first."""
        return self.findings.thread_of(entry, _ignored)

    def message_about(self, entry: Entry) -> Message:
        """The last message that was sent about this finding alone; without one, the alert as `flowsentry findings show`
        prints it.
        """
        sent = [each for each in self.sent() if each.type == FINDING and entry.finding.id in each.finding_ids]
        if sent:
            return sent[-1]
        alert = alert_message(entry.finding, self.resources, earlier(entry, self.related(entry)))
        return Message.composed(entry.finding.id, entry.found_at, alert)

    def summaries(self) -> list[Message]:
        """The messages about several findings, digests and overflows, newest first."""
        return [each for each in self.sent() if each.type != FINDING][::-1]

    def summary_with(self, entry: Entry) -> Message | None:
        """The last digest or overflow that lists this finding, if one does."""
        return next((each for each in self.summaries() if entry.finding.id in each.finding_ids), None)

    def triage(self, finding_id: str, action: TriageAction, by: str, note: str, days: int) -> Triage:
        """The triage after an action, as of `flowsentry findings`; `days` are those of a snooze."""
        if action == "snooze":
            return self.findings.snooze(finding_id, int(self.clock()) + days * 86_400, by, note)
        act = {
            "acknowledge": self.findings.acknowledge,
            "resolve": self.findings.resolve,
            "reopen": self.findings.reopen,
        }[action]
        return act(finding_id, by, note)


def _ignored(_error: Exception) -> None:
    """The console lists what it can; `flowsentry findings list` names items that are no findings."""
