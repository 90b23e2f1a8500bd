"""What an alert must be to be the one that a scenario calls for."""

from dataclasses import dataclass

from flowsentry.findings import Finding, Severity
from local.traffic.company import WayIn

LOUDEST_FIRST = tuple(Severity)


@dataclass(frozen=True, slots=True)
class ExpectedAlert:
    """An alert that must come, about `subject`, at least this loud. `scenario` and `way_in` say where it comes from."""

    kind: str
    subject: str
    severity: Severity
    way_in: WayIn
    scenario: str

    def is_met_by(self, finding: Finding) -> bool:
        is_loud = LOUDEST_FIRST.index(finding.severity) <= LOUDEST_FIRST.index(self.severity)
        return is_loud and (finding.kind, finding.subject) == (self.kind, self.subject)
