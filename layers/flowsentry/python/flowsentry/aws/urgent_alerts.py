"""Urgent findings told one by one, as many an hour as people can bear; what is over is held for a summary.

Each channel is told before it is marked as told: a crash between the two repeats that channel and never drops one.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from botocore.exceptions import ClientError

from flowsentry.aws.channels import Channel, Channels, Telling
from flowsentry.aws.finding_item import Entry
from flowsentry.aws.finding_table import FindingTable
from flowsentry.aws.heeding import heeded
from flowsentry.aws.hourly_quota import HourlyQuota
from flowsentry.aws.poison_findings import set_aside
from flowsentry.aws.rendering import rendering
from flowsentry.aws.teller import Teller
from flowsentry.emit.alert_message import alert_message
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings import Audience, Severity
from flowsentry.places import Places
from flowsentry.telemetry import count, logger

MAX_ALERTS = 500
"""Findings looked at in one run, at some 20 ms each; the rest stays in the outbox for the next. More: the run ends in
the middle. Fewer: a real attack on many fronts takes several runs to be told."""


@dataclass
class UrgentAlerts:
    """One run. `held` are the findings that flood control held back in it."""

    findings: FindingTable
    channels: Channels
    places: Places
    quota: HourlyQuota
    teller: Teller
    clock: Callable[[], float] = time.time
    held: list[Entry] = field(default_factory=list)
    _is_full: bool = False

    def tell(self, finding_ids: Iterable[str]) -> list[str]:
        """The ids of those that could not be told to all; they stay in the outbox. The loudest are told first."""
        entries = sorted(self._waiting(finding_ids), key=urgency)
        return [entry.finding.id for entry in entries[:MAX_ALERTS] if not self._is_settled(entry)]

    def _waiting(self, finding_ids: Iterable[str]) -> Iterator[Entry]:
        """Those that are still in the outbox, as they are now."""
        for finding_id in dict.fromkeys(finding_ids):
            try:
                entry = self.findings.entry(finding_id)
            except PoisonError as error:
                set_aside(self.findings, finding_id, "outbox", error)
                continue
            if entry and entry.unpublished == Audience.URGENT:
                yield entry

    def _is_settled(self, entry: Entry) -> bool:
        try:
            return self._settle(entry)
        except PoisonError as error:
            set_aside(self.findings, entry.finding.id, "message", error)
            return True
        except (RetryableError, ClientError) as error:
            logger().error("alert not published", extra={"finding": entry.finding.id, "error": str(error)})
            return False

    def _settle(self, entry: Entry) -> bool:
        """Whether nothing is left to do for it but to sum it up, where it is held."""
        heard = heeded(self.findings, entry, self.clock())
        if heard.is_silenced:
            count("AlertsSilenced")
            return True
        if entry.told >= self.channels.urgent_names:
            self.findings.mark_published(entry.finding.id)
            return True
        with rendering():
            message = alert_message(entry.finding, self.places, heard.earlier)
        alert = _Alert(entry, Telling(message, entry.finding, entry.found_at), set(entry.told), entry.is_held)
        is_done = self._wake_people(alert)
        is_done &= self._tell(alert, self.channels.machines)
        if alert.is_held:
            self.held.append(replace(entry, is_held=True, told=frozenset(alert.told)))
        return is_done

    def _wake_people(self, alert: "_Alert") -> bool:
        """Whether each has it, or is to read of it in a summary."""
        people = alert.untold(self.channels.people)
        if alert.is_held or not people:
            return True
        if self.teller.out_of_reach.issuperset(channel.name for channel in people):
            return False
        slot = self._slot()
        if slot is None:
            self._hold(alert)
            return True
        is_done = self._tell(alert, people)
        if alert.told.isdisjoint(channel.name for channel in people):
            self.quota.give_back(slot)
        return is_done

    def _slot(self) -> int | None:
        """One slot of the hour; once there was none in a run, there is none in all of it."""
        slot = None if self._is_full else self.quota.take()
        self._is_full = slot is None
        return slot

    def _hold(self, alert: "_Alert") -> None:
        self.findings.mark_held(alert.entry.finding.id)
        alert.is_held = True
        count("AlertsHeld")

    def _tell(self, alert: "_Alert", channels: Sequence[Channel]) -> bool:
        """Whether all of them have it by now; one that fails stops none of the others."""
        failed = [channel for channel in alert.untold(channels) if not self._is_told(alert, channel)]
        return not failed

    def _is_told(self, alert: "_Alert", channel: Channel) -> bool:
        if not self.teller.is_told(channel, alert.telling):
            return False
        alert.told.add(channel.name)
        if alert.told >= self.channels.urgent_names:
            self.findings.mark_published(alert.entry.finding.id)
        else:
            self.findings.mark_told(alert.entry.finding.id, channel.name)
        if not channel.may_refuse:
            count("AlertsPublished")
        return True


@dataclass
class _Alert:
    """One finding on its way: who has been told of it by now."""

    entry: Entry
    telling: Telling
    told: set[str]
    is_held: bool

    def untold(self, channels: Sequence[Channel]) -> list[Channel]:
        return [channel for channel in channels if channel.name not in self.told]


def urgency(entry: Entry) -> tuple[bool, int, str]:
    """Sorts the loudest first, then what has waited longest."""
    return entry.finding.severity is not Severity.HIGH, entry.waiting_since, entry.finding.id
