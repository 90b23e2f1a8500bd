"""The line of each new finding, for the dashboard Threats: who did what to whom, and the rule behind it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flowsentry.emit.log_lines.report import Report, known, line_of
from flowsentry.findings.finding import Finding, Severity

MAX_LINES = 200
"""Findings of a source with a line, the most severe first. More: a flood of findings writes more lines. Fewer: in a
flood, tables show less of it; alerts and metrics have all."""
MAX_SENTENCE_LETTERS = 200
"""Of the sentence about a rule. More: names in it fill the log. Fewer: the rule of several groups is cut off."""
_COUNTS = ("hosts", "ports", "attempts", "clients", "initiators", "packets", "number")
_ORDER = {severity: number for number, severity in enumerate(Severity)}


def finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """A line of 300 to 600 bytes for each finding, at most MAX_LINES."""
    ordered = sorted(findings, key=lambda each: (_ORDER[each.severity], bool(each.suppressed_by)))
    return (line_of(Report.FINDING, _properties(each)) for each in ordered[:MAX_LINES])


def _properties(finding: Finding) -> dict[str, Any]:
    details = finding.details
    facts = {
        "id": finding.id,
        "kind": finding.kind,
        "severity": finding.severity,
        "relation": details.get("relation") or details.get("state") or details.get("side"),
        "scope": finding.scope,
        "subject": finding.subject,
        "owner": _name(details.get("subject_owner")),
        "target": _target(finding),
        "target_owner": _name(details.get("responder_owner") or details.get("target_owner")),
        "client": details.get("initiator"),
        "client_owner": _name(details.get("initiator_owner")),
        "service": details.get("service"),
        "endpoints": finding.endpoints,
        **{name: details.get(name) for name in _COUNTS},
        "suppressed_by": finding.suppressed_by,
    }
    return known(facts) | known({"rule": _rule(details)}, MAX_SENTENCE_LETTERS)


def _name(owner: object) -> str | None:
    return (owner.get("name") or owner.get("id")) if isinstance(owner, Mapping) else None


def _target(finding: Finding) -> str | None:
    """The address and port that the subject connected to; of a scan, one of those that it tried."""
    details = finding.details
    if responder := details.get("responder"):
        port = details.get("responder_port")
        return f"{responder}:{port}" if port is not None else str(responder)
    tried = details.get("answered_endpoints") or details.get("sample_endpoints")
    return str(tried[0]) if tried else None


def _rule(details: Mapping[str, Any]) -> str | None:
    """What denied or allowed the packets, as a part of a sentence."""
    judged = details.get("refusal") or details.get("allowance")
    return judged.get("sentence") if isinstance(judged, Mapping) else None
