"""ExpectedAlert: the alert that a scenario must raise, and whether a finding meets it."""

from dataclasses import dataclass

from flowsentry.findings.explanation import Layer
from flowsentry.findings.finding import Finding, Severity
from local.traffic.company.network import DeliveryPath

HIGHEST_FIRST = tuple(Severity)


@dataclass(frozen=True, slots=True)
class DeniedBy:
    """The rule that denies a path: its layer, and the texts that the alert must contain."""

    layer: Layer
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExpectedAlert:
    """An alert that must arrive about `subject`, with at least this severity, from the traffic of `scenario` through
    `delivery_path`. `denied_by` is the rule that it must name.
    """

    kind: str
    subject: str
    severity: Severity
    delivery_path: DeliveryPath
    scenario: str
    denied_by: DeniedBy | None = None

    @property
    def is_urgent(self) -> bool:
        """Whether the alert is a message of its own; otherwise it is a line in a digest."""
        return self.severity in (Severity.HIGH, Severity.MEDIUM)

    def is_met_by(self, finding: Finding) -> bool:
        is_high_enough = HIGHEST_FIRST.index(finding.severity) <= HIGHEST_FIRST.index(self.severity)
        return is_high_enough and (finding.kind, finding.subject) == (self.kind, self.subject)

    def is_explained_by(self, finding: Finding, text: str) -> bool:
        """Whether the finding and the text of its alert name the rule that denies the path."""
        if self.denied_by is None:
            return True
        layer = (finding.details.get("refusal") or {}).get("layer")
        return layer == self.denied_by.layer and all(words in text for words in self.denied_by.words)
