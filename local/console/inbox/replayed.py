"""The inbox of a replay: nothing is sent, so the messages are those that a deployment would send."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from flowsentry.aws.findings.item import Entry
from flowsentry.emit.digest import digest_message
from flowsentry.emit.plain_text import plain
from flowsentry.findings.finding import Audience, Finding
from flowsentry.inventory.inventory import SECONDS_A_DAY
from local.console.inbox.inbox import AlertInbox
from local.console.inbox.message import Message
from local.console.inbox.triage_in_memory import SUPPRESSED, TriageInMemory

WINDOW_MINUTES = SECONDS_A_DAY // 60
"""A replay has one digest for each UTC day. Shorter: a long replay has hundreds of digests."""


def replayed_inbox(findings: Iterable[Finding], clock: Callable[[], float] = time.time) -> AlertInbox:
    """The inbox of these findings, suppressed ones too."""
    store, found = TriageInMemory(clock), list(findings)
    store.put(found)

    @lru_cache(1)
    def digests() -> Sequence[Message]:
        return _digests(found)

    return AlertInbox(store, digests, delivery_of=_delivery, clock=clock)


def _digests(findings: Iterable[Finding]) -> list[Message]:
    """A digest for each UTC day, in order of time."""
    by_day: dict[int, list[Finding]] = defaultdict(list)
    for each in findings:
        if each.audience is Audience.DIGEST and not each.suppressed_by:
            by_day[each.last_seen // SECONDS_A_DAY].append(each)
    return [_digest(day, its_findings) for day, its_findings in sorted(by_day.items())]


def _digest(day: int, findings: Sequence[Finding]) -> Message:
    newest = max(each.last_seen for each in findings)
    return Message.composed(f"digest-{day}", newest, digest_message(findings, WINDOW_MINUTES))


def _delivery(entry: Entry) -> str:
    if entry.undelivered_reason == SUPPRESSED:
        return f"not sent: suppressed ({plain(entry.finding.suppressed_by)})"
    form = "in a digest" if entry.finding.audience is Audience.DIGEST else "as one message"
    return f"not sent, because a replay sends nothing; a deployment sends it {form}"
