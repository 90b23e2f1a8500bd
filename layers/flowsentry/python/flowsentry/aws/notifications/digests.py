"""Many findings told in one message: the digest of quiet ones, and the summary of what flood control held back."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from flowsentry.aws.concurrency import in_threads
from flowsentry.aws.findings.item import Entry
from flowsentry.aws.findings.quarantine import set_aside
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.findings.triage import thread_triage
from flowsentry.aws.notifications.channels import Channel, Channels, Notification
from flowsentry.aws.notifications.delivery import Delivery
from flowsentry.aws.notifications.rate_limit import HOUR_MILLISECONDS, RateLimit
from flowsentry.aws.notifications.rendering import rendered
from flowsentry.aws.notifications.urgent import urgency
from flowsentry.emit.alert_message import AlertMessage
from flowsentry.emit.console_queries import AccountResources
from flowsentry.emit.digest import digest_message
from flowsentry.emit.overflow import overflow_message
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings.finding import Finding
from flowsentry.telemetry import count, logger

DIGEST, OVERFLOW = "digest", "overflow"
"""What `told_in` says of findings that were told together."""
HIGH_SUMMARY_SECONDS = 20
"""Between two summaries of HIGH. A sweep begins none after its first 35 s, so that the next, a minute after it began,
may always send one. Longer: HIGH waits for more than two minutes. Shorter: two sweeps that overlap send the same."""


@dataclass
class Summaries:
    """One run. `failures` are sentences about what could not be sent; its findings stay in the outbox."""

    findings: FindingTable
    channels: Channels
    resources: AccountResources
    delivery: Delivery
    clock: Callable[[], float] = time.time
    failures: list[str] = field(default_factory=list)
    _told: dict[str, set[str]] = field(default_factory=dict)
    _slots: dict[str, tuple[RateLimit, int | None]] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def high(self, entries: Sequence[Entry], limit_an_hour: int) -> None:
        """A message about all of these, which are HIGH: at most one in HIGH_SUMMARY_SECONDS and channel, but for what
        one run has to say.
        """
        self._sum_up(entries, limit_an_hour, "overflow-high", HIGH_SUMMARY_SECONDS)

    def overflow(self, entries: Sequence[Entry], limit_an_hour: int) -> None:
        """A message about all of these, the loudest first: at most one an hour and channel, but for what one run has to
        say.
        """
        self._sum_up(entries, limit_an_hour, "overflow", HOUR_MILLISECONDS // 1_000)

    def give_back(self) -> None:
        """The next run may go on at once with what this one had no time for."""
        for key in list(self._slots):
            self._give_back(key)

    def has_told(self, entry: Entry) -> bool:
        """Whether somebody was told of it in this run."""
        return self._told.get(entry.finding.id, set()) > entry.told

    def _sum_up(self, entries: Sequence[Entry], limit_an_hour: int, name: str, window_seconds: int) -> None:
        wanting = [channel for channel in self.channels.people if self._takes(channel, entries, name, window_seconds)]
        if not wanting:
            return
        told: list[Channel] = []
        try:
            loud = self._loud(sorted(self._known(entries), key=urgency))
            told += self._told_of(loud, wanting, limit_an_hour)
        finally:
            self._used.update(f"{name}-{channel.name}" for channel in told)
            for key in {f"{name}-{channel.name}" for channel in wanting} - self._used:
                self._give_back(key)
        count("OverflowsPublished", sum(not channel.may_refuse for channel in told))
        self._mark(loud, OVERFLOW)

    def _told_of(self, loud: Sequence[Entry], channels: Sequence[Channel], limit_an_hour: int) -> list[Channel]:
        """Those that have a summary now; not those for which nothing was left to tell."""
        message_of = partial(overflow_message, limit_an_hour=limit_an_hour, resources=self.resources)
        untold = {channel.name: self._untold(channel, loud) for channel in channels}
        due = [channel for channel in channels if untold[channel.name]]
        return [channel for channel in due if self._tell(channel, untold[channel.name], message_of, OVERFLOW)]

    def _give_back(self, key: str) -> None:
        rate_limit, slot = self._slots.pop(key)
        if slot is None:
            return
        try:
            rate_limit.give_back(slot)
        except RetryableError as error:  # what was told is to be marked all the same; the slot ends by itself
            logger().warning("slot not given back", extra={"slot": key, "error": str(error)})

    def _takes(self, channel: Channel, entries: Sequence[Entry], name: str, window_seconds: int) -> bool:
        """Whether a channel has yet to hear of some, can, and has had no such summary within its window."""
        if channel.name in self.delivery.out_of_reach or all(channel.name in entry.told for entry in entries):
            return False
        key = f"{name}-{channel.name}"
        if key not in self._slots:
            table = self.findings
            rate_limit = RateLimit(key, 1, table.table_name, table.client, self.clock, window_seconds)
            self._slots[key] = rate_limit, rate_limit.take()
        return self._slots[key][1] is not None

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
        loud = self._loud(entries)
        for channel in due:
            self._digest_to(channel, self._untold(channel, loud), window_minutes)
        self._mark(loud, DIGEST)

    def _digest_to(self, channel: Channel, entries: Sequence[Entry], window_minutes: int) -> None:
        message_of = partial(digest_message, window_minutes=window_minutes, resources=self.resources)
        if entries and self._tell(channel, entries, message_of, DIGEST) and not channel.may_refuse:
            count("DigestsPublished")

    def _loud(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those of which people want to hear; the others are out of the outbox then."""
        heard = in_threads(lambda entry: thread_triage(self.findings, entry, self.clock()), entries)
        loud = [entry for entry, each in zip(entries, heard, strict=True) if not each.is_silenced]
        count("AlertsSilenced", len(entries) - len(loud))
        return loud

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
        """Whether the channel has the message now. What is told to several is marked once all were tried: a crash
        before that repeats the message, and never drops one.
        """
        kept, message = rendered(entries, message_of, self._set_aside)
        if message is None:
            return True
        if not self.delivery.is_told(channel, Notification(message)):
            self.failures.append(f"{channel.name} has yet to be told of {len(kept)} findings ({told_in})")
            return False
        for entry in kept:
            self._told[entry.finding.id].add(channel.name)
        return True

    def _mark(self, entries: Sequence[Entry], told_in: str) -> None:
        """Each of which somebody was just told."""
        just = [entry for entry in entries if self._told[entry.finding.id] > entry.told]
        in_threads(partial(self._mark_one, told_in), just)

    def _mark_one(self, told_in: str, entry: Entry) -> None:
        told = self._told[entry.finding.id]
        wanted = self.channels.digest_names if told_in == DIGEST else self.channels.urgent_names
        if told >= wanted:
            self.findings.mark_published(entry.finding.id, told_in)
        else:
            self.findings.mark_told(entry.finding.id, *(told - entry.told))

    def _set_aside(self, entry: Entry, error: PoisonError) -> None:
        set_aside(self.findings, entry.finding.id, "message", error)
