"""Evidence, known services and findings in dictionaries: the stores of replay and of tests, which behave as the tables
do.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import reduce

from flowsentry.findings.evidence import MEMORY_DAYS, Evidence, EvidenceKey, History, merged_evidence, near_recorded
from flowsentry.findings.finding import AnyIdentified, Finding
from flowsentry.findings.known_services import Answer, Answers, Outage, Service, Services, ended_outages


class EvidenceInMemory:
    """An EvidenceStore in a dictionary."""

    def __init__(self) -> None:
        self.items: dict[EvidenceKey, Evidence] = {}
        self._days: dict[tuple[str, str], set[int]] = {}

    def suspects(self, keys: Collection[EvidenceKey]) -> set[EvidenceKey]:
        """See EvidenceStore.suspects."""
        return {key for key in keys if self._is_suspect(key)}

    def recall(self, keys: Collection[EvidenceKey]) -> list[History]:
        """See EvidenceStore.recall."""
        return self._histories([key for key in keys if self._is_suspect(key)])

    def merge(self, batch: Sequence[Evidence]) -> list[History]:
        """See EvidenceStore.merge. Suspicious evidence of a batch is recorded first, so that its answers find it."""
        evidence = merged_evidence(batch)
        failures = [one for one in evidence if one.is_suspicious]
        self._record(failures)
        answers = near_recorded(self.items, [one for one in evidence if not one.is_suspicious])
        self._record(answers)
        return self._histories([one.key for one in failures + answers])

    def restore(self, evidence: Iterable[Evidence]) -> None:
        """Becomes the store that had this evidence as its `items`."""
        self.items, self._days = {}, {}
        self._record(evidence)

    def _is_suspect(self, key: EvidenceKey) -> bool:
        days = self._days.get((key.scope, key.source), ())
        return any(abs(day - key.day) <= MEMORY_DAYS for day in days)

    def _record(self, batch: Iterable[Evidence]) -> None:
        for evidence in batch:
            key = evidence.key
            known = self.items.get(key)
            self.items[key] = known.merge(evidence) if known else evidence
            self._days.setdefault((key.scope, key.source), set()).add(key.day)

    def _histories(self, recorded: Iterable[EvidenceKey]) -> list[History]:
        written: dict[tuple[str, str], list[int]] = {}
        for key in recorded:
            written.setdefault((key.scope, key.source), []).append(key.day)
        return [self._history(source, days) for source, days in written.items()]

    def _history(self, source: tuple[str, str], written: list[int]) -> History:
        near = [day for day in sorted(self._days[source]) if any(abs(day - one) <= MEMORY_DAYS for one in written)]
        return History({day: self.items[EvidenceKey(*source, day)] for day in near}, tuple(sorted(written)))


class KnownServicesInMemory:
    """KnownServices in a dictionary."""

    def __init__(self) -> None:
        self.days: dict[Service, dict[int, Answers]] = {}
        self.down_since: dict[Service, int] = {}
        self.excused: set[EvidenceKey] = set()

    def learn(self, answers: Sequence[Answer]) -> None:
        """See KnownServices.learn."""
        for each in answers:
            days = self.days.setdefault(each.service, {})
            new = Answers(each.last_seen, each.clients)
            days[each.day] = days[each.day].merge(new) if each.day in days else new

    def recall(self, services: Collection[Service], first_day: int, last_day: int) -> Services:
        """See KnownServices.recall."""
        asked = set(services)
        near = {each: self._within(each, first_day, last_day) for each in asked & self.days.keys()}
        answers = {each: reduce(Answers.merge, days) for each, days in near.items() if days}
        return Services(answers, {each: self.down_since[each] for each in asked & self.down_since.keys()})

    def _within(self, service: Service, first_day: int, last_day: int) -> list[Answers]:
        return [answers for day, answers in self.days[service].items() if first_day <= day <= last_day]

    def mark_down(self, outages: Sequence[Outage]) -> None:
        """See KnownServices.mark_down."""
        for each in outages:
            self.down_since.setdefault(each.service, each.since)

    def recovered(self, answers: Sequence[Answer]) -> list[Outage]:
        """See KnownServices.recovered."""
        return ended_outages(self.down_since, answers)

    def mark_up(self, outages: Sequence[Outage]) -> None:
        """See KnownServices.mark_up."""
        for each in outages:
            self.down_since.pop(each.service, None)

    def excuse(self, keys: Collection[EvidenceKey]) -> None:
        """See KnownServices.excuse."""
        self.excused.update(keys)

    def excused_in(self, scopes: Collection[str]) -> set[EvidenceKey]:
        """See KnownServices.excused_in."""
        return {key for key in self.excused if key.scope in scopes}

    def forget_excused(self, keys: Collection[EvidenceKey]) -> None:
        """See KnownServices.forget_excused."""
        self.excused.difference_update(keys)


class FindingsInMemory:
    """A FindingStore in a dictionary: `findings` by id, in the order they were put; `resolved` are ids."""

    def __init__(self) -> None:
        self.findings: dict[str, Finding] = {}
        self.resolved: set[str] = set()

    def unknown(self, findings: Sequence[AnyIdentified]) -> list[AnyIdentified]:
        """See FindingStore.unknown."""
        return [one for one in findings if one.id not in self.findings or one.id in self.resolved]

    def put_new(self, findings: Sequence[Finding]) -> list[Finding]:
        """See FindingStore.put_new."""
        return [one for one in findings if self._put(one)]

    def resolve(self, finding_ids: Sequence[str], note: str) -> None:  # noqa: ARG002 - not stored here
        """See FindingStore.resolve."""
        self.resolved.update(self.findings.keys() & set(finding_ids))

    def _put(self, finding: Finding) -> bool:
        is_new = finding.id not in self.findings or finding.id in self.resolved
        self.resolved.discard(finding.id)
        self.findings.setdefault(finding.id, finding)
        return is_new
