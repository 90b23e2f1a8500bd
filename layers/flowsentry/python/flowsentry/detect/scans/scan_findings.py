"""Histories -> scan findings: who is condemned, the shape of it, and how loud it is.

Who scans whom decides how loud. Inside to inside is lateral movement, inside to outside a compromised host: high.
Outside to us is the weather of the Internet: medium when something answered, else background, which is sent as one
digest a window. What comes from a trusted network stays background, whatever answers.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum

import polars as pl

from flowsentry.detect.host_pairs import display_name
from flowsentry.detect.ipv6_addresses import address_details, is_trusted_source, known_addresses_of
from flowsentry.detect.scans.criteria import DetectedScan, detected_scan
from flowsentry.detect.scans.shape import ScanShape
from flowsentry.findings.endpoints import Addresses, Endpoint, endpoint_of, named, sort_key
from flowsentry.findings.evidence import MEMORY_DAYS, EvidenceKey, History, rank_of_member
from flowsentry.findings.finding import Finding, Severity, finding_id
from flowsentry.findings.known_services import Services
from flowsentry.findings.thresholds import ScanThresholds
from flowsentry.inventory.address_space import AddressAt, AddressSpace
from flowsentry.inventory.inventory import Interface
from flowsentry.inventory.source_address import address_of

MAX_SAMPLE_ENDPOINTS = 10
MAX_FAILED_PORTS = 16
"""Ports that a finding lists, for a suppression to tell which scans it is about. More: longer findings. Fewer: what
tries many ports of a host can't be suppressed by port."""
MIN_INSIDE_ENDPOINTS = 10
"""Failed endpoints inside that make a scan one of the inside. Higher: of a scan that also goes outside, the more urgent
half is not said. Lower: a host that looks outside and has a few dead targets inside is said to move inside."""
_PINGS = (1, 58)


class ScanRelation(StrEnum):
    """Who scans whom, from quiet to loud. Evidence only grows, so a source's relation only gets louder."""

    OUTSIDE_BACKGROUND = "outside_background"
    OUTSIDE_ANSWERED = "outside_answered"
    INSIDE_TO_OUTSIDE = "inside_to_outside"
    INSIDE_TO_INSIDE = "inside_to_inside"


SEVERITY = {
    ScanRelation.OUTSIDE_BACKGROUND: Severity.BACKGROUND,
    ScanRelation.OUTSIDE_ANSWERED: Severity.MEDIUM,
    ScanRelation.INSIDE_TO_OUTSIDE: Severity.HIGH,
    ScanRelation.INSIDE_TO_INSIDE: Severity.HIGH,
}


def scan_findings(
    histories: Sequence[History],
    shapes: Sequence[ScanShape],
    services: Services,
    address_space: AddressSpace,
    thresholds: ScanThresholds,
) -> list[Finding]:
    """A finding for each source, day and relation that the evidence condemns: at most one a day, and one more when it
    gets louder. The shape is an attribute and may grow. A write to a day is judged with every day whose memory it is
    in.
    """
    condemned = [each for history in histories for each in _detected(history, services, thresholds)]
    sources = [AddressAt(key.scope, address_of(key.source), found.evidence.last_seen) for key, found in condemned]
    targets = [AddressAt(key.scope, _only_target(found), found.evidence.last_seen) for key, found in condemned]
    ends = address_space.ends_of([*sources, *targets])
    owners = [end.owner for end in ends]
    made = (_finding(key, found, shapes, address_space) for key, found in condemned)
    named = zip(made, owners[: len(sources)], owners[len(sources) :], strict=True)
    return [_with_owners(finding, owner, target) for finding, owner, target in named]


def excused_sources(histories: Sequence[History], services: Services, thresholds: ScanThresholds) -> set[EvidenceKey]:
    """The sources and days that only outages keep from being condemned: see Services.is_outage."""
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


def _only_target(condemned: DetectedScan) -> str:
    """The address of the one host that failed it; empty, which is nobody's, where there are several or only a hash."""
    names = known_addresses_of(condemned.evidence)
    addresses = {named(endpoint_of(member), names).address for member in condemned.failed}
    return (addresses.pop() or "") if len(addresses) == 1 else ""


def _detected(
    history: History, services: Services, thresholds: ScanThresholds
) -> Iterator[tuple[EvidenceKey, DetectedScan]]:
    judged = {written + later for written in history.written_days for later in range(MEMORY_DAYS + 1)}
    for day in sorted(judged & history.days.keys()):
        if found := detected_scan(history.days, day, thresholds, services):
            yield history.days[day].key, found


def _finding(
    key: EvidenceKey, condemned: DetectedScan, shapes: Sequence[ScanShape], address_space: AddressSpace
) -> Finding:
    names = known_addresses_of(condemned.evidence)
    failed = _in_order(condemned.failed, names)
    answered = _in_order(condemned.answered, names)
    hosts, ports = {end.host for end in failed}, {end.port for end in failed}
    shape = next(shape for shape in shapes if shape.fits(len(hosts), len(ports)))
    relation = _relation(condemned, failed, address_space)
    return Finding(
        id=finding_id("scan", key.scope, key.source, str(key.day), relation),
        thread=finding_id("scan", key.scope, key.source, relation),
        kind=shape.kind,
        severity=SEVERITY[relation],
        title=f"{shape.verb} {_target(failed, condemned.endpoints)}",
        subject=key.source,
        scope=key.scope,
        first_seen=condemned.evidence.first_seen,
        last_seen=condemned.evidence.last_seen,
        endpoints=condemned.endpoints,
        details={
            "relation": str(relation),
            "hosts": len(hosts),
            "ports": len(ports),
            "failed_ports": sorted(ports) if len(ports) <= MAX_FAILED_PORTS else None,
            "sample_endpoints": _sample(failed),
            "answered_endpoints": _sample(answered),
            **address_details(condemned.evidence),
            "technique": shape.technique,
        },
    )


def _with_owners(finding: Finding, owner: Interface | None, target: Interface | None) -> Finding:
    """The finding with whom it is about, and the owner of the one host that was scanned, where that is known."""
    details = {**finding.details, "subject_owner": owner.owner if owner else None}
    if target:
        details["target_owner"] = target.owner
    return replace(finding, title=f"{display_name(finding.subject, owner)} {finding.title}", details=details)


def _in_order(members: Collection[bytes], names: Addresses) -> list[Endpoint]:
    return [named(endpoint_of(member), names) for member in sorted(members, key=rank_of_member)]


def _sample(ends: Sequence[Endpoint]) -> list[str]:
    """A few of them, those that have an address first, in the order in which people look things up."""
    few = sorted(ends, key=lambda end: end.address is None)[:MAX_SAMPLE_ENDPOINTS]
    return [str(end) for end in sorted(few, key=sort_key)]


def _relation(condemned: DetectedScan, failed: Sequence[Endpoint], address_space: AddressSpace) -> ScanRelation:
    if not condemned.evidence.is_inside:
        is_known = is_trusted_source(condemned.evidence, address_space)
        heard = condemned.answered and condemned.is_certain and not is_known
        return ScanRelation.OUTSIDE_ANSWERED if heard else ScanRelation.OUTSIDE_BACKGROUND
    addresses = pl.Series([end.address for end in failed], dtype=pl.String)
    are_inside = address_space.is_inside(addresses)
    inside = sum(is_inside or end.is_inside for is_inside, end in zip(are_inside, failed, strict=True))
    return ScanRelation.INSIDE_TO_INSIDE if inside >= MIN_INSIDE_ENDPOINTS else ScanRelation.INSIDE_TO_OUTSIDE


def _target(failed: Sequence[Endpoint], endpoints: int) -> str:
    """Whom and what, in a few words: one host by its address, one port by its number. Of more endpoints than evidence
    keeps, the numbers are at least what is kept. A ping has no port.
    """
    hosts, ports = {end.host for end in failed}, {end.port for end in failed}
    at_least = "at least " if endpoints > len(failed) else ""
    host = failed[0].address or "an IPv6 host"
    whom = host if len(hosts) == 1 else f"{at_least}{len(hosts)} hosts"
    what = f"port {failed[0].port}" if len(ports) == 1 else f"{at_least}{len(ports)} ports"
    if all(end.protocol in _PINGS for end in failed):
        what = "ping"
    return f"{whom}: {what}"
