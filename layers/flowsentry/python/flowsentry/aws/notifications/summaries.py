"""Messages about many findings: the digest of low-severity findings, and summaries of findings over the rate limit."""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from msgspec import Struct, field

from flowsentry.aws.concurrency import in_threads
from flowsentry.aws.findings.item import Entry
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.findings.triage import thread_triage
from flowsentry.aws.notifications.channels import Channel, Channels, Delivery, Notification
from flowsentry.aws.notifications.rate_limit import HOUR_MILLISECONDS, RateLimit
from flowsentry.aws.notifications.rendering import quarantine, rendered
from flowsentry.aws.notifications.urgent import send_order
from flowsentry.emit.alert_message import AlertMessage
from flowsentry.emit.console_queries import AccountResources
from flowsentry.emit.digest import digest_message
from flowsentry.emit.overflow import overflow_message
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings.finding import Finding
from flowsentry.telemetry import count, logger

DIGEST, OVERFLOW = "digest", "overflow"
"""`delivered_in` of findings that were delivered together."""
HIGH_SUMMARY_SECONDS = 20
"""Least time between two summaries of HIGH. A sweep starts none after its first 35 s, so that the next sweep, a minute
after this one started, may always send one. Longer: HIGH waits for more than two minutes. Shorter: two overlapping
sweeps send the same summary."""


class Summaries(Struct):
    """The summaries of one run. `failures` are sentences about messages that could not be sent; their findings stay in
    the outbox.
    """

    findings: FindingTable
    channels: Channels
    resources: AccountResources
    delivery: Delivery
    clock: Callable[[], float] = time.time
    failures: list[str] = field(default_factory=list)
    _delivered_to: dict[str, set[str]] = field(default_factory=dict)
    _slots: dict[str, tuple[RateLimit, int | None]] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def send_high(self, entries: Sequence[Entry], limit_an_hour: int) -> None:
        """Sends a message about all of these HIGH findings: at most one per channel in HIGH_SUMMARY_SECONDS, and as
        many as needed within one run.
        """
        self._summarize(entries, limit_an_hour, "overflow-high", HIGH_SUMMARY_SECONDS)

    def send_overflow(self, entries: Sequence[Entry], limit_an_hour: int) -> None:
        """Sends a message about all of these, the most urgent first: at most one per channel and hour, and as many as
        needed within one run.
        """
        self._summarize(entries, limit_an_hour, "overflow", HOUR_MILLISECONDS // 1_000)

    def give_back(self) -> None:
        """Frees all slots, so that the next run may continue at once."""
        for key in list(self._slots):
            self._give_back(key)

    def is_delivered(self, entry: Entry) -> bool:
        """Whether a channel received it in this run."""
        return self._delivered_to.get(entry.finding.id, set()) > entry.delivered_to

    def _summarize(self, entries: Sequence[Entry], limit_an_hour: int, name: str, window_seconds: int) -> None:
        due = [channel for channel in self.channels.people if self._is_due(channel, entries, name, window_seconds)]
        if not due:
            return
        delivered: list[Channel] = []
        try:
            unsilenced = self._unsilenced(sorted(self._tracked(entries), key=send_order))
            delivered += self._send_each(unsilenced, due, limit_an_hour)
        finally:
            self._used.update(f"{name}-{channel.name}" for channel in delivered)
            for key in {f"{name}-{channel.name}" for channel in due} - self._used:
                self._give_back(key)
        count("OverflowsPublished", sum(not channel.may_refuse for channel in delivered))
        self._mark_delivered(unsilenced, OVERFLOW)

    def _send_each(self, unsilenced: Sequence[Entry], channels: Sequence[Channel], limit_an_hour: int) -> list[Channel]:
        """The channels that received a summary now; not those without pending findings."""
        message_of = partial(overflow_message, limit_an_hour=limit_an_hour, resources=self.resources)
        pending = {channel.name: self._pending(channel, unsilenced) for channel in channels}
        due = [channel for channel in channels if pending[channel.name]]
        return [channel for channel in due if self._send(channel, pending[channel.name], message_of, OVERFLOW)]

    def _give_back(self, key: str) -> None:
        rate_limit, slot = self._slots.pop(key)
        if slot is None:
            return
        try:
            rate_limit.give_back(slot)
        except RetryableError as error:  # deliveries must be marked all the same; the slot expires
            logger().warning("slot not given back", extra={"slot": key, "error": str(error)})

    def _is_due(self, channel: Channel, entries: Sequence[Entry], name: str, window_seconds: int) -> bool:
        """Whether a channel lacks some of the findings, is reachable, and had no such summary within its window."""
        if channel.name in self.delivery.unreachable or all(channel.name in entry.delivered_to for entry in entries):
            return False
        key = f"{name}-{channel.name}"
        if key not in self._slots:
            table = self.findings
            rate_limit = RateLimit(key, 1, table.table_name, table.client, self.clock, window_seconds)
            self._slots[key] = rate_limit, rate_limit.take()
        return self._slots[key][1] is not None

    def send_digest(self, waiting: Sequence[Entry], window_minutes: int) -> None:
        """Sends one digest to each channel for which the oldest finding has waited a window, so at most one per window,
        without stored state. Findings of silenced threads are left out.
        """
        entries = self._tracked(waiting)
        latest = self.clock() - 60 * window_minutes
        due = [
            channel
            for channel in self.channels.digest
            if any(entry.waiting_since <= latest for entry in self._pending(channel, entries))
        ]
        if not due:
            return
        unsilenced = self._unsilenced(entries)
        for channel in due:
            self._digest_to(channel, self._pending(channel, unsilenced), window_minutes)
        self._mark_delivered(unsilenced, DIGEST)

    def _digest_to(self, channel: Channel, entries: Sequence[Entry], window_minutes: int) -> None:
        message_of = partial(digest_message, window_minutes=window_minutes, resources=self.resources)
        if entries and self._send(channel, entries, message_of, DIGEST) and not channel.may_refuse:
            count("DigestsPublished")

    def _unsilenced(self, entries: Sequence[Entry]) -> list[Entry]:
        """The findings of threads that are not silenced; the others leave the outbox."""
        thread = in_threads(lambda entry: thread_triage(self.findings, entry, self.clock()), entries)
        unsilenced = [entry for entry, each in zip(entries, thread, strict=True) if not each.is_silenced]
        count("AlertsSilenced", len(entries) - len(unsilenced))
        return unsilenced

    def _tracked(self, entries: Iterable[Entry]) -> list[Entry]:
        """The distinct entries; their deliveries are tracked from here on."""
        once = {entry.finding.id: entry for entry in entries}
        self._delivered_to |= {finding_id: set(entry.delivered_to) for finding_id, entry in once.items()}
        return list(once.values())

    def _pending(self, channel: Channel, entries: Iterable[Entry]) -> list[Entry]:
        return [entry for entry in entries if channel.name not in self._delivered_to[entry.finding.id]]

    def _send(
        self,
        channel: Channel,
        entries: Sequence[Entry],
        message_of: Callable[[Sequence[Finding]], AlertMessage],
        delivered_in: str,
    ) -> bool:
        """Whether the channel has the message now. Findings are marked once all channels were tried: a crash before
        that repeats the message, and never loses one.
        """
        kept, message = rendered(entries, message_of, self._quarantine)
        if message is None:
            return True
        if not self.delivery.deliver(channel, Notification(message)):
            self.failures.append(f"{len(kept)} findings were not delivered to {channel.name} ({delivered_in})")
            return False
        for entry in kept:
            self._delivered_to[entry.finding.id].add(channel.name)
        return True

    def _mark_delivered(self, entries: Sequence[Entry], delivered_in: str) -> None:
        """Marks the entries that a channel just received."""
        just = [entry for entry in entries if self._delivered_to[entry.finding.id] > entry.delivered_to]
        in_threads(partial(self._mark_one, delivered_in), just)

    def _mark_one(self, delivered_in: str, entry: Entry) -> None:
        delivered_to = self._delivered_to[entry.finding.id]
        required = self.channels.digest_names if delivered_in == DIGEST else self.channels.urgent_names
        if delivered_to >= required:
            self.findings.mark_published(entry.finding.id, delivered_in)
        else:
            self.findings.mark_delivered(entry.finding.id, *(delivered_to - entry.delivered_to))

    def _quarantine(self, entry: Entry, error: PoisonError) -> None:
        quarantine(self.findings, entry.finding.id, "message", error)
