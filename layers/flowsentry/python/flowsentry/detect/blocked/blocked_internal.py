"""Own host refused by a rule on the way to own host: something that should work probably does not.

Why it matters: a security group or network ACL that forgot a path is an outage somebody has not found yet; the same
record may be a host that tries doors, so it is told either way.
Innocent look-alikes: late packets of a closed connection, which are REJECT too (they carry no SYN, so they are no
contact; without tcp-flags they are told by their sizes, but for three to five of 52 bytes, which are taken for SYNs of
Windows); a scan, which is told as a scan; a single stray packet, which is below the bound; a host that has failed many
endpoints that day, which is left to scan evidence. That last one is wrong for a host that lost many paths at once, or
has many dead targets: then a path that is blocked as well is not told.
ATT&CK: none. Mostly something is broken; who tries doors is told as a scan.
"""

from collections.abc import Container, Sequence

import polars as pl

from flowsentry.detect.flood import summary_findings
from flowsentry.detect.host_pairs import TCP, UDP, HostPair, Row, host_pairs, pair_details, port_in_words
from flowsentry.detect.limits import limit_findings
from flowsentry.findings.endpoints import endpoint_part
from flowsentry.findings.evidence import Evidence, History
from flowsentry.findings.finding import Finding, Severity, finding_id
from flowsentry.findings.known_services import Services
from flowsentry.findings.thresholds import BlockedThresholds
from flowsentry.frames import Contacts
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.records.code_names import protocol_name

SEVERITY = Severity.MEDIUM


def blocked_internal(
    contacts: Contacts,
    scanners: Container[tuple[str, str]],
    probing: Container[tuple[str, str, int]],
    address_space: AddressSpace,
    bounds: BlockedThresholds,
) -> list[Finding]:
    """A finding for each (initiator, responder, port) inside that a rule refused: once a day. Sources (scope, address)
    that are told as scanners are left out, and those that try doors on that day.
    """
    refused = contacts.filter(
        pl.col("outcome") == "rejected",
        pl.col("initiator_is_inside") & pl.col("responder_is_inside"),
        pl.col("protocol").is_in([TCP, UDP]),
        pl.col("rejected_packets") >= bounds.min_packets,
    )
    blocked = refused.filter(pl.len().over("scope", "initiator") <= bounds.max_endpoints_per_source)
    told, others = limit_findings(blocked, "rejected_packets")
    ordered = told.sort("first_seen", "initiator", "responder", "responder_port")
    rows = [
        row
        for row in ordered.iter_rows(named=True)
        if (row["scope"], row["initiator"]) not in scanners
        and (row["scope"], row["initiator"], row["day"]) not in probing
    ]
    findings = [_finding(row, pair) for row, pair in zip(rows, host_pairs(rows, address_space), strict=True)]
    return [*findings, *summary_findings("blocked_internal", SEVERITY, others, address_space)]


def probing_sources(
    histories: Sequence[History], services: Services, bounds: BlockedThresholds
) -> set[tuple[str, str, int]]:
    """The sources that failed too many endpoints in a day for each to be told, be it in one batch or in many. What was
    an outage is not counted.
    """
    return {
        (evidence.key.scope, evidence.key.source, day)
        for history in histories
        for day, evidence in history.days.items()
        if len(evidence.failed) > bounds.max_endpoints_per_source
        and len(_failed(evidence, services)) > bounds.max_endpoints_per_source
    }


def _failed(evidence: Evidence, services: Services) -> set[bytes]:
    """The endpoints that failed the source, and neither answered it nor were down."""
    outages = services.outages(evidence.key.scope, evidence.key.source, evidence.failed, evidence.key.day)
    return set(map(endpoint_part, evidence.failed)) - evidence.answered - outages


def _finding(row: Row, pair: HostPair) -> Finding:
    path = (row["scope"], row["initiator"], row["responder"], str(row["responder_port"]))
    like = ("blocked_internal", *path, protocol_name(row["protocol"]))
    return Finding(
        id=finding_id(*like, str(row["day"])),
        thread=finding_id(*like),
        kind="blocked_internal",
        severity=SEVERITY,
        title=f"{pair.initiator} is blocked from {pair.responder}: {port_in_words(row)}",
        subject=row["initiator"],
        scope=row["scope"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        endpoints=1,
        details={
            **pair_details(row, pair, [row["refused_at"]]),
            "packets": row["rejected_packets"],
            "reject_reason": row["reject_reason"],
            "technique": None,
        },
    )
