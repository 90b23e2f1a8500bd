"""Checks that the delivered e-mails name the rule that denies each blocked path."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from flowsentry.findings.finding import Finding
from local.traffic.expectation import ExpectedAlert

LABEL = "Denied by "


@dataclass(frozen=True)
class DeniedPaths:
    """The blocked paths of the scenarios, with the delivered findings and e-mails: which paths are explained by the
    correct rule, and which are not.
    """

    expected: Sequence[ExpectedAlert]
    findings: Sequence[Finding]
    mails: Sequence[str]

    @property
    def planted(self) -> list[ExpectedAlert]:
        """The blocked paths with an urgent message; a digest line does not name rules."""
        return [each for each in self.expected if each.denied_by and each.is_urgent]

    @property
    def unexplained(self) -> list[ExpectedAlert]:
        """The blocked paths for which no e-mail names the denying rule."""
        return [each for each in self.planted if not any(self._explanations(each))]

    def lines(self) -> Iterator[str]:
        """The result as text lines."""
        explained = len(self.planted) - len(self.unexplained)
        yield f"blocked paths   {explained} of {len(self.planted)} explained by the rule that denies them"
        for each in self.planted:
            yield from (f"  {path_of(finding)}: denied by {rule}" for finding, rule in self._explanations(each))
        yield from (f"UNEXPLAINED: the rule that denies {each.subject} ({each.scenario})" for each in self.unexplained)

    def _explanations(self, expected: ExpectedAlert) -> Iterator[tuple[Finding, str]]:
        """The findings that meet an expected alert, with the denying rule from their e-mail, where it is correct."""
        for finding in self.findings:
            for rule in denying_rules(self.mails, finding):
                if expected.is_met_by(finding) and expected.is_explained_by(finding, rule):
                    yield finding, rule


def path_of(finding: Finding) -> str:
    """`web-3 → orders`, with an address for an end whose owner is unknown."""
    details = finding.details
    ends = (("subject_owner", finding.subject), ("responder_owner", details.get("responder", "?")))
    return " → ".join(str((details.get(owner) or {}).get("name") or address) for owner, address in ends)


def denying_rules(mails: Iterable[str], finding: Finding) -> Iterator[str]:
    """The values of the "Denied by" lines in the e-mails about a finding."""
    for text in mails:
        if f"Finding {finding.id} " in text:
            yield from (line[len(LABEL) :].strip() for line in text.splitlines() if line.startswith(LABEL))
