"""The outbox emptied: unpublished findings become messages, and are marked once the topic has them.

A message is published before its finding is marked: a crash between the two repeats an alert and never drops one.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from botocore.exceptions import ClientError

from flowsentry.aws.alert_topic import AlertTopic
from flowsentry.aws.finding_table import FindingTable, Unpublished
from flowsentry.aws.threads import in_threads
from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.digest import digest_message
from flowsentry.errors import RetryableError
from flowsentry.findings import Audience, Finding
from flowsentry.telemetry import count, logger

MAX_MESSAGES = 100
"""Messages of one run; the rest stays in the outbox for the next. More: a burst wakes people longer. Fewer: a real
attack on many fronts takes several runs to be told."""
MAX_DIGEST_FINDINGS = 5_000
"""Findings of one digest, marked one by one at some 5 ms each."""
LEFT_OVER_SECONDS = 120
"""The stream tells of a finding within seconds; what is older was left over. Longer: alerts that the stream lost come
later. Shorter: the schedule sends what the stream is just sending, and people get it twice."""


@dataclass(frozen=True)
class Outbox:
    """The findings table on one side, the topic on the other."""

    findings: FindingTable
    topic: AlertTopic
    digest_minutes: int
    clock: Callable[[], float] = time.time

    def publish_new(self, findings: Iterable[Finding]) -> None:
        """Publishes those that are alerts and still unpublished. Raises RetryableError when any could not be."""
        alerts = (finding for finding in findings if finding.audience is Audience.URGENT)
        self._publish([finding for finding in alerts if self.findings.is_unpublished(finding.id)])

    def publish_left_over(self) -> None:
        """Publishes alerts that were left over, and a digest when its time has come."""
        now = self.clock()
        waiting = list(islice(self.findings.unpublished(Audience.URGENT), MAX_MESSAGES))
        if waiting:
            count("OldestAlertSeconds", max(0, now - waiting[0].found_at))
        left_over = [each.finding for each in waiting if each.found_at <= now - LEFT_OVER_SECONDS]
        try:
            self._publish([finding for finding in left_over if self.findings.is_unpublished(finding.id)])
        finally:
            self._publish_digest(list(islice(self.findings.unpublished(Audience.DIGEST), MAX_DIGEST_FINDINGS)))

    def _publish(self, findings: Sequence[Finding]) -> None:
        """Publishes each, so that one that fails holds up no other; then raises when any failed."""
        failed = [finding.id for finding in findings[:MAX_MESSAGES] if not self._is_published(finding)]
        count("AlertsFailed", len(failed))
        if failed:
            raise RetryableError(f"{len(failed)} alerts stay in the outbox: {', '.join(failed[:10])}")

    def _is_published(self, finding: Finding) -> bool:
        try:
            self.topic.publish(alert_message(finding))
            self.findings.mark_published(finding.id)
        except (RetryableError, ClientError) as error:
            logger().error("alert not published", extra={"finding": finding.id, "error": str(error)})
            return False
        count("AlertsPublished")
        return True

    def _publish_digest(self, waiting: Sequence[Unpublished]) -> None:
        """One digest when the oldest has waited a window, so at most one is sent a window, with no state kept."""
        if not waiting or waiting[0].found_at > self.clock() - 60 * self.digest_minutes:
            return
        self.topic.publish(digest_message([each.finding for each in waiting], self.digest_minutes))
        count("DigestsPublished")
        in_threads(self.findings.mark_published, [each.finding.id for each in waiting])
