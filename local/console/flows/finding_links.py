"""Which findings lead to the scan view and to the blocked path, and how those pages name them."""

from typing import Any

from flowsentry.findings.finding import Finding
from flowsentry.findings.kinds import KINDS, Packets

SCANS = frozenset({"port_scan", "host_sweep", "network_scan"})
"""Kinds of findings about what a source tried."""
PATHS = frozenset(
    name for name, kind in KINDS.items() if kind.packets in {Packets.REJECTED, Packets.REPLY_REJECTED, Packets.ALLOWED}
)
"""Kinds of findings about one path."""


def in_short(finding: Finding) -> dict[str, Any]:
    """`id`, `kind`, `severity` and `title`."""
    return {"id": finding.id, "kind": finding.kind, "severity": str(finding.severity), "title": finding.title}
