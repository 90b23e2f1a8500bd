"""Urgent findings told one by one, as many an hour as people can bear; what is over is for a summary.

People first, of all that is loud; then machines, which take each one however many there are. Each channel is told
before it is marked as told: a crash between the two repeats that channel and never drops one.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from flowsentry.aws.concurrency import in_threads
from flowsentry.aws.findings.item import URGENT_WORDS, Entry
from flowsentry.aws.findings.quarantine import set_aside
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.findings.triage import thread_triage
from flowsentry.aws.notifications.channels import Channel, Channels, Notification
from flowsentry.aws.notifications.delivery import Delivery
from flowsentry.aws.notifications.rate_limit import RateLimit
from flowsentry.aws.notifications.rendering import rendering
from flowsentry.aws.time_budget import TimeBudget
from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.console_queries import AccountResources
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings.finding import Severity
from flowsentry.telemetry import count, logger

KEPT_FOR_HIGH = 4
"""One slot in so many is for HIGH alone: 5 of 20. More slots (a lower number): in a flood of MEDIUM fewer of it are
told by themselves. Fewer slots: of several HIGH beside such a flood more come in a summary, within two minutes all the
same, and without their facts and what to check."""
CLAIM_SECONDS = 30
"""For so long the stream and a sweep leave to each other what one of them is telling. SNS answers or fails within 20 s.
Longer: what a notifier was telling when it died is told later than two minutes after it was found. Shorter: a slow SNS
has both tell it."""
WAKE_SECONDS = 15
"""How long people are told one by one before the rest is for a summary. Longer: where each message takes seconds, HIGH
behind others waits for more than two minutes. Shorter: slow answers put into a summary what could be told by itself."""


@dataclass
class UrgentAlerts:
    """One run. `over` are those that found no slot, `failed` the ids of those that could not be told to all that wait
    for it, both still in the outbox.
    """

    findings: FindingTable
    channels: Channels
    resources: AccountResources
    rate_limit: RateLimit
    delivery: Delivery
    time_budget: TimeBudget
    clock: Callable[[], float] = time.time
    over: list[Entry] = field(default_factory=list)
    failed: dict[str, None] = field(default_factory=dict)
    _full_for: set[bool] = field(default_factory=set)
    _alerts: dict[str, "_Alert | None"] = field(default_factory=dict)

    def wake(self, entries: Iterable[Entry], seconds: float = WAKE_SECONDS) -> None:
        """Tells people of each that they have not been told of, the loudest first, while there are slots and time."""
        one_by_one = TimeBudget.of(seconds, self.clock)
        for entry in sorted(entries, key=urgency):
            untold = _untold(self.channels.people, entry)
            if entry.is_held or (not untold and entry.told):
                self._leave(entry)
            elif entry.claimed_until > self.clock():
                continue
            elif self.delivery.out_of_reach.issuperset(untold) and untold:
                self.failed[entry.finding.id] = None
            elif not self.time_budget.has():
                return
            elif _is_high(entry) in self._full_for or not one_by_one.has():
                self.over.append(entry)
            else:
                self._guarded(self._wake, entry)

    def tell_machines(self, entries: Iterable[Entry]) -> None:
        """Tells machines of each that they have not been told of, in the order given, while there is time."""
        for entry in entries:
            untold = _untold(self.channels.machines, entry)
            if not untold:
                continue
            if self.delivery.out_of_reach.issuperset(untold):
                self.failed[entry.finding.id] = None
            elif not self.time_budget.has():
                return
            else:
                self._guarded(self._tell_machines, entry)

    def hold(self, entries: Sequence[Entry]) -> None:
        """They are not told one by one any more."""
        held = [entry for entry in entries if not entry.is_held]
        in_threads(lambda entry: self.findings.mark_held(entry.finding.id), held)
        count("AlertsHeld", len(held))

    def _leave(self, entry: Entry) -> None:
        """Takes out what waits for no channel any more."""
        if entry.told >= self.channels.urgent_names and self.time_budget.has():
            self._guarded(self._alert, entry)

    def _guarded(self, step: Callable[[Entry], object], entry: Entry) -> None:
        """One that fails holds up no other."""
        try:
            step(entry)
        except PoisonError as error:
            set_aside(self.findings, entry.finding.id, "message", error)
            self._alerts[entry.finding.id] = None
        except (RetryableError, ClientError) as error:
            logger().error("alert not published", extra={"finding": entry.finding.id, "error": str(error)})
            self.failed[entry.finding.id] = None

    def _wake(self, given: Entry) -> None:
        """Claims before it asks for a slot: who finds none would sum up what another run, with the last slot, is just
        telling.
        """
        alert = self._alert(given)
        people = alert.untold(self.channels.people) if alert else []
        if alert is None or alert.entry.is_held or not people:
            return
        if not self.findings.claim(given.finding.id, CLAIM_SECONDS):
            return
        slot = self._slot(alert.entry)
        if slot is None:
            self.over.append(alert.entry)
        elif not self._is_told(alert, people):
            self._give_up(alert, people, slot)

    def _give_up(self, alert: "_Alert", people: Sequence[Channel], slot: int) -> None:
        """Somebody has yet to be told; where nobody was, the slot is free again."""
        finding_id = alert.entry.finding.id
        self.failed[finding_id] = None
        self.findings.release(finding_id)
        if alert.told.isdisjoint(channel.name for channel in people):
            self.rate_limit.give_back(slot)

    def _tell_machines(self, given: Entry) -> None:
        alert = self._alert(given)
        if alert and not self._is_told(alert, alert.untold(self.channels.machines)):
            self.failed[given.finding.id] = None

    def _slot(self, entry: Entry) -> int | None:
        """One slot of the hour; once there was none in a run, there is none in all of it for what is no louder."""
        is_high = _is_high(entry)
        slot = self.rate_limit.take(0 if is_high else kept_for_high(self.rate_limit.limit))
        if slot is None:
            self._full_for |= {True, False} if is_high else {False}
        return slot

    def _alert(self, given: Entry) -> "_Alert | None":
        """What is to be told of it, as it is in the table by now: nothing where it is settled."""
        finding_id = given.finding.id
        if finding_id not in self._alerts:
            self._alerts[finding_id] = self._made(finding_id)
        return self._alerts[finding_id]

    def _made(self, finding_id: str) -> "_Alert | None":
        entry = self.findings.entry(finding_id)
        if entry is None or entry.unpublished not in URGENT_WORDS:
            return None
        heard = thread_triage(self.findings, entry, self.clock())
        if heard.is_silenced:
            count("AlertsSilenced")
            return None
        if entry.told >= self.channels.urgent_names:
            self.findings.mark_published(finding_id)
            return None
        with rendering():
            message = alert_message(entry.finding, self.resources, heard.earlier)
        return _Alert(entry, Notification(message, entry.finding, entry.found_at), set(entry.told))

    def _is_told(self, alert: "_Alert", channels: Sequence[Channel]) -> bool:
        """Whether all of them have it by now; one that fails stops none of the others."""
        return not [channel for channel in channels if not self._has_told(alert, channel)]

    def _has_told(self, alert: "_Alert", channel: Channel) -> bool:
        if not self.delivery.is_told(channel, alert.notification):
            return False
        alert.told.add(channel.name)
        if not channel.may_refuse:
            count("AlertsPublished")
        if alert.told >= self.channels.urgent_names:
            self.findings.mark_published(alert.entry.finding.id)
        else:
            self.findings.mark_told(alert.entry.finding.id, channel.name)
        return True


@dataclass
class _Alert:
    """One finding on its way: who has been told of it by now."""

    entry: Entry
    notification: Notification
    told: set[str]

    def untold(self, channels: Sequence[Channel]) -> list[Channel]:
        return [channel for channel in channels if channel.name not in self.told]


def kept_for_high(limit: int) -> int:
    """How many slots of an hour MEDIUM leaves free: of 20 five; of one none, and then HIGH may come in a summary."""
    return min(limit - 1, max(1, limit // KEPT_FOR_HIGH))


def urgency(entry: Entry) -> tuple[bool, bool, int, str]:
    """Sorts the loudest first, of these what nobody has been told of, then what has waited longest."""
    return not _is_high(entry), bool(entry.told), entry.waiting_since, entry.finding.id


def _is_high(entry: Entry) -> bool:
    return entry.finding.severity is Severity.HIGH


def _untold(channels: Sequence[Channel], entry: Entry) -> list[str]:
    return [channel.name for channel in channels if channel.name not in entry.told]
