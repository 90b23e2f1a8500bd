"""What people were told of the rules that refused a path, as it was delivered."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from flowsentry.findings.finding import Finding
from local.traffic.expectation import ExpectedAlert

LABEL = "Denied "


@dataclass(frozen=True)
class Refusals:
    """Blocked paths that scenarios have planted, the findings and e-mails that were delivered, and which paths are told
    to be refused by the rule that refuses them.
    """

    expected: Sequence[ExpectedAlert]
    findings: Sequence[Finding]
    mails: Sequence[str]

    @property
    def planted(self) -> list[ExpectedAlert]:
        """Those that are a message each: a line in a digest has no room for rules."""
        return [each for each in self.expected if each.refused_by and each.is_urgent]

    @property
    def unexplained(self) -> list[ExpectedAlert]:
        """Those of which no alert says what refuses them."""
        return [each for each in self.planted if not any(self._told(each))]

    def lines(self) -> Iterator[str]:
        """For people."""
        explained = len(self.planted) - len(self.unexplained)
        yield f"blocked paths   {explained} of {len(self.planted)} explained by the rule that refuses them"
        for each in self.planted:
            yield from (f"  {path_of(finding)}: denied {told}" for finding, told in self._told(each))
        yield from (f"UNEXPLAINED: what refuses {each.subject} ({each.scenario})" for each in self.unexplained)

    def _told(self, expected: ExpectedAlert) -> Iterator[tuple[Finding, str]]:
        """What e-mails say refused it, where they are right."""
        for finding in self.findings:
            for told in refused_in(self.mails, finding):
                if expected.is_met_by(finding) and expected.is_explained_by(finding, told):
                    yield finding, told


def path_of(finding: Finding) -> str:
    """`web-3 → orders`, or addresses where nobody is known to have them."""
    details = finding.details
    ends = (("subject_owner", finding.subject), ("responder_owner", details.get("responder", "?")))
    return " → ".join(str((details.get(owner) or {}).get("name") or address) for owner, address in ends)


def refused_in(mails: Iterable[str], finding: Finding) -> Iterator[str]:
    """The lines of e-mails about a finding that say what refused it."""
    for text in mails:
        if f"Finding {finding.id} " in text:
            yield from (line[len(LABEL) :].strip() for line in text.splitlines() if line.startswith(LABEL))
