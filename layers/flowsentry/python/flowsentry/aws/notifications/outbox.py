"""Publishes the outbox: delivers unpublished findings to channels, and marks them published once all channels have
them.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from botocore.exceptions import ClientError

from flowsentry.aws.findings.item import (
    HIGH_PARTITION,
    SNOOZED_PARTITION,
    URGENT_PARTITIONS,
    Entry,
    Item,
    is_bookkeeping,
)
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.notifications.channels import Channels, Delivery
from flowsentry.aws.notifications.pause import NO_PAUSE, Pause
from flowsentry.aws.notifications.rate_limit import HOUR_MILLISECONDS, RateLimit
from flowsentry.aws.notifications.rendering import valid_entries
from flowsentry.aws.notifications.summaries import Summaries
from flowsentry.aws.notifications.urgent import UrgentAlerts
from flowsentry.aws.time_budget import TimeBudget
from flowsentry.emit.console_queries import AccountResources
from flowsentry.errors import RetryableError
from flowsentry.findings.finding import Audience
from flowsentry.telemetry import count
from flowsentry.value import Value

MAX_SUMMARIZED = 5_000
"""Findings of one digest or summary, looked up and marked at some 2 ms each; more findings take another message.
Higher: a run lacks the time to mark a message's findings, and needs some 5 MB of memory a thousand. Lower: a flood
takes more messages."""
CHUNK_SECONDS = 15
"""The time that MAX_SUMMARIZED findings take; a run with less time left leaves them to the next. Longer: more is left
that could have been delivered. Shorter: a run ends between delivery and marking, and people receive a summary twice."""
STREAM_SECONDS = 20
"""Time to deliver a batch of the stream; the sweep delivers the rest. Longer: a slow channel delays a shard's newer
findings. Shorter: more is left to the sweep, a minute later."""
SWEEP_SECONDS = 50
"""The default time of a sweep. It ends before the next one starts."""
LEFT_OVER_SECONDS = 120
"""The stream delivers a finding within seconds; older ones were left over. Longer: alerts that the stream lost come
later. Shorter: the sweep delivers what the stream is just delivering, and machines receive it twice."""
HIGH_LEFT_OVER_SECONDS = 15
"""The same for HIGH, which both claim before they deliver it to people. Longer: with the minute between sweeps and the
time of one, HIGH is delivered later than within two minutes. Shorter: machines receive twice what the stream is just
delivering."""
RATE_LIMITED_SECONDS = HOUR_MILLISECONDS // 1_000
"""How long a rate-limited finding may wait for its summary before it counts as late."""


class Outbox(Value, frozen=True):
    """Connects the findings table with the channels. While `pause` is active, everything waits in the table;
    `recipients` are listed in test alerts.
    """

    findings: FindingTable
    channels: Channels
    resources: AccountResources
    digest_minutes: int
    max_urgent_an_hour: int
    clock: Callable[[], float] = time.time
    pause: Callable[[], Pause] = lambda: NO_PAUSE
    recipients: Callable[[], Sequence[str]] = tuple

    def publish_new(self, images: Iterable[Item], seconds: float = STREAM_SECONDS) -> None:
        """Delivers the urgent, unpublished findings of a stream batch, the most urgent first. Those without time stay
        for the sweep. Raises RetryableError when any delivery failed.
        """
        if self._is_paused():
            return
        entries = valid_entries(self.findings, filter(_is_unpublished, images), "stream")
        urgent = {entry.finding.id: entry for entry in entries if entry.finding.audience is Audience.URGENT}
        alerts = self._alerts(Delivery(), TimeBudget.of(min(seconds, STREAM_SECONDS), self.clock))
        alerts.send_to_people(urgent.values())
        try:
            alerts.mark_rate_limited(alerts.over_limit)
        finally:
            alerts.send_to_machines(urgent.values())
        _raise(_failures(alerts))

    def publish_left_over(self, seconds: float = SWEEP_SECONDS) -> None:
        """A sweep: delivers findings that were left over, HIGH before all else, and those whose snooze ended;
        summarizes those over the rate limit; sends a digest when it is due; and delivers to machines. It ends within
        `seconds`, and the next run continues. A failed step does not stop the others; RetryableError is raised at the
        end.
        """
        if self._is_paused():
            count("AlertsPaused")
            return
        time_budget, delivery = TimeBudget.of(seconds, self.clock), Delivery()
        alerts, summaries = self._alerts(delivery, time_budget), self._summaries(delivery)
        failures: list[str] = []
        for step in (
            self._send_high,
            self._send_unsnoozed,
            self._send_medium,
            self._publish_digest,
            self._send_to_machines,
        ):
            try:
                step(alerts, summaries)
            except (RetryableError, ClientError) as error:
                failures.append(str(error))
        _raise([*failures, *_failures(alerts), *summaries.failures])

    def _is_paused(self) -> bool:
        return self.pause().is_active(self.clock())

    def _send_high(self, alerts: UrgentAlerts, summaries: Summaries) -> None:
        self._send_waiting(HIGH_PARTITION, alerts, summaries)

    def _send_medium(self, alerts: UrgentAlerts, summaries: Summaries) -> None:
        self._send_waiting(Audience.URGENT, alerts, summaries)

    def _send_unsnoozed(self, alerts: UrgentAlerts, summaries: Summaries) -> None:  # noqa: ARG002 - a step like the others
        """Delivers findings whose snooze ended; without a slot they wait in the outbox as any other."""
        unsnoozed = list(self._unsnoozed(alerts.time_budget))
        alerts.send_to_people(unsnoozed)
        alerts.mark_rate_limited(_drained(alerts.over_limit))

    def _send_waiting(self, partition: str, alerts: UrgentAlerts, summaries: Summaries) -> None:
        """Delivers a partition of the outbox, oldest first, as many findings at a time as one summary takes."""
        entries = self._waiting(partition)
        while alerts.time_budget.has() and (chunk := list(islice(entries, MAX_SUMMARIZED))):
            self._record_oldest(chunk)
            alerts.send_to_people(filter(self._is_left_over, chunk))
            over_limit = _drained(alerts.over_limit)
            if not (together := [*(entry for entry in chunk if entry.is_rate_limited), *over_limit]):
                continue
            if not alerts.time_budget.has(CHUNK_SECONDS):
                summaries.give_back()
                return
            self._summarize(together, summaries)
            alerts.mark_rate_limited([entry for entry in over_limit if not summaries.is_delivered(entry)])

    def _summarize(self, entries: Sequence[Entry], summaries: Summaries) -> None:
        """HIGH findings of any partition do not wait for the hourly summary."""
        high = [entry for entry in entries if entry.is_high]
        try:
            summaries.send_high(high, self.max_urgent_an_hour)
        finally:
            others = [entry for entry in entries if not entry.is_high]
            summaries.send_overflow(others, self.max_urgent_an_hour)

    def _publish_digest(self, alerts: UrgentAlerts, summaries: Summaries) -> None:
        if alerts.time_budget.has(CHUNK_SECONDS):
            waiting = list(islice(self._waiting(Audience.DIGEST), MAX_SUMMARIZED))
            summaries.send_digest(waiting, self.digest_minutes)

    def _send_to_machines(self, alerts: UrgentAlerts, summaries: Summaries) -> None:  # noqa: ARG002 - a step like the others
        """Last, since each finding is a call: people do not wait for it."""
        if self.channels.machines:
            entries = chain.from_iterable(map(self._waiting, URGENT_PARTITIONS))
            alerts.send_to_machines(filter(self._is_left_over, entries))

    def _unsnoozed(self, time_budget: TimeBudget) -> Iterator[Entry]:
        now = self.clock()
        for entry in self._waiting(SNOOZED_PARTITION):
            if (entry.triage.until or 0) <= now and time_budget.has():
                self.findings.end_snooze(entry)
                yield entry

    def _is_left_over(self, entry: Entry) -> bool:
        """Whether the stream is not delivering it any more."""
        return entry.waiting_since <= self.clock() - (HIGH_LEFT_OVER_SECONDS if entry.is_high else LEFT_OVER_SECONDS)

    def _record_oldest(self, waiting: Sequence[Entry]) -> None:
        """Emits the age of the latest alert; rate-limited findings may wait an hour, unless they are HIGH, and the time
        of a pause does not count.
        """
        resumed_at = self.pause().ends_at
        granted = {
            entry.finding.id: RATE_LIMITED_SECONDS * (entry.is_rate_limited and not entry.is_high) for entry in waiting
        }
        since = {entry.finding.id: max(entry.waiting_since, resumed_at) for entry in waiting}
        ages = [self.clock() - since[finding_id] - seconds for finding_id, seconds in granted.items()]
        count("OldestAlertSeconds", max(0, *ages))

    def _waiting(self, partition: str) -> Iterator[Entry]:
        return valid_entries(self.findings, self.findings.unpublished(partition), "outbox")

    def _alerts(self, delivery: Delivery, time_budget: TimeBudget) -> UrgentAlerts:
        table = self.findings
        rate_limit = RateLimit("urgent", self.max_urgent_an_hour, table.table_name, table.client, self.clock)
        return UrgentAlerts(
            table, self.channels, self.resources, rate_limit, delivery, time_budget, self.clock, self.recipients
        )

    def _summaries(self, delivery: Delivery) -> Summaries:
        return Summaries(self.findings, self.channels, self.resources, delivery, self.clock)


def _drained(over_limit: list[Entry]) -> list[Entry]:
    """All of them; the list is empty afterwards."""
    taken = over_limit[:]
    over_limit.clear()
    return taken


def _failures(alerts: UrgentAlerts) -> list[str]:
    failed = list(alerts.failed)
    count("AlertsFailed", len(failed))
    return [f"{len(failed)} alerts stay in the outbox: {', '.join(failed[:10])}"] if failed else []


def _is_unpublished(image: Item) -> bool:
    """Whether a put item is a finding in the outbox, or unknown."""
    return not is_bookkeeping(image) and ("unpublished" in image or "finding" not in image)


def _raise(failures: Sequence[str]) -> None:
    if failures:
        raise RetryableError("; ".join(failures))
