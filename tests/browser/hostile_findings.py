"""Findings whose names try to be more than text, as the console's data."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from flowsentry.findings.finding import Finding
from local.console.console_data import About
from local.console.inbox.inbox import AlertInbox
from local.console.inbox.replayed import replayed_inbox
from local.console.subjects.replayed import Replayed
from tests.sample_company.replay import sample_recording

NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "a\u202eb\u2066c",
    "nul\x00 and \ud800 alone",
    "&lt;b&gt; {{rich|text}} ${1+1}",
    "x" * 10_000,
)


class Findings(Replayed):
    """The sample afternoon with other findings."""

    def __init__(self, findings: Sequence[Finding], subject: Literal["deployed", "replayed"] = "replayed") -> None:
        super().__init__(sample_recording(), "sample afternoon")
        self._other, self._subject = replayed_inbox(findings), subject

    @property
    def about(self) -> About:
        """As of a deployment, or of a replay."""
        return replace(super().about, subject=self._subject)

    @property
    def inbox(self) -> AlertInbox:
        """The inbox of these findings."""
        return self._other


def hostile_findings() -> list[Finding]:
    """A finding for each name, which is its title, subject and owner."""
    some = next(each for each in sample_recording().findings.values() if each.kind == "blocked_internal")
    return [_named(some, number, name) for number, name in enumerate(NAMES)]


def _named(finding: Finding, number: int, name: str) -> Finding:
    owner = {"kind": name, "id": name, "name": name}
    details = {**finding.details, "subject_owner": owner, "responder_owner": owner}
    return replace(finding, id=f"{number:024x}", title=name, subject=name, scope=name, details=details)
