"""Evidence and findings held in dictionaries: the stores of replay and of tests, under the promises of the tables."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from flowsentry.evidence import MEMORY_DAYS, Evidence, EvidenceKey, History
from flowsentry.findings import Finding


def folded(batch: Iterable[Evidence]) -> list[Evidence]:
    """The evidence that says something, merged to one for each key, in order of first appearance."""
    merged: dict[EvidenceKey, Evidence] = {}
    for evidence in batch:
        if evidence.has_failures or evidence.answered:
            known = merged.get(evidence.key, evidence)
            merged[evidence.key] = known.merge(evidence)
    return list(merged.values())


def neighbours(key: EvidenceKey) -> list[EvidenceKey]:
    """The keys of a source that a write to one of them may be judged with: MEMORY_DAYS before it to as many after."""
    return [key._replace(day=key.day + distance) for distance in range(-MEMORY_DAYS, MEMORY_DAYS + 1)]


def has_neighbour(items: Mapping[EvidenceKey, Evidence], key: EvidenceKey) -> bool:
    """Whether the source has an item near this day: only then are its answers worth keeping."""
    return any(near in items for near in neighbours(key))


def histories(items: Mapping[EvidenceKey, Evidence], recorded: Iterable[EvidenceKey]) -> list[History]:
    """A history for each source among the keys that were recorded, in order of first appearance."""
    written: dict[tuple[str, str], list[EvidenceKey]] = {}
    for key in recorded:
        written.setdefault((key.scope, key.source), []).append(key)
    return [_history(items, keys) for keys in written.values()]


def _history(items: Mapping[EvidenceKey, Evidence], keys: list[EvidenceKey]) -> History:
    near = sorted({each for key in keys for each in neighbours(key) if each in items})
    return History({key.day: items[key] for key in near}, tuple(sorted(key.day for key in keys)))


class EvidenceInMemory:
    """An EvidenceStore in a dictionary."""

    def __init__(self) -> None:
        self.items: dict[EvidenceKey, Evidence] = {}

    def suspects(self, keys: Collection[EvidenceKey]) -> set[EvidenceKey]:
        """See EvidenceStore.suspects."""
        return {key for key in keys if has_neighbour(self.items, key)}

    def merge(self, batch: Sequence[Evidence]) -> list[History]:
        """See EvidenceStore.merge. All failures of a batch are recorded before its answers are looked at."""
        evidence = folded(batch)
        failures = [one for one in evidence if one.has_failures]
        self._record(failures)
        answers = [one for one in evidence if not one.has_failures and has_neighbour(self.items, one.key)]
        self._record(answers)
        return histories(self.items, [one.key for one in failures + answers])

    def _record(self, batch: Iterable[Evidence]) -> None:
        for evidence in batch:
            known = self.items.get(evidence.key, evidence)
            self.items[evidence.key] = known.merge(evidence)


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
