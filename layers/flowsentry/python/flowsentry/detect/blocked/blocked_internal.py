"""An internal host whose packets to another internal host are rejected by a rule.

Why it matters: a security group or network ACL that lacks a path is an outage that no one has found yet. The same
record may also come from a host that is probing, so it is reported in either case.
Innocent look-alikes: late packets of a closed connection, which are REJECT too (they have no SYN, so they are no
contact; without tcp-flags they are recognised by their sizes, except three to five packets of 52 bytes, which are taken
for SYNs of Windows); a scan, which is reported as a scan; a single stray packet, which is below the threshold; a host
with many failed endpoints on that day, which is left to scan detection. The last is wrong for a host that lost many
paths at once, or has many dead targets: then a blocked path is not reported.
ATT&CK: none. Usually something is broken; a source that is probing is reported as a scan.
"""

from collections.abc import Container, Sequence

import polars as pl

from flowsentry.detect.flood import summary_findings
from flowsentry.detect.host_pairs import HostPair, Identity, Row, pair_details, pair_draft, port_in_words
from flowsentry.detect.limits import limit_findings
from flowsentry.findings.drafts import Draft
from flowsentry.findings.endpoints import endpoint_part
from flowsentry.findings.evidence import Evidence, History
from flowsentry.findings.finding import Finding, finding_id
from flowsentry.findings.kinds import KINDS
from flowsentry.findings.known_services import Services
from flowsentry.findings.thresholds import BlockedThresholds
from flowsentry.frames import Contacts
from flowsentry.records.code_names import TCP, UDP, protocol_name
from flowsentry.records.few_rows import rows_where

KIND = KINDS["blocked_internal"]


def blocked_internal(
    contacts: Contacts,
    scanners: Container[tuple[str, str]],
    probing: Container[tuple[str, str, int]],
    thresholds: BlockedThresholds,
) -> list[Draft]:
    """A finding for each internal (initiator, responder, port) with packets that a rule rejected: once a day. Without
    sources (scope, address) that are reported as scanners, and sources (scope, address, day) that are probing.
    """
    is_rejected = contacts["outcome"] == "rejected"
    if not is_rejected.any():
        return []
    rejected = rows_where(contacts, is_rejected & contacts["initiator_is_inside"] & contacts["responder_is_inside"])
    if rejected.is_empty():
        return []
    rejected = rejected.filter(
        pl.col("protocol").is_in([TCP, UDP]),
        pl.col("rejected_packets") >= thresholds.min_packets,
    )
    blocked = rejected.filter(pl.len().over("scope", "initiator") <= thresholds.max_endpoints_per_source)
    reported, others = limit_findings(blocked, "rejected_packets")
    ordered = reported.sort("first_seen", "initiator", "responder", "responder_port")
    drafts = [
        pair_draft(KIND, _identity(row), row, _finding)
        for row in ordered.iter_rows(named=True)
        if (row["scope"], row["initiator"]) not in scanners
        and (row["scope"], row["initiator"], row["day"]) not in probing
    ]
    return [*drafts, *summary_findings(KIND.name, KIND.severity(), others)]


def probing_sources(
    histories: Sequence[History], services: Services, thresholds: BlockedThresholds
) -> set[tuple[str, str, int]]:
    """The sources (scope, address, day) with more failed endpoints in a day than are reported one by one, in one batch
    or in several. Outages do not count.
    """
    return {
        (evidence.key.scope, evidence.key.source, day)
        for history in histories
        for day, evidence in history.days.items()
        if len(evidence.failed) > thresholds.max_endpoints_per_source
        and len(_failed(evidence, services)) > thresholds.max_endpoints_per_source
    }


def _failed(evidence: Evidence, services: Services) -> set[bytes]:
    """The endpoints that failed, without endpoints that answered the source and without outages."""
    outages = services.outages(evidence.key.scope, evidence.key.source, evidence.failed, evidence.key.day)
    return set(map(endpoint_part, evidence.failed)) - evidence.answered - outages


def _identity(row: Row) -> Identity:
    path = (row["scope"], row["initiator"], row["responder"], str(row["responder_port"]))
    return "blocked_internal", *path, protocol_name(row["protocol"])


def _finding(identity: Identity, row: Row, pair: HostPair) -> Finding:
    return Finding(
        id=finding_id(*identity, str(row["day"])),
        thread=finding_id(*identity),
        kind=KIND.name,
        severity=KIND.severity(),
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
            "technique": KIND.technique(),
        },
    )
