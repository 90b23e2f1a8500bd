"""Findings of a replay with their triage, in a dictionary: the rules are those of the findings table."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from flowsentry.aws.findings.item import Entry
from flowsentry.aws.findings.triage import NoSuchFindingError
from flowsentry.errors import PoisonError
from flowsentry.findings.finding import Finding
from flowsentry.findings.triage import State, Triage, TriageActions

SUPPRESSED = "suppressed"


class TriagedFindings(Protocol):
    """What FindingTriage offers of the findings table, and TriageInMemory of a replay; see FindingTriage."""

    def acknowledge(self, finding_id: str, by: str, note: str = "") -> Triage: ...

    def snooze(self, finding_id: str, until: int, by: str, note: str = "") -> Triage: ...

    def resolve(self, finding_id: str, by: str, note: str = "") -> Triage: ...

    def reopen(self, finding_id: str, by: str, note: str = "") -> Triage: ...

    def entry(self, finding_id: str) -> Entry: ...

    def newest(self, since: int, on_poison: Callable[[PoisonError], object]) -> list[Entry]: ...

    def thread_of(self, entry: Entry, on_poison: Callable[[PoisonError], object]) -> list[Entry]: ...


@dataclass
class TriageInMemory(TriageActions):
    """TriagedFindings in a dictionary. A finding counts as found when its last record ended. The end of a snooze is
    noticed when the finding is next read.
    """

    clock: Callable[[], float] = time.time
    _entries: dict[str, Entry] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, findings: Iterable[Finding]) -> None:
        """Adds findings; one that is known stays as it is."""
        for each in findings:
            reason = SUPPRESSED if each.suppressed_by else ""
            entry = Entry(each, each.last_seen, Triage(), undelivered_reason=reason)
            self._entries.setdefault(each.id, entry)

    def entry(self, finding_id: str) -> Entry:
        """See FindingTriage.entry."""
        if finding_id not in self._entries:
            raise NoSuchFindingError(f"there is no finding {finding_id}")
        return self._awake(self._entries[finding_id])

    def newest(self, since: int, on_poison: Callable[[PoisonError], object]) -> list[Entry]:  # noqa: ARG002 none here
        """See FindingTriage.newest."""
        found = (self._awake(each) for each in list(self._entries.values()) if each.found_at >= since)
        return sorted(found, key=lambda entry: (-entry.found_at, entry.finding.id))

    def thread_of(self, entry: Entry, on_poison: Callable[[PoisonError], object]) -> list[Entry]:
        """See FindingTriage.thread_of."""
        thread = entry.finding.thread
        others = (each for each in self.newest(0, on_poison) if each.finding.id != entry.finding.id)
        return [each for each in others if each.finding.thread == thread] if thread else []

    def _set_triage(self, finding_id: str, triage: Triage) -> Triage:
        """The resulting triage."""
        with self._lock:
            entry = self.entry(finding_id)
            if not entry.triage.is_changed_by(triage):
                return entry.triage
            self._entries[finding_id] = replace(entry, triage=triage, before=None)
            return triage

    def _awake(self, entry: Entry) -> Entry:
        """The entry; open again once its snooze has ended."""
        triage = entry.triage
        if triage.state is not State.SNOOZED or triage.is_silent(self.clock()):
            return entry
        return replace(entry, triage=Triage(changed_at=triage.until or 0), before=triage)
