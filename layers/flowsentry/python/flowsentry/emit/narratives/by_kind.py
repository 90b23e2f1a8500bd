"""The table of narratives by kind of finding; each module of this folder adds its own."""

from collections.abc import Mapping

from flowsentry.emit.narratives import connectivity, gaps, logins, scans
from flowsentry.emit.narratives.narrative import Narrative, NarrativeOf, general_narrative
from flowsentry.findings.finding import Finding

NARRATIVES: Mapping[str, NarrativeOf] = {
    **scans.NARRATIVES,
    **connectivity.NARRATIVES,
    **logins.NARRATIVES,
    **gaps.NARRATIVES,
}


def narrative_of(finding: Finding) -> Narrative:
    """The narrative of its kind, or a general one."""
    return NARRATIVES.get(finding.kind, general_narrative)(finding)
