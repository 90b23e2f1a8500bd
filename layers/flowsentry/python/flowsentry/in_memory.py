"""Evidence and findings held in dictionaries: the stores of replay and of tests, under the promises of the tables."""

from collections.abc import Iterable, Sequence

from flowsentry.evidence import MEMORY_DAYS, Evidence, EvidenceKey, History
from flowsentry.findings import Finding


def folded(batch: Iterable[Evidence]) -> dict[EvidenceKey, Evidence]:
    """The evidence that says something, merged to one for each key, in order of first appearance."""
    merged: dict[EvidenceKey, Evidence] = {}
    for evidence in batch:
        if evidence.has_failures or evidence.answered:
            known = merged.get(evidence.key, evidence)
            merged[evidence.key] = known.merge(evidence)
    return merged


def neighbour_days(days: Iterable[int]) -> list[int]:
    """The days that a write to `days` may be judged with: MEMORY_DAYS before to MEMORY_DAYS after each."""
    near = {day + distance for day in days for distance in range(-MEMORY_DAYS, MEMORY_DAYS + 1)}
    return sorted(near)


class EvidenceInMemory:
    """An EvidenceStore in a dictionary."""

    def __init__(self) -> None:
        self.items: dict[EvidenceKey, Evidence] = {}

    def merge(self, batch: Sequence[Evidence]) -> list[History]:
        """See EvidenceStore.merge. All failures of a batch are recorded before its answers are looked at."""
        evidence = folded(batch)
        failures = [one for one in evidence.values() if one.has_failures]
        answers = [one for one in evidence.values() if not one.has_failures]
        for one in failures:
            self._record(one)
        recorded = failures + [one for one in answers if self._days_known(one.key)]
        for one in recorded[len(failures) :]:
            self._record(one)
        return self._histories(one.key for one in recorded)

    def _record(self, evidence: Evidence) -> None:
        known = self.items.get(evidence.key, evidence)
        self.items[evidence.key] = known.merge(evidence)

    def _days_known(self, key: EvidenceKey) -> dict[int, Evidence]:
        near = (key._replace(day=day) for day in neighbour_days([key.day]))
        return {each.day: self.items[each] for each in near if each in self.items}

    def _histories(self, recorded: Iterable[EvidenceKey]) -> list[History]:
        written: dict[tuple[str, str], list[EvidenceKey]] = {}
        for key in recorded:
            written.setdefault((key.scope, key.source), []).append(key)
        return [self._history(keys) for keys in written.values()]

    def _history(self, keys: list[EvidenceKey]) -> History:
        days = {day: one for key in keys for day, one in self._days_known(key).items()}
        return History(dict(sorted(days.items())), tuple(sorted(key.day for key in keys)))


class FindingsInMemory:
    """A FindingStore in a dictionary: `findings` by id, in the order they were put."""

    def __init__(self) -> None:
        self.findings: dict[str, Finding] = {}

    def put_new(self, findings: Sequence[Finding]) -> list[Finding]:
        """See FindingStore.put_new."""
        return [one for one in findings if self._put(one)]

    def _put(self, finding: Finding) -> bool:
        is_new = finding.id not in self.findings
        self.findings.setdefault(finding.id, finding)
        return is_new
