"""An SSH, RDP or WinRM session on an internal host from an external address that is not trusted.

Why it matters: whoever has the session can act on the host, and it looks like normal work. Stolen keys and passwords
are used this way, and a publicly reachable login port is found within hours.
Innocent look-alikes: your own people at home or abroad, a partner's SFTP, a build service that deploys, a clone from
your git server: if they come from known networks, add these to `trusted_networks`; if the service is public, add it to
`public_login_services`. A service with many external clients in a day is reported once: see public_login_service.
Scanning and password guessing are no sessions: they need fewer packets. An IPv6 /64 counts as one client, whoever
shares it. Wrong for a password guess that takes very long, for example typed slowly: it may have as many packets as a
short session. Missed: a short command over SSH, which has fewer packets.
ATT&CK T1021, Remote Services (SSH T1021.004, RDP T1021.001, WinRM T1021.006).
"""

from typing import Any

import polars as pl

from flowsentry.detect.flood import summary_findings
from flowsentry.detect.host_pairs import HostPair, Identity, Row, display_name, pair_details, pair_draft
from flowsentry.detect.limits import limit_findings
from flowsentry.detect.logins.attempts import is_a_session
from flowsentry.detect.logins.external_clients import external_logins
from flowsentry.findings.drafts import Draft
from flowsentry.findings.finding import Finding, finding_id
from flowsentry.findings.kinds import KINDS
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.frames import Logins
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.source_address import is_network
from flowsentry.records.code_names import LOGIN_PORTS, TCP

KIND = KINDS["remote_login"]
MAX_SOURCE_ADDRESSES = 10
"""Addresses of a /64 that a finding lists. More: longer alerts. Fewer: of a shared network, not all addresses are
listed."""
_SESSION = ("source_scope", "source", "responder", "responder_port", "day")


def remote_login(logins: Logins, address_space: AddressSpace, thresholds: LoginThresholds) -> list[Draft]:
    """A finding for each (source, responder, port) with a session: once a day. A single record shows that a connection
    is a session, so the result does not depend on how records are delivered.
    """
    outside = external_logins(logins, address_space)
    if outside.is_empty():
        return []
    sessions = outside.filter(is_a_session(thresholds))
    if sessions.is_empty():
        return []
    grouped = sessions.group_by(_SESSION).agg(
        pl.col("scope", "first_seen").min(),
        pl.col("packets", "last_seen").max(),
        pl.col("initiator").cast(pl.String).unique().sort().head(MAX_SOURCE_ADDRESSES).alias("initiators"),
        pl.col("initiator").n_unique().alias("initiator_count"),
        pl.lit(TCP).alias("protocol"),
    )
    reported, others = limit_findings(
        grouped.with_columns(pl.col("initiators").list.first().alias("initiator")), "packets"
    )
    rows = reported.sort("first_seen", "source", "responder", "responder_port").iter_rows(named=True)
    drafts = [pair_draft(KIND, _identity(row), row, _finding) for row in rows]
    return [*drafts, *summary_findings(KIND.name, KIND.severity(), others)]


def _identity(row: Row) -> Identity:
    return "remote_login", *(str(row[name]) for name in _SESSION[:-1])


def _finding(identity: Identity, row: Row, pair: HostPair) -> Finding:
    service = LOGIN_PORTS[row["responder_port"]]
    interface = pair.responder.interface
    session = f"has an external {service} session on {pair.responder}: port {row['responder_port']}"
    return Finding(
        id=finding_id(*identity, str(row["day"])),
        thread=finding_id(*identity),
        kind=KIND.name,
        severity=KIND.severity(),
        title=f"{display_name(row['source'], pair.initiator.owner)} {session}",
        subject=row["source"],
        scope=row["source_scope"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        details={
            **pair_details(row, pair, [interface.interface_id if interface else None]),
            "responder_scope": row["scope"],
            "service": service,
            "packets": row["packets"],
            **_addresses(row),
            "technique": KIND.technique(service),
        },
    )


def _addresses(row: Row) -> dict[str, Any]:
    """Details about a /64: the addresses with sessions in the batch, and their number."""
    if not is_network(row["source"]):
        return {}
    return {"source_addresses": row["initiators"], "source_address_count": row["initiator_count"]}
