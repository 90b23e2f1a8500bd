"""Contacts, the evidence they add to, and silences -> findings. This page lists what is looked for."""

from collections.abc import Sequence

from flowsentry.detect.blocked_internal import blocked_internal
from flowsentry.detect.host_sweep import HOST_SWEEP
from flowsentry.detect.network_scan import NETWORK_SCAN
from flowsentry.detect.port_scan import PORT_SCAN
from flowsentry.detect.records_skipped import records_skipped
from flowsentry.detect.scans import scans
from flowsentry.evidence import History
from flowsentry.findings import Finding
from flowsentry.frames import Observed
from flowsentry.territory import Territory
from flowsentry.thresholds import Thresholds

SHAPES = (PORT_SCAN, HOST_SWEEP, NETWORK_SCAN)
"""The shapes of a scan, in the order they are tried; the last fits whatever is left."""


def detect(
    observed: Observed, histories: Sequence[History], territory: Territory, thresholds: Thresholds
) -> list[Finding]:
    """What a batch and the evidence of its sources after it say is worth telling, in order of time.

    The same input gives the same findings with the same ids, in whatever order and however often it comes.
    """
    found = scans(histories, SHAPES, territory, thresholds.scan)
    condemned = {(finding.scope, finding.subject) for finding in found}
    findings = [
        *found,
        *blocked_internal(observed.contacts, condemned, territory, thresholds.blocked),
        *records_skipped(observed.silences, territory),
    ]
    return sorted(findings, key=lambda finding: (finding.first_seen, finding.id))
