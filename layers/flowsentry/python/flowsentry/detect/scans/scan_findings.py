"""Histories -> scan findings: which sources are scanners, and the kind and severity of each scan.

The direction of a scan decides its severity. A scan of internal hosts by an internal host is lateral movement, and a
scan of external hosts by an internal host a sign of compromise: high. Scans from the Internet are constant background
noise: medium if an endpoint answered, otherwise background, which is delivered in digests. Scans from trusted networks
are always background.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import partial

import polars as pl

from flowsentry.detect.host_pairs import display_name
from flowsentry.detect.ipv6_addresses import address_details, is_trusted_source, known_addresses
from flowsentry.detect.scans.criteria import DetectedScan, detected_scan
from flowsentry.detect.scans.shapes import ScanShape
from flowsentry.findings.bounds import MAX_SAMPLE_ENDPOINTS
from flowsentry.findings.drafts import Draft, Owners
from flowsentry.findings.endpoints import Addresses, Endpoint, endpoint_of, sort_key, with_known_address
from flowsentry.findings.evidence import MEMORY_DAYS, EvidenceKey, History, rank_of_member
from flowsentry.findings.finding import Finding, finding_id
from flowsentry.findings.kinds import ScanRelation
from flowsentry.findings.known_services import Services
from flowsentry.findings.thresholds import ScanThresholds
from flowsentry.inventory.address_space import AddressQuery, AddressSpace
from flowsentry.inventory.source_address import address_of
from flowsentry.records.code_names import ICMP, ICMPV6

MAX_FAILED_PORTS = 16
"""Failed ports that a finding lists, so that suppressions can match scans by port. More: longer findings. Fewer: scans
of several ports cannot be suppressed by port."""
MIN_INSIDE_ENDPOINTS = 10
"""Failed internal endpoints that make a scan `inside_to_inside`. Higher: the internal part of a scan that also has
external targets is not reported as such. Lower: a host that scans external hosts and has a few dead internal targets is
reported as lateral movement."""
_PINGS = (ICMP, ICMPV6)


Scan = tuple[EvidenceKey, DetectedScan]
"""A source on a day, and its scan."""


def scans_in(histories: Sequence[History], services: Services, thresholds: ScanThresholds) -> list[Scan]:
    """The sources and days with a scan. Evidence written to a day can also change the result of the MEMORY_DAYS after
    it, so these are classified too.
    """
    return [each for history in histories for each in _detected(history, services, thresholds)]


def scan_findings(scans: Sequence[Scan], shapes: Sequence[ScanShape], address_space: AddressSpace) -> list[Draft]:
    """A finding for each source and day with a scan, and another one when its relation changes to a more severe one.
    The kind of scan may change as evidence grows; it is not part of the id.
    """
    return [_draft(key, scan, shapes, address_space) for key, scan in scans]


def excused_sources(histories: Sequence[History], services: Services, thresholds: ScanThresholds) -> set[EvidenceKey]:
    """The sources and days that would be scans if not for outages (see Services.is_outage)."""
    if not services.answers:
        return set()
    return {
        history.days[day].key
        for history in histories
        for day in history.written_days
        if day in history.days
        and detected_scan(history.days, day, thresholds)
        and not detected_scan(history.days, day, thresholds, services)
    }


def _only_target(scan: DetectedScan) -> str:
    """The address of the only failed host; empty if there are several, or if only its hash is known."""
    addresses = {end.address for end in _ends(scan)}
    return (addresses.pop() or "") if len(addresses) == 1 else ""


def _ends(scan: DetectedScan) -> list[Endpoint]:
    names = known_addresses(scan.evidence)
    return [with_known_address(endpoint_of(member), names) for member in scan.failed]


def _detected(history: History, services: Services, thresholds: ScanThresholds) -> Iterator[Scan]:
    days = {written + later for written in history.written_days for later in range(MEMORY_DAYS + 1)}
    for day in sorted(days & history.days.keys()):
        if found := detected_scan(history.days, day, thresholds, services):
            yield history.days[day].key, found


def _draft(key: EvidenceKey, scan: DetectedScan, shapes: Sequence[ScanShape], address_space: AddressSpace) -> Draft:
    relation, at = _relation(scan, address_space), scan.evidence.last_seen
    ends = (AddressQuery(key.scope, address_of(key.source), at), AddressQuery(key.scope, _only_target(scan), at))
    id_ = finding_id("scan", key.scope, key.source, str(key.day), relation)
    return Draft(id_, shapes[-1].kind.severity(relation), at, ends, partial(_finding, id_, key, scan, relation, shapes))


def _finding(
    id_: str,
    key: EvidenceKey,
    scan: DetectedScan,
    relation: ScanRelation,
    shapes: Sequence[ScanShape],
    owners: Owners,
) -> Finding:
    names = known_addresses(scan.evidence)
    failed = _in_order(scan.failed, names)
    answered = _in_order(scan.answered, names)
    hosts, ports = {end.host for end in failed}, {end.port for end in failed}
    shape = next(shape for shape in shapes if shape.fits(len(hosts), len(ports)))
    owner, target = (end.owner for end in owners)
    return Finding(
        id=id_,
        thread=finding_id("scan", key.scope, key.source, relation),
        kind=shape.kind.name,
        severity=shape.kind.severity(relation),
        title=f"{display_name(key.source, owner)} {shape.verb} {_target(failed, scan.endpoints)}",
        subject=key.source,
        scope=key.scope,
        first_seen=scan.evidence.first_seen,
        last_seen=scan.evidence.last_seen,
        endpoints=scan.endpoints,
        details={
            "relation": str(relation),
            "hosts": len(hosts),
            "ports": len(ports),
            "failed_ports": sorted(ports) if len(ports) <= MAX_FAILED_PORTS else None,
            "sample_endpoints": _sample(failed),
            "answered_endpoints": _sample(answered),
            **address_details(scan.evidence),
            "technique": shape.kind.technique(),
            "subject_owner": owner.owner if owner else None,
            **({"target_owner": target.owner} if target else {}),
        },
    )


def _in_order(members: Collection[bytes], names: Addresses) -> list[Endpoint]:
    return [with_known_address(endpoint_of(member), names) for member in sorted(members, key=rank_of_member)]


def _sample(ends: Sequence[Endpoint]) -> list[str]:
    """Up to MAX_SAMPLE_ENDPOINTS endpoints, those with an address first, sorted by address."""
    few = sorted(ends, key=lambda end: end.address is None)[:MAX_SAMPLE_ENDPOINTS]
    return [str(end) for end in sorted(few, key=sort_key)]


def _relation(scan: DetectedScan, address_space: AddressSpace) -> ScanRelation:
    if not scan.evidence.is_inside:
        is_trusted = is_trusted_source(scan.evidence, address_space)
        is_answered = scan.answered and scan.is_certain and not is_trusted
        return ScanRelation.OUTSIDE_ANSWERED if is_answered else ScanRelation.OUTSIDE_BACKGROUND
    failed = _ends(scan)
    addresses = pl.Series([end.address for end in failed], dtype=pl.String)
    are_inside = address_space.is_inside(addresses)
    inside = sum(is_inside or end.is_inside for is_inside, end in zip(are_inside, failed, strict=True))
    return ScanRelation.INSIDE_TO_INSIDE if inside >= MIN_INSIDE_ENDPOINTS else ScanRelation.INSIDE_TO_OUTSIDE


def _target(failed: Sequence[Endpoint], endpoints: int) -> str:
    """The targets in words: a single host by its address, a single port by its number. If evidence does not keep all
    endpoints, the numbers are minimums. A ping has no port.
    """
    hosts, ports = {end.host for end in failed}, {end.port for end in failed}
    at_least = "at least " if endpoints > len(failed) else ""
    host = failed[0].address or "an IPv6 host"
    hosts_in_words = host if len(hosts) == 1 else f"{at_least}{len(hosts)} hosts"
    ports_in_words = f"port {failed[0].port}" if len(ports) == 1 else f"{at_least}{len(ports)} ports"
    if all(end.protocol in _PINGS for end in failed):
        ports_in_words = "ping"
    return f"{hosts_in_words}: {ports_in_words}"
