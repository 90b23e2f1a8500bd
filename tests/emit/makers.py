"""Builders of findings as detectors raise them, with ordinary values for everything that a test does not name."""

from typing import Any

from flowsentry.emit.console_queries import AccountResources
from flowsentry.findings.finding import Finding, Severity

NIGHT = 1_793_675_645  # 2026-11-03 03:14:05 UTC

WEB = {"kind": "instance", "id": "i-0abc", "name": "web-1"}
ORDERS = {"kind": "rds database", "id": "orders", "name": "orders"}
HERE = AccountResources(region="eu-west-1")
"""A deployment without log groups and Athena table."""
RESOURCES = AccountResources(
    region="eu-west-1",
    account_id="123456789012",
    log_groups=("/flowsentry/vpc-1/0a1b2c3d",),
    athena_table="flowsentry.enriched",
    athena_workgroup="flowsentry",
)


def scan(relation: str, severity: Severity, subject: str, scope: str, **details: Any) -> Finding:
    return Finding(
        id="5c1f2e8a90b1c2d3e4f50617",
        kind="port_scan" if details.get("hosts") == 1 else "network_scan",
        severity=severity,
        title="Scan",
        subject=subject,
        scope=scope,
        first_seen=NIGHT,
        last_seen=NIGHT + 279,
        endpoints=36,
        details={"relation": relation, "technique": "T1046", "subject_owner": None, **details},
    )


def skipped(interface: str, hours_later: int = 0, *, records: int = 1, **details: Any) -> Finding:
    """Skipped records of an interface in the first minutes of an hour."""
    hour = NIGHT // 3_600 * 3_600 + 3_600 * hours_later
    return Finding(
        f"{interface}-{hour}",
        "records_skipped",
        Severity.BACKGROUND,
        f"{interface}: AWS left out flow log records",
        interface,
        "vpc-1",
        hour + 60,
        hour + 119,
        details={"hour": hour, "records": records, "subject_owner": None, "technique": None, **details},
    )


def stopped_flow_log(state: str, **details: Any) -> Finding:
    """A VPC's flow log that stopped some hours ago."""
    vpc_id = "vpc-0123456789abcdef0"
    given = {"flow_log": "fl-0123456789abcdef0", "flow_log_name": "flowsentry-flow-logs-web", "delivery_error": ""}
    return Finding(
        id="f10a1c2d3e4f506172839405",
        kind="flow_log_stopped",
        severity=Severity.HIGH if state == "missing" else Severity.MEDIUM,
        title="Stopped",
        subject=vpc_id,
        scope=vpc_id,
        first_seen=NIGHT if state == "silent" else NIGHT + 7_500,
        last_seen=NIGHT + 7_500,
        details={
            "state": state,
            **given,
            "destination": "/flowsentry/vpc-1/0a1b2c3d",
            "has_delivered": state == "silent",
            "subject_owner": {"kind": "", "id": vpc_id, "name": "production"},
            "technique": "T1562.008" if state == "missing" else None,
            **details,
        },
        thread="f10a0000000000000000f10a",
    )


def pair(kind: str, severity: Severity, subject: str, scope: str = "vpc-1", **details: Any) -> Finding:
    """A finding about an initiator and a responder."""
    return Finding(
        id="c0b1c2d3e4f5061728394a5b",
        kind=kind,
        severity=severity,
        title=kind,
        subject=subject,
        scope=scope,
        first_seen=NIGHT,
        last_seen=NIGHT + 7_500,
        endpoints=details.get("responders", 1),
        details={"protocol": "tcp", "interface_ids": ["eni-0db"], "technique": None, **details},
        thread="c0ffee00000000000000c0de",
    )


def guesses(relation: str, severity: Severity, subject: str, scope: str = "public", **details: Any) -> Finding:
    defaults = {
        "attempts": 30,
        "hosts": 3,
        "services": ["SSH"],
        "sessions": [],
        "subject_owner": None,
        "technique": "T1110",
    }
    listed = [f"10.0.2.{host}:{port}/tcp" for host, port in ((1, 22), (2, 22), (3, 3389))]
    ends = listed if "RDP" in details.get("services", ()) else listed[:2]
    return Finding(
        id="d0b1c2d3e4f5061728394a5b",
        kind="login_brute_force",
        severity=severity,
        title="Guesses",
        subject=subject,
        scope=scope,
        first_seen=NIGHT,
        last_seen=NIGHT + 1_800,
        details={"relation": relation, "sample_endpoints": ends, **defaults, **details},
        thread="d00dad00000000000000d00d",
    )


def refusal(sentence: str, change: str, rule: str | None = None) -> dict[str, Any]:
    return {
        "layer": "network_acl" if rule else "security_group",
        "rule": rule,
        "refused_by": [{"id": "acl-0db", "name": "data-b"}],
        "sentence": sentence,
        "change": change,
        "why_unknown": "",
        "rules_taken_at": NIGHT + 7_400,
    }


def noise(number: int) -> list[Finding]:
    return [
        Finding(
            f"{index:024x}",
            "host_sweep",
            Severity.BACKGROUND,
            "Sweep",
            f"203.0.113.{index}",
            "public",
            NIGHT + index,
            NIGHT + 3_000,
            endpoints=index + 10,
            details={"relation": "outside_background", "hosts": index + 10, "ports": 1},
        )
        for index in range(number)
    ]
