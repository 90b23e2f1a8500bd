"""Stores of a group of files that is judged as one, unless the order of its files matters.

Most findings follow from evidence, which adds up the same in any division of the records. Two things depend on it: an
outage that begins and ends within the group, and findings from what one source alone has, such as the rejected packets
of a path.
"""

from collections.abc import Collection, Sequence

from flowsentry.findings.evidence import EvidenceKey
from flowsentry.findings.finding import Finding
from flowsentry.findings.known_services import Answer, Service, Services
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory, KnownServicesInMemory

OF_ONE_SOURCE = frozenset({"blocked_internal", "blocked_egress", "denied_by_acl_reply", "service_down", "flood"})
"""Kinds whose thresholds count what one source has. The others add up over sources, or depend on none."""


class OrderMattersError(Exception):
    """The files of a group must be judged in smaller groups. Evidence was stored, which a repetition does not change;
    nothing else was.
    """


class OrderedServices(KnownServicesInMemory):
    """Known services that raise OrderMattersError where a service of our own answers and fails in the same group: one
    that failed first may have had an outage. `is_alone` is set for a group of one file, of which that is no question.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_alone = True
        self._learned: list[Answer] = []

    def begin(self, *, is_alone: bool) -> None:
        """Begins a group; answers of one that was given up are dropped."""
        self.is_alone, self._learned = is_alone, []

    def keep(self) -> None:
        """Keeps what was learned of the group."""
        super().learn(self._learned)
        self._learned = []

    def learn(self, answers: Sequence[Answer]) -> None:
        """See KnownServices.learn."""
        self._learned += answers

    def recall(self, services: Collection[Service], first_day: int, last_day: int) -> Services:
        """See KnownServices.recall."""
        if not self.is_alone and any(each.is_inside and each.service in services for each in self._learned):
            raise OrderMattersError
        self.keep()
        return super().recall(services, first_day, last_day)


class OrderedEvidence(EvidenceInMemory):
    """Evidence that is asked for once outages are settled: what was learned of services is then kept."""

    def __init__(self, services: OrderedServices) -> None:
        super().__init__()
        self._services = services

    def suspects(self, keys: Collection[EvidenceKey]) -> set[EvidenceKey]:
        """See EvidenceStore.suspects."""
        self._services.keep()
        return super().suspects(keys)


class OrderedFindings(FindingsInMemory):
    """Findings that raise OrderMattersError for a new one of OF_ONE_SOURCE in a group of several files."""

    def __init__(self, services: OrderedServices) -> None:
        super().__init__()
        self._services = services

    def unknown(self, findings: Sequence[Finding]) -> list[Finding]:
        """See FindingStore.unknown."""
        new = super().unknown(findings)
        if not self._services.is_alone and any(each.kind in OF_ONE_SOURCE for each in new):
            raise OrderMattersError
        return new
