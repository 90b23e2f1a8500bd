"""The findings of a replay for its report: how many of each severity, and the most severe ones, by subject."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from flowsentry.emit.plain_text import plain
from flowsentry.findings.finding import Finding, Severity

MAX_LISTED = 200
"""Findings of a section that are listed, the most severe first. --json prints all findings as they appear. More: a page
that nobody reads to its end. Fewer: the findings of a bad day are only counted."""
MAX_TITLE_LETTERS = 200
SEVERITIES = tuple(Severity)


class Section(StrEnum):
    """What findings are about."""

    SCANS = "scans"
    SERVICES_DOWN = "services_down"
    BLOCKED_PATHS = "blocked_paths"
    LOGINS = "logins"
    OTHERS = "others"


SECTIONS: Mapping[str, Section] = {
    **dict.fromkeys(("port_scan", "host_sweep", "network_scan"), Section.SCANS),
    **dict.fromkeys(("blocked_internal", "blocked_egress", "denied_by_acl_reply"), Section.BLOCKED_PATHS),
    **dict.fromkeys(("remote_login", "public_login_service", "login_brute_force"), Section.LOGINS),
    "service_down": Section.SERVICES_DOWN,
}
"""The section of a kind; OTHERS for a kind that is not here."""


class Listed(NamedTuple):
    """A finding as the report lists it; times are Unix seconds."""

    severity: str
    kind: str
    title: str
    first_seen: int
    last_seen: int
    id: str


@dataclass
class FindingSums:
    """Counts of findings by section and severity, and the most severe ones of each section."""

    counts: dict[Section, Counter[str]] = field(default_factory=lambda: {each: Counter() for each in Section})
    listed: dict[Section, list[Listed]] = field(default_factory=lambda: {each: [] for each in Section})
    suppressed: int = 0

    def add(self, findings: Iterable[Finding]) -> None:
        """Adds findings; suppressed ones are only counted."""
        for finding in findings:
            if finding.suppressed_by:
                self.suppressed += 1
            else:
                section = SECTIONS.get(finding.kind, Section.OTHERS)
                self.counts[section][finding.severity] += 1
                self.listed[section].append(_listed(finding))
        for section, rows in self.listed.items():
            if len(rows) > 2 * MAX_LISTED:
                self.listed[section] = in_order(rows)

    def of(self, section: Section) -> Sequence[Listed]:
        """The most severe findings of a section; of equals, the latest first."""
        return in_order(self.listed[section])


def in_order(rows: Iterable[Listed]) -> list[Listed]:
    """The MAX_LISTED most severe; of equals, the latest first."""
    return sorted(rows, key=lambda row: (SEVERITIES.index(Severity(row.severity)), -row.last_seen, row.id))[:MAX_LISTED]


def _listed(finding: Finding) -> Listed:
    title = plain(finding.title, MAX_TITLE_LETTERS)
    return Listed(finding.severity, finding.kind, title, finding.first_seen, finding.last_seen, finding.id)
