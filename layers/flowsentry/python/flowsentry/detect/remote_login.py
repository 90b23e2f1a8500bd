"""A session on SSH, RDP or WinRM from outside the trusted networks into an own host.

Why it matters: whoever is in there can do what they want, and it looks like work. Stolen keys and passwords are used
this way, and a login port that anybody can reach is found within hours.
Innocent look-alikes: one's own people at home or abroad, a partner's SFTP, a build service that deploys, a clone from a
git server of one's own: if these come from known networks, name them as trusted. Scanners and guessers are no sessions:
they need fewer packets. Wrong, too, for a guess that takes very long, as with a slow keyboard: it may have as many
packets as a short session; and a short command over SSH has fewer, and stays unseen.
ATT&CK T1021, Remote Services (SSH T1021.004, RDP T1021.001, WinRM T1021.006).
"""

import polars as pl

from flowsentry.detect.pairs import Pair, Row, pair_details, pairs_of
from flowsentry.findings import Finding, Severity, finding_id
from flowsentry.frames import Logins
from flowsentry.services import LOGIN_PORTS
from flowsentry.territory import Territory
from flowsentry.thresholds import LoginThresholds

SEVERITY = Severity.MEDIUM
TECHNIQUES = {"SSH": "T1021.004", "RDP": "T1021.001", "WinRM": "T1021.006"}
_SESSION = ("source_scope", "initiator", "responder", "responder_port", "day")


def remote_login(logins: Logins, territory: Territory, bounds: LoginThresholds) -> list[Finding]:
    """A finding for each (initiator, responder, port) with a session: once a day. That it was one shows in a single
    record, so however records are delivered, the same is found.
    """
    sessions = logins.filter(
        ~pl.col("initiator_is_inside") & pl.col("responder_is_inside"),
        pl.col("packets") >= bounds.min_session_packets,
    )
    told = sessions.group_by(_SESSION).agg(
        pl.col("scope", "first_seen").min(),
        pl.col("packets", "last_seen").max(),
        pl.lit(6).alias("protocol"),
    )
    ordered = told.sort("first_seen", "initiator", "responder", "responder_port").iter_rows(named=True)
    rows = [row for row in ordered if not territory.is_trusted(row["initiator"])]
    return [_finding(row, pair) for row, pair in zip(rows, pairs_of(rows, territory), strict=True)]


def _finding(row: Row, pair: Pair) -> Finding:
    service = LOGIN_PORTS[row["responder_port"]]
    like = ("remote_login", *(str(row[name]) for name in _SESSION[:-1]))
    interface = pair.responder.interface
    session = f"has a session from outside on {pair.responder}: {service}, port {row['responder_port']}"
    return Finding(
        id=finding_id(*like, str(row["day"])),
        thread=finding_id(*like),
        kind="remote_login",
        severity=SEVERITY,
        title=f"{pair.initiator} {session}",
        subject=row["initiator"],
        scope=row["source_scope"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        details={
            **pair_details(row, pair, [interface.interface_id if interface else None]),
            "responder_scope": row["scope"],
            "service": service,
            "packets": row["packets"],
            "technique": TECHNIQUES[service],
        },
    )
