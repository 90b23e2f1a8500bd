"""The outbox emptied: unpublished findings are told to people and machines, and marked once these have them."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from botocore.exceptions import ClientError

from flowsentry.aws.channels import Channels
from flowsentry.aws.finding_item import SNOOZED_WORD, Entry, Item, is_counter
from flowsentry.aws.finding_table import FindingTable
from flowsentry.aws.hourly_quota import HOUR_MILLISECONDS, HourlyQuota
from flowsentry.aws.poison_findings import fit_entries
from flowsentry.aws.summaries import Summaries
from flowsentry.aws.teller import Teller
from flowsentry.aws.urgent_alerts import UrgentAlerts
from flowsentry.errors import RetryableError
from flowsentry.findings import Audience
from flowsentry.places import Places
from flowsentry.telemetry import count

MAX_WAITING = 5_000
"""Findings of one digest or summary, and looked through in one run; marked one by one at some 5 ms each."""
LEFT_OVER_SECONDS = 120
"""The stream tells of a finding within seconds; what is older was left over. Longer: alerts that the stream lost come
later. Shorter: the schedule sends what the stream is just sending, and people get it twice."""
HELD_SECONDS = HOUR_MILLISECONDS // 1_000
"""How long what is held may wait for its summary before it is late."""


@dataclass(frozen=True)
class Outbox:
    """The findings table on one side, the channels on the other."""

    findings: FindingTable
    channels: Channels
    places: Places
    digest_minutes: int
    max_urgent_an_hour: int
    clock: Callable[[], float] = time.time

    def publish_new(self, images: Iterable[Item]) -> None:
        """Tells of those that are urgent and still unpublished, as the stream has them. Raises RetryableError when any
        could not be told.
        """
        entries = fit_entries(self.findings, filter(_is_to_be_told, images), "stream")
        alerts = self._alerts(Teller())
        self._publish(alerts, [entry for entry in entries if entry.finding.audience is Audience.URGENT])

    def publish_left_over(self) -> None:
        """Tells of alerts that were left over and of what was snoozed until now; sums up what is held; and sends a
        digest when its time has come. What fails keeps none of the others back; RetryableError is raised at the end.
        """
        teller, failures = Teller(), []
        for step in (self._publish_alerts, self._publish_digest):
            try:
                step(teller)
            except (RetryableError, ClientError) as error:
                failures.append(str(error))
        if failures:
            raise RetryableError("; ".join(failures))

    def _publish_alerts(self, teller: Teller) -> None:
        alerts = self._alerts(teller)
        waiting = self._waiting(Audience.URGENT)
        self._measure(waiting)
        held = [entry for entry in waiting if entry.is_held]
        try:
            self._publish(alerts, [*self._awake(), *filter(self._is_left_over, waiting)])
        finally:
            summaries = self._summaries(teller)
            summaries.overflow([*held, *alerts.held], self.max_urgent_an_hour)
        _raise(summaries.failures)

    def _publish_digest(self, teller: Teller) -> None:
        summaries = self._summaries(teller)
        summaries.digest(self._waiting(Audience.DIGEST), self.digest_minutes)
        _raise(summaries.failures)

    def _publish(self, alerts: UrgentAlerts, entries: Sequence[Entry]) -> None:
        """Tells of each, so that one that fails holds up no other; then raises when any failed."""
        failed = alerts.tell(entry.finding.id for entry in entries)
        count("AlertsFailed", len(failed))
        _raise([f"{len(failed)} alerts stay in the outbox: {', '.join(failed[:10])}"] if failed else [])

    def _awake(self) -> list[Entry]:
        """What was snoozed until now, put back into the outbox."""
        now = self.clock()
        snoozed = self._waiting(SNOOZED_WORD)
        awake = [entry for entry in snoozed if (entry.life.until or 0) <= now]
        for entry in awake:
            self.findings.wake(entry)
        return awake

    def _is_left_over(self, entry: Entry) -> bool:
        """Not what the stream is just telling, nor what only waits to be summed up."""
        has_untold_machines = any(channel.name not in entry.told for channel in self.channels.machines)
        is_old = entry.waiting_since <= self.clock() - LEFT_OVER_SECONDS
        return is_old and (has_untold_machines or not entry.is_held)

    def _measure(self, waiting: Sequence[Entry]) -> None:
        """How late the latest alert is; what is held may wait an hour."""
        ages = [self.clock() - entry.waiting_since - HELD_SECONDS * entry.is_held for entry in waiting]
        if ages:
            count("OldestAlertSeconds", max(0, *ages))

    def _waiting(self, word: str) -> list[Entry]:
        return list(islice(fit_entries(self.findings, self.findings.unpublished(word), "outbox"), MAX_WAITING))

    def _alerts(self, teller: Teller) -> UrgentAlerts:
        table = self.findings
        quota = HourlyQuota("urgent", self.max_urgent_an_hour, table.table_name, table.client, self.clock)
        return UrgentAlerts(table, self.channels, self.places, quota, teller, self.clock)

    def _summaries(self, teller: Teller) -> Summaries:
        return Summaries(self.findings, self.channels, self.places, teller, self.clock)


def _is_to_be_told(image: Item) -> bool:
    """Whether an item that was put is a finding in the outbox, or is no item that we know."""
    return not is_counter(image) and ("unpublished" in image or "finding" not in image)


def _raise(failures: Sequence[str]) -> None:
    if failures:
        raise RetryableError("; ".join(failures))
