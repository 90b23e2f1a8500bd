"""A session on SSH, RDP or WinRM from outside the trusted networks into an own host.

Why it matters: whoever is in there can do what they want, and it looks like work. Stolen keys and passwords are used
this way, and a login port that anybody can reach is found within hours.
Innocent look-alikes: one's own people at home or abroad, a partner's SFTP, a build service that deploys, a clone from a
git server of one's own: if these come from known networks, name them as trusted; if the service is for everybody, name
it in `public_login_services`. With many strangers on one day it is told once: see public_login_service. Scanners and
guessers are no sessions: they need fewer packets. Of IPv6 the /64 is one stranger, whoever shares it. Wrong, too, for a
guess that takes very long, as with a slow keyboard: it may have as many packets as a short session; and a short command
over SSH has fewer, and stays unseen.
ATT&CK T1021, Remote Services (SSH T1021.004, RDP T1021.001, WinRM T1021.006).
"""

from typing import Any

import polars as pl

from flowsentry.detect.flood import summary_findings
from flowsentry.detect.host_pairs import HostPair, Row, display_name, host_pairs, pair_details
from flowsentry.detect.limits import limit_findings
from flowsentry.detect.logins.attempts import is_a_session
from flowsentry.detect.logins.external_clients import external_logins
from flowsentry.findings.finding import Finding, Severity, finding_id
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.frames import Logins
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.source_address import is_network
from flowsentry.records.service_ports import LOGIN_PORTS

SEVERITY = Severity.MEDIUM
TECHNIQUES = {"SSH": "T1021.004", "RDP": "T1021.001", "WinRM": "T1021.006"}
MAX_SOURCE_ADDRESSES = 10
"""Addresses of a /64 that a finding lists. More: longer alerts. Fewer: of a network that several share, not all are
told."""
_SESSION = ("source_scope", "source", "responder", "responder_port", "day")


def remote_login(logins: Logins, address_space: AddressSpace, bounds: LoginThresholds) -> list[Finding]:
    """A finding for each (source, responder, port) with a session: once a day. That it was one shows in a single
    record, so however records are delivered, the same is found.
    """
    sessions = external_logins(logins, address_space).filter(is_a_session(bounds))
    told = sessions.group_by(_SESSION).agg(
        pl.col("scope", "first_seen").min(),
        pl.col("packets", "last_seen").max(),
        pl.col("initiator").cast(pl.String).unique().sort().head(MAX_SOURCE_ADDRESSES).alias("initiators"),
        pl.col("initiator").n_unique().alias("initiator_count"),
        pl.lit(6).alias("protocol"),
    )
    named, others = limit_findings(told.with_columns(pl.col("initiators").list.first().alias("initiator")), "packets")
    rows = list(named.sort("first_seen", "source", "responder", "responder_port").iter_rows(named=True))
    findings = [_finding(row, pair) for row, pair in zip(rows, host_pairs(rows, address_space), strict=True)]
    return [*findings, *summary_findings("remote_login", SEVERITY, others, address_space)]


def _finding(row: Row, pair: HostPair) -> Finding:
    service = LOGIN_PORTS[row["responder_port"]]
    like = ("remote_login", *(str(row[name]) for name in _SESSION[:-1]))
    interface = pair.responder.interface
    session = f"has a session from outside on {pair.responder}: {service}, port {row['responder_port']}"
    return Finding(
        id=finding_id(*like, str(row["day"])),
        thread=finding_id(*like),
        kind="remote_login",
        severity=SEVERITY,
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
            "technique": TECHNIQUES[service],
        },
    )


def _addresses(row: Row) -> dict[str, Any]:
    """Of a /64, from which of its addresses the sessions came, and how many there were in the batch."""
    if not is_network(row["source"]):
        return {}
    return {"source_addresses": row["initiators"], "source_address_count": row["initiator_count"]}
