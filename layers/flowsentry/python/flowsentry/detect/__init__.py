"""Runs all detectors: contacts, logins, evidence and capture gaps -> drafts of findings."""

from collections.abc import Iterable, Sequence

from flowsentry.detect.blocked.blocked_egress import blocked_egress
from flowsentry.detect.blocked.blocked_internal import blocked_internal, probing_sources
from flowsentry.detect.blocked.denied_by_acl_reply import denied_by_acl_reply
from flowsentry.detect.canaries import canaries
from flowsentry.detect.flood import flood_of_sources
from flowsentry.detect.logins.external_clients import BusyService
from flowsentry.detect.logins.login_brute_force import login_brute_force
from flowsentry.detect.logins.public_login_service import public_login_service
from flowsentry.detect.logins.remote_login import remote_login
from flowsentry.detect.records_skipped import records_skipped
from flowsentry.detect.scans.scan_findings import scan_findings, scans_in
from flowsentry.detect.scans.service_down import service_down
from flowsentry.detect.scans.shapes import SHAPES
from flowsentry.findings.drafts import Draft
from flowsentry.findings.evidence import History
from flowsentry.findings.finding import Finding
from flowsentry.findings.known_services import Services
from flowsentry.findings.thresholds import Thresholds
from flowsentry.frames import Observed
from flowsentry.inventory.address_space import AddressSpace


def detect(
    observed: Observed,
    histories: Sequence[History],
    services: Services,
    address_space: AddressSpace,
    thresholds: Thresholds,
    busy_services: Sequence[BusyService] = (),
) -> list[Draft]:
    """Drafts of the findings of a batch and of the evidence of its sources after the batch. `services` are the
    known services among the endpoints that failed. `busy_services` are login services with many external clients, whose
    logins are no longer in `observed`.

    The same input gives the same findings with the same ids, in any order and any number of times.
    """
    scans = scans_in(histories, services, thresholds.scan)
    scanners = {(key.scope, key.source) for key, _ in scans}
    contacts, blocked, login = observed.contacts, thresholds.blocked, thresholds.login
    return [
        *scan_findings(scans, SHAPES, address_space),
        *blocked_internal(contacts, scanners, probing_sources(histories, services, blocked), blocked),
        *blocked_egress(contacts, scanners, blocked),
        *denied_by_acl_reply(contacts, scanners),
        *remote_login(observed.logins, address_space, login),
        *public_login_service(busy_services),
        *login_brute_force(histories, address_space, login),
        *records_skipped(observed.capture_gaps),
        *service_down(observed.down, address_space.important_services),
        *canaries(observed.capture_gaps),
        *flood_of_sources(observed.left_out, observed.dropped_sources, contacts),
    ]


def in_order_of_time(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, sorted by the time of their first record."""
    return sorted(findings, key=lambda finding: (finding.first_seen, finding.id))
