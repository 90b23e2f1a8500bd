"""What an alert must be to be the one that a scenario calls for."""

from dataclasses import dataclass

from flowsentry.findings.explanation import Layer
from flowsentry.findings.finding import Finding, Severity
from local.traffic.company.network import WayIn

LOUDEST_FIRST = tuple(Severity)


@dataclass(frozen=True, slots=True)
class RefusedBy:
    """What refused a path: the layer, and words that a person must read in the alert."""

    layer: Layer
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExpectedAlert:
    """An alert that must come, about `subject`, at least this loud. `scenario` and `way_in` say where it comes from,
    `refused_by` what must be told to have refused it.
    """

    kind: str
    subject: str
    severity: Severity
    way_in: WayIn
    scenario: str
    refused_by: RefusedBy | None = None

    @property
    def is_urgent(self) -> bool:
        """Whether it is a message of its own; others are a line in a digest."""
        return self.severity in (Severity.HIGH, Severity.MEDIUM)

    def is_met_by(self, finding: Finding) -> bool:
        is_loud = LOUDEST_FIRST.index(finding.severity) <= LOUDEST_FIRST.index(self.severity)
        return is_loud and (finding.kind, finding.subject) == (self.kind, self.subject)

    def is_explained_by(self, finding: Finding, told: str) -> bool:
        """Whether the finding, and what people were told of it, name the rule that refused it."""
        if self.refused_by is None:
            return True
        layer = (finding.details.get("refusal") or {}).get("layer")
        return layer == self.refused_by.layer and all(words in told for words in self.refused_by.words)
