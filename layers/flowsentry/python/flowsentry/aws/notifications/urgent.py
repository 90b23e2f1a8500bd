"""Delivers urgent findings one by one, at most N messages an hour to people; the rest is left for a summary.

People come first, for all urgent findings; then machines, which receive each one without a limit. A channel is marked
after its delivery: a crash in between repeats the message to that channel, and never loses one.
"""

import time
from collections.abc import Callable, Iterable, Sequence

from botocore.exceptions import ClientError
from msgspec import Struct, field

from flowsentry.aws.concurrency import in_threads
from flowsentry.aws.findings.item import URGENT_PARTITIONS, Entry
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.findings.triage import thread_triage
from flowsentry.aws.notifications.channels import Channel, Channels, Delivery, Notification
from flowsentry.aws.notifications.rate_limit import RateLimit
from flowsentry.aws.notifications.rendering import quarantine, rendering
from flowsentry.aws.time_budget import TimeBudget
from flowsentry.emit.alert_message import AlertMessage, alert_message
from flowsentry.emit.console_queries import AccountResources
from flowsentry.emit.narratives.canary_message import canary_message
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings.canary import is_test_alert
from flowsentry.findings.finding import Finding
from flowsentry.findings.triage import Earlier
from flowsentry.telemetry import count, logger

RESERVED_FOR_HIGH = 4
"""One slot in so many is reserved for HIGH: 5 of 20. More slots (a lower number): in a flood of MEDIUM fewer of them
are delivered one by one. Fewer slots: of several HIGH during such a flood more come in a summary, still within two
minutes, but without their facts and what to check."""
CLAIM_SECONDS = 30
"""How long the stream and a sweep leave a finding to each other that one of them is delivering. SNS answers or fails
within 20 s. Longer: a finding whose notifier died is delivered later than two minutes after it was found. Shorter: with
a slow SNS both deliver it."""
ONE_BY_ONE_SECONDS = 15
"""How long findings are delivered to people one by one before the rest is left for a summary. Longer: where each
message takes seconds, HIGH behind others waits for more than two minutes. Shorter: slow answers move findings into a
summary that could be delivered one by one."""


class UrgentAlerts(Struct):
    """The urgent findings of one run. `over_limit` are those without a slot, `failed` the ids of those with a failed
    delivery; both stay in the outbox.
    """

    findings: FindingTable
    channels: Channels
    resources: AccountResources
    rate_limit: RateLimit
    delivery: Delivery
    time_budget: TimeBudget
    clock: Callable[[], float] = time.time
    recipients: Callable[[], Sequence[str]] = tuple
    over_limit: list[Entry] = field(default_factory=list)
    failed: dict[str, None] = field(default_factory=dict)
    _exhausted_for: set[bool] = field(default_factory=set)
    _alerts: dict[str, "_Alert | None"] = field(default_factory=dict)

    def send_to_people(self, entries: Iterable[Entry], seconds: float = ONE_BY_ONE_SECONDS) -> None:
        """Delivers each to the people's channels that do not have it, the most urgent first, while there are slots and
        time.
        """
        one_by_one = TimeBudget.of(seconds, self.clock)
        for entry in sorted(entries, key=send_order):
            pending = _pending(self.channels.people, entry)
            if entry.is_rate_limited or (not pending and entry.delivered_to):
                self._complete(entry)
            elif entry.claimed_until > self.clock():
                continue
            elif self.delivery.unreachable.issuperset(pending) and pending:
                self.failed[entry.finding.id] = None
            elif not self.time_budget.has():
                return
            elif entry.is_high in self._exhausted_for or not one_by_one.has():
                self.over_limit.append(entry)
            else:
                self._guarded(self._send_to_people, entry)

    def send_to_machines(self, entries: Iterable[Entry]) -> None:
        """Delivers each to the machines' channels that do not have it, in the order given, while there is time."""
        for entry in entries:
            pending = _pending(self.channels.machines, entry)
            if not pending:
                continue
            if self.delivery.unreachable.issuperset(pending):
                self.failed[entry.finding.id] = None
            elif not self.time_budget.has():
                return
            else:
                self._guarded(self._send_to_machines, entry)

    def mark_rate_limited(self, entries: Sequence[Entry]) -> None:
        """From now on they are delivered in a summary only."""
        newly_limited = [entry for entry in entries if not entry.is_rate_limited]
        in_threads(lambda entry: self.findings.mark_rate_limited(entry.finding.id), newly_limited)
        count("AlertsRateLimited", len(newly_limited))

    def _complete(self, entry: Entry) -> None:
        """Takes a finding out of the outbox that no channel waits for any more."""
        if entry.delivered_to >= self.channels.urgent_names and self.time_budget.has():
            self._guarded(self._alert, entry)

    def _guarded(self, step: Callable[[Entry], object], entry: Entry) -> None:
        """A failure does not stop the other findings."""
        try:
            step(entry)
        except PoisonError as error:
            quarantine(self.findings, entry.finding.id, "message", error)
            self._alerts[entry.finding.id] = None
        except (RetryableError, ClientError) as error:
            logger().error("alert not delivered", extra={"finding": entry.finding.id, "error": str(error)})
            self.failed[entry.finding.id] = None

    def _send_to_people(self, given: Entry) -> None:
        """Claims the finding before it takes a slot: a run without a slot would otherwise summarize what another run is
        delivering with the last slot.
        """
        alert = self._alert(given)
        people = alert.pending(self.channels.people) if alert else []
        if alert is None or alert.entry.is_rate_limited or not people:
            return
        if not self.findings.claim(given.finding.id, CLAIM_SECONDS):
            return
        slot = self._slot(alert.entry)
        if slot is None:
            self.over_limit.append(alert.entry)
        elif not self._deliver(alert, people):
            self._release(alert, people, slot)

    def _release(self, alert: "_Alert", people: Sequence[Channel], slot: int) -> None:
        """Ends the claim after a failed delivery; frees the slot when no channel has the finding."""
        finding_id = alert.entry.finding.id
        self.failed[finding_id] = None
        self.findings.release(finding_id)
        if alert.delivered_to.isdisjoint(channel.name for channel in people):
            self.rate_limit.give_back(slot)

    def _send_to_machines(self, given: Entry) -> None:
        alert = self._alert(given)
        if alert and not self._deliver(alert, alert.pending(self.channels.machines)):
            self.failed[given.finding.id] = None

    def _slot(self, entry: Entry) -> int | None:
        """A slot of the hour; once there was none, none is tried again in this run for findings of the same or lower
        severity.
        """
        is_high = entry.is_high
        slot = self.rate_limit.take(0 if is_high else reserved_for_high(self.rate_limit.limit))
        if slot is None:
            self._exhausted_for |= {True, False} if is_high else {False}
        return slot

    def _alert(self, given: Entry) -> "_Alert | None":
        """The alert to deliver, from the current item; None when it is settled."""
        finding_id = given.finding.id
        if finding_id not in self._alerts:
            self._alerts[finding_id] = self._new_alert(finding_id)
        return self._alerts[finding_id]

    def _new_alert(self, finding_id: str) -> "_Alert | None":
        entry = self.findings.entry(finding_id)
        if entry is None or entry.unpublished not in URGENT_PARTITIONS:
            return None
        thread = thread_triage(self.findings, entry, self.clock())
        if thread.is_silenced:
            count("AlertsSilenced")
            return None
        if entry.delivered_to >= self.channels.urgent_names:
            self.findings.mark_published(finding_id)
            return None
        with rendering():
            message = self._message(entry.finding, thread.earlier)
        return _Alert(entry, Notification(message, entry.finding, entry.found_at), set(entry.delivered_to))

    def _message(self, finding: Finding, earlier: Earlier | None) -> AlertMessage:
        if is_test_alert(finding):
            return canary_message(finding, self.recipients(), self.resources)
        return alert_message(finding, self.resources, earlier)

    def _deliver(self, alert: "_Alert", channels: Sequence[Channel]) -> bool:
        """Whether all channels have it now; a failed one does not stop the others."""
        return not [channel for channel in channels if not self._deliver_to(alert, channel)]

    def _deliver_to(self, alert: "_Alert", channel: Channel) -> bool:
        if not self.delivery.deliver(channel, alert.notification):
            return False
        alert.delivered_to.add(channel.name)
        if not channel.may_refuse:
            count("AlertsPublished")
        if alert.delivered_to >= self.channels.urgent_names:
            self.findings.mark_published(alert.entry.finding.id)
        else:
            self.findings.mark_delivered(alert.entry.finding.id, channel.name)
        return True


class _Alert(Struct):
    """One finding in delivery, and the channels that have it."""

    entry: Entry
    notification: Notification
    delivered_to: set[str]

    def pending(self, channels: Sequence[Channel]) -> list[Channel]:
        return [channel for channel in channels if channel.name not in self.delivered_to]


def reserved_for_high(limit: int) -> int:
    """How many slots of an hour MEDIUM leaves free: of 20 five; of one none, and then HIGH may come in a summary."""
    return min(limit - 1, max(1, limit // RESERVED_FOR_HIGH))


def send_order(entry: Entry) -> tuple[bool, bool, int, str]:
    """Sorts the most urgent first; of these, undelivered ones first, then those that have waited longest."""
    return not entry.is_high, bool(entry.delivered_to), entry.waiting_since, entry.finding.id


def _pending(channels: Sequence[Channel], entry: Entry) -> list[str]:
    return [channel.name for channel in channels if channel.name not in entry.delivered_to]
