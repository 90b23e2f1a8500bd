"""The outbox emptied: unpublished findings are told to people and machines, and marked once these have them."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from botocore.exceptions import ClientError

from flowsentry.aws.findings.item import HIGH_WORD, SNOOZED_WORD, URGENT_WORDS, Entry, Item, is_counter
from flowsentry.aws.findings.quarantine import fit_entries
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.notifications.channels import Channels
from flowsentry.aws.notifications.delivery import Delivery
from flowsentry.aws.notifications.digests import Summaries
from flowsentry.aws.notifications.rate_limit import HOUR_MILLISECONDS, RateLimit
from flowsentry.aws.notifications.urgent import UrgentAlerts
from flowsentry.aws.time_budget import TimeBudget
from flowsentry.emit.console_queries import AccountResources
from flowsentry.errors import RetryableError
from flowsentry.findings.finding import Audience, Severity
from flowsentry.telemetry import count

MAX_SUMMED = 5_000
"""Findings of one digest or summary, looked up and marked at some 2 ms each; more are a message more. More: a message
whose marks a run has no time for, and some 5 MB of memory a thousand. Fewer: a flood is more messages."""
CHUNK_SECONDS = 15
"""What MAX_SUMMED take; a run that has less left leaves them to the next. Longer: more is left that could have been
told. Shorter: a run is ended between telling and marking, and people read a summary twice."""
STREAM_SECONDS = 20
"""Within which a batch of the stream is told; what is left over the sweep takes. Longer: a slow channel keeps a shard's
newer findings waiting. Shorter: more is left to the sweep, a minute later."""
SWEEP_SECONDS = 50
"""How long a sweep may take that is not told its time. It ends before the next begins."""
LEFT_OVER_SECONDS = 120
"""The stream tells of a finding within seconds; what is older was left over. Longer: alerts that the stream lost come
later. Shorter: the schedule sends what the stream is just sending, and machines get it twice."""
HIGH_LEFT_OVER_SECONDS = 15
"""The same for HIGH, which both claim before they wake people. Longer: with the minute between sweeps and what one
takes, HIGH is told later than within two minutes. Shorter: machines get twice what the stream is just sending."""
HELD_SECONDS = HOUR_MILLISECONDS // 1_000
"""How long what is held may wait for its summary before it is late."""


@dataclass(frozen=True)
class Outbox:
    """The findings table on one side, the channels on the other."""

    findings: FindingTable
    channels: Channels
    resources: AccountResources
    digest_minutes: int
    max_urgent_an_hour: int
    clock: Callable[[], float] = time.time

    def publish_new(self, images: Iterable[Item], seconds: float = STREAM_SECONDS) -> None:
        """Tells of those that are urgent and still unpublished, as the stream has them, the loudest first. What there
        is no time for stays for the sweep. Raises RetryableError when any could not be told.
        """
        entries = fit_entries(self.findings, filter(_is_to_be_told, images), "stream")
        urgent = {entry.finding.id: entry for entry in entries if entry.finding.audience is Audience.URGENT}
        alerts = self._alerts(Delivery(), TimeBudget.of(min(seconds, STREAM_SECONDS), self.clock))
        alerts.wake(urgent.values())
        try:
            alerts.hold(alerts.over)
        finally:
            alerts.tell_machines(urgent.values())
        _raise(_failures(alerts))

    def publish_left_over(self, seconds: float = SWEEP_SECONDS) -> None:
        """Tells of alerts that were left over, HIGH before all else, and of what was snoozed until now; sums up what is
        over the hour's limit; sends a digest when its time has come; and tells machines. It ends within `seconds`, and
        the next run goes on. What fails keeps none of the others back; RetryableError is raised at the end.
        """
        time_budget, delivery = TimeBudget.of(seconds, self.clock), Delivery()
        alerts, summaries = self._alerts(delivery, time_budget), self._summaries(delivery)
        failures: list[str] = []
        for step in (self._tell_high, self._tell_awake, self._tell_medium, self._publish_digest, self._tell_machines):
            try:
                step(alerts, summaries)
            except (RetryableError, ClientError) as error:
                failures.append(str(error))
        _raise([*failures, *_failures(alerts), *summaries.failures])

    def _tell_high(self, alerts: UrgentAlerts, summaries: Summaries) -> None:
        self._tell_waiting(HIGH_WORD, alerts, summaries)

    def _tell_medium(self, alerts: UrgentAlerts, summaries: Summaries) -> None:
        self._tell_waiting(Audience.URGENT, alerts, summaries)

    def _tell_awake(self, alerts: UrgentAlerts, summaries: Summaries) -> None:  # noqa: ARG002 - a step like the others
        """What was snoozed until now, put back into the outbox; what finds no slot waits there as any other."""
        awake = list(self._awake(alerts.time_budget))
        alerts.wake(awake)
        alerts.hold(_taken(alerts.over))

    def _tell_waiting(self, word: str, alerts: UrgentAlerts, summaries: Summaries) -> None:
        """All under a word, oldest first, as many at a time as one summary takes."""
        entries = self._waiting(word)
        while alerts.time_budget.has() and (chunk := list(islice(entries, MAX_SUMMED))):
            self._measure(chunk)
            alerts.wake(filter(self._is_left_over, chunk))
            over = _taken(alerts.over)
            if not (together := [*(entry for entry in chunk if entry.is_held), *over]):
                continue
            if not alerts.time_budget.has(CHUNK_SECONDS):
                summaries.give_back()
                return
            self._sum_up(together, summaries)
            alerts.hold([entry for entry in over if not summaries.has_told(entry)])

    def _sum_up(self, entries: Sequence[Entry], summaries: Summaries) -> None:
        """What is HIGH under any word is not kept waiting for an hour."""
        high = [entry for entry in entries if _is_high(entry)]
        try:
            summaries.high(high, self.max_urgent_an_hour)
        finally:
            rest = [entry for entry in entries if not _is_high(entry)]
            summaries.overflow(rest, self.max_urgent_an_hour)

    def _publish_digest(self, alerts: UrgentAlerts, summaries: Summaries) -> None:
        if alerts.time_budget.has(CHUNK_SECONDS):
            waiting = list(islice(self._waiting(Audience.DIGEST), MAX_SUMMED))
            summaries.digest(waiting, self.digest_minutes)

    def _tell_machines(self, alerts: UrgentAlerts, summaries: Summaries) -> None:  # noqa: ARG002 - a step like the others
        """Last, since each finding is a call: people do not wait for it."""
        if self.channels.machines:
            entries = chain.from_iterable(map(self._waiting, URGENT_WORDS))
            alerts.tell_machines(filter(self._is_left_over, entries))

    def _awake(self, time_budget: TimeBudget) -> Iterator[Entry]:
        now = self.clock()
        for entry in self._waiting(SNOOZED_WORD):
            if (entry.triage.until or 0) <= now and time_budget.has():
                self.findings.wake(entry)
                yield entry

    def _is_left_over(self, entry: Entry) -> bool:
        """Not what the stream is just telling."""
        return entry.waiting_since <= self.clock() - (HIGH_LEFT_OVER_SECONDS if _is_high(entry) else LEFT_OVER_SECONDS)

    def _measure(self, waiting: Sequence[Entry]) -> None:
        """How late the latest alert is; what is held may wait an hour, unless it is HIGH."""
        granted = {entry.finding.id: HELD_SECONDS * (entry.is_held and not _is_high(entry)) for entry in waiting}
        ages = [self.clock() - entry.waiting_since - granted[entry.finding.id] for entry in waiting]
        count("OldestAlertSeconds", max(0, *ages))

    def _waiting(self, word: str) -> Iterator[Entry]:
        return fit_entries(self.findings, self.findings.unpublished(word), "outbox")

    def _alerts(self, delivery: Delivery, time_budget: TimeBudget) -> UrgentAlerts:
        table = self.findings
        rate_limit = RateLimit("urgent", self.max_urgent_an_hour, table.table_name, table.client, self.clock)
        return UrgentAlerts(table, self.channels, self.resources, rate_limit, delivery, time_budget, self.clock)

    def _summaries(self, delivery: Delivery) -> Summaries:
        return Summaries(self.findings, self.channels, self.resources, delivery, self.clock)


def _is_high(entry: Entry) -> bool:
    return entry.finding.severity is Severity.HIGH


def _taken(over: list[Entry]) -> list[Entry]:
    """All of them, which are nobody else's business then."""
    taken = over[:]
    over.clear()
    return taken


def _failures(alerts: UrgentAlerts) -> list[str]:
    failed = list(alerts.failed)
    count("AlertsFailed", len(failed))
    return [f"{len(failed)} alerts stay in the outbox: {', '.join(failed[:10])}"] if failed else []


def _is_to_be_told(image: Item) -> bool:
    """Whether an item that was put is a finding in the outbox, or is no item that we know."""
    return not is_counter(image) and ("unpublished" in image or "finding" not in image)


def _raise(failures: Sequence[str]) -> None:
    if failures:
        raise RetryableError("; ".join(failures))
