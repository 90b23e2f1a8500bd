"""Many findings told in one message: the digest of quiet ones, and the summary of what flood control held back."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from flowsentry.aws.channels import Channel, Channels, Telling
from flowsentry.aws.finding_item import Entry
from flowsentry.aws.finding_table import FindingTable
from flowsentry.aws.heeding import heeded
from flowsentry.aws.hourly_quota import HourlyQuota
from flowsentry.aws.poison_findings import set_aside
from flowsentry.aws.rendering import rendered
from flowsentry.aws.teller import Teller
from flowsentry.aws.threads import in_threads
from flowsentry.aws.urgent_alerts import urgency
from flowsentry.emit.alert_message import AlertMessage
from flowsentry.emit.digest import digest_message
from flowsentry.emit.overflow import overflow_message
from flowsentry.errors import PoisonError
from flowsentry.findings import Finding
from flowsentry.places import Places
from flowsentry.telemetry import count

DIGEST, OVERFLOW = "digest", "overflow"
"""What `told_in` says of findings that were told together."""


@dataclass
class Summaries:
    """One run. `failures` are sentences about what could not be sent; its findings stay in the outbox."""

    findings: FindingTable
    channels: Channels
    places: Places
    teller: Teller
    clock: Callable[[], float] = time.time
    failures: list[str] = field(default_factory=list)
    _told: dict[str, set[str]] = field(default_factory=dict)

    def overflow(self, held: Sequence[Entry], limit_an_hour: int) -> None:
        """One message about all that is held, the loudest first, at most one an hour and channel."""
        entries = self._known(sorted(held, key=urgency))
        message_of = partial(overflow_message, limit_an_hour=limit_an_hour, places=self.places)
        for channel in self.channels.people:
            waiting = self._untold(channel, entries)
            if not waiting or channel.name in self.teller.out_of_reach:
                continue
            quota = HourlyQuota(
                f"overflow-{channel.name}", 1, self.findings.table_name, self.findings.client, self.clock
            )
            slot = quota.take()
            if slot is None:
                continue
            if not self._tell(channel, waiting, message_of, OVERFLOW):
                quota.give_back(slot)
            elif not channel.may_refuse:
                count("OverflowsPublished")

    def digest(self, waiting: Sequence[Entry], window_minutes: int) -> None:
        """One digest to each channel for which the oldest has waited a window, so at most one a window, with no state
        kept. What people want to hear nothing of is left out.
        """
        entries = self._known(waiting)
        latest = self.clock() - 60 * window_minutes
        due = [
            channel
            for channel in self.channels.digest
            if any(entry.waiting_since <= latest for entry in self._untold(channel, entries))
        ]
        if not due:
            return
        heard = in_threads(lambda entry: heeded(self.findings, entry, self.clock()), entries)
        loud = [entry for entry, each in zip(entries, heard, strict=True) if not each.is_silenced]
        count("AlertsSilenced", len(entries) - len(loud))
        for channel in due:
            self._digest_to(channel, self._untold(channel, loud), window_minutes)

    def _digest_to(self, channel: Channel, entries: Sequence[Entry], window_minutes: int) -> None:
        message_of = partial(digest_message, window_minutes=window_minutes, places=self.places)
        if entries and self._tell(channel, entries, message_of, DIGEST) and not channel.may_refuse:
            count("DigestsPublished")

    def _known(self, entries: Iterable[Entry]) -> list[Entry]:
        """The same entries, each once; who has been told of them is kept from here on."""
        once = {entry.finding.id: entry for entry in entries}
        self._told |= {finding_id: set(entry.told) for finding_id, entry in once.items()}
        return list(once.values())

    def _untold(self, channel: Channel, entries: Iterable[Entry]) -> list[Entry]:
        return [entry for entry in entries if channel.name not in self._told[entry.finding.id]]

    def _tell(
        self,
        channel: Channel,
        entries: Sequence[Entry],
        message_of: Callable[[Sequence[Finding]], AlertMessage],
        told_in: str,
    ) -> bool:
        """Whether the channel has the message now; then each of its findings is marked."""
        kept, message = rendered(entries, message_of, self._set_aside)
        if message is None:
            return True
        if not self.teller.is_told(channel, Telling(message)):
            self.failures.append(f"{channel.name} has yet to be told of {len(kept)} findings ({told_in})")
            return False
        in_threads(partial(self._mark, channel, told_in), kept)
        return True

    def _mark(self, channel: Channel, told_in: str, entry: Entry) -> None:
        told = self._told[entry.finding.id]
        told.add(channel.name)
        wanted = self.channels.digest_names if told_in == DIGEST else self.channels.urgent_names
        if told >= wanted:
            self.findings.mark_published(entry.finding.id, told_in)
        else:
            self.findings.mark_told(entry.finding.id, channel.name)

    def _set_aside(self, entry: Entry, error: PoisonError) -> None:
        set_aside(self.findings, entry.finding.id, "message", error)
