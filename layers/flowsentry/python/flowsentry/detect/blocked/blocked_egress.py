"""An internal host whose packets to external addresses are rejected by a rule.

Why it matters: an outbound rule that lacks an update server or a partner is an outage that no one notices, and a
program that calls home from where it must not shows up here first. Nothing left the network, so this is a line in the
digest.
Innocent look-alikes: browsers that try QUIC (443/udp) and fall back to TCP, and time synchronisation or telemetry of an
operating system, on hosts that are meant to be closed: suppress the port. Late packets of a closed connection do not
count (they have no SYN, so they are no contact), nor do multicast and link-local addresses, which are not external
hosts. A content delivery network has many addresses: they are one finding, and on maintenance ports no scan. A source
that is rejected on many ports is probing, and is left to scan detection: wrong for a host whose egress was just closed.
ATT&CK: none. A rejected packet is no technique; a source that tries many addresses is reported as a scan.
"""

import ipaddress
from collections.abc import Container

import polars as pl

from flowsentry.detect.flood import summary_findings
from flowsentry.detect.host_pairs import HostPair, Identity, Row, pair_details, pair_draft, port_in_words
from flowsentry.detect.limits import limit_findings
from flowsentry.findings.drafts import Draft
from flowsentry.findings.finding import Finding, finding_id
from flowsentry.findings.kinds import KINDS
from flowsentry.findings.thresholds import BlockedThresholds
from flowsentry.frames import Contacts
from flowsentry.records.code_names import TCP, UDP, protocol_name
from flowsentry.records.few_rows import rows_where

KIND = KINDS["blocked_egress"]
MAX_SAMPLE = 10
"""Addresses that a finding lists. More: longer alerts. Fewer: a content delivery network is harder to recognise."""
_SERVICE = ("scope", "initiator", "responder_port", "protocol", "day")


def blocked_egress(
    contacts: Contacts, scanners: Container[tuple[str, str]], thresholds: BlockedThresholds
) -> list[Draft]:
    """A finding for each (initiator, port) with packets to external addresses that a rule rejected: once a day, however
    many the addresses are.
    """
    is_rejected = contacts["outcome"] == "rejected"
    if not is_rejected.any():
        return []
    rejected = rows_where(contacts, is_rejected & contacts["initiator_is_inside"] & ~contacts["responder_is_inside"])
    if rejected.is_empty():
        return []
    rejected = rejected.filter(
        pl.col("protocol").is_in([TCP, UDP]),
        pl.col("rejected_packets") >= thresholds.min_packets,
    )
    services = _services(rejected).filter(pl.len().over("scope", "initiator") <= thresholds.max_endpoints_per_source)
    reported, others = limit_findings(services, "rejected_packets")
    ordered = reported.sort("first_seen", "initiator", "responder_port", "protocol").iter_rows(named=True)
    drafts = [
        pair_draft(KIND, _identity(row), row, _finding)
        for row in ordered
        if (row["scope"], row["initiator"]) not in scanners
    ]
    return [*drafts, *summary_findings(KIND.name, KIND.severity(), others)]


def _services(rejected: pl.DataFrame) -> pl.DataFrame:
    """One row for each blocked port of a source, with the responders that it tried to reach there."""
    texts = rejected.with_columns(pl.col("responder").cast(pl.String))
    hosts = [each for each in texts["responder"].unique() if _is_host(each)]
    return (
        texts.filter(pl.col("responder").is_in(hosts))
        .group_by(_SERVICE)
        .agg(
            pl.col("responder").min(),
            pl.col("responder").n_unique().alias("responders"),
            pl.col("responder").unique().sort().head(MAX_SAMPLE).alias("sample"),
            pl.col("rejected_packets").sum(),
            pl.col("first_seen", "refused_at", "reject_reason").min(),
            pl.col("last_seen").max(),
        )
    )


def _is_host(address: str) -> bool:
    """Whether it is a unicast address beyond the local link; 240.0.0.0/4 is reserved or broadcast."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    is_class_e = isinstance(known, ipaddress.IPv4Address) and known.is_reserved
    return not (known.is_multicast or known.is_link_local or known.is_unspecified or is_class_e)


def _identity(row: Row) -> Identity:
    service = (str(row["responder_port"]), protocol_name(row["protocol"]))
    return "blocked_egress", row["scope"], row["initiator"], *service


def _finding(identity: Identity, row: Row, pair: HostPair) -> Finding:
    others = row["responders"] - 1
    more = f" and {others} more external {'address' if others == 1 else 'addresses'}" if others else ""
    return Finding(
        id=finding_id(*identity, str(row["day"])),
        thread=finding_id(*identity),
        kind=KIND.name,
        severity=KIND.severity(),
        title=f"{pair.initiator} is blocked from {pair.responder}{more}: {port_in_words(row)}",
        subject=row["initiator"],
        scope=row["scope"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        endpoints=row["responders"],
        details={
            **pair_details(row, pair, [row["refused_at"]]),
            "responders": row["responders"],
            "sample": row["sample"],
            "packets": row["rejected_packets"],
            "reject_reason": row["reject_reason"],
            "technique": KIND.technique(),
        },
    )
