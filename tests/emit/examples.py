"""Findings and digests that the texts in golden/ are about, a file for each name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flowsentry.findings import Finding, Severity

GOLDEN = Path(__file__).parent / "golden"
NIGHT = 1_793_675_645  # 2026-11-03 03:14:05 UTC

WEB = {"kind": "instance", "id": "i-0abc", "name": "web-1"}


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
    """AWS left out records of an interface, in the first minutes of an hour."""
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


FINDINGS: dict[str, Finding] = {
    "own_machine_scans_own_network": scan(
        "inside_to_inside",
        Severity.HIGH,
        "10.0.1.5",
        "vpc-1",
        hosts=12,
        ports=3,
        sample_endpoints=[f"10.0.2.{host}:22/tcp" for host in range(1, 13)],
        answered_endpoints=["10.0.2.40:443/tcp"],
        subject_owner=WEB,
    ),
    "own_machine_scans_strangers": scan(
        "inside_to_outside",
        Severity.HIGH,
        "10.0.1.5",
        "vpc-1",
        hosts=36,
        ports=1,
        sample_endpoints=["198.51.100.1:23/tcp"],
    ),
    "stranger_got_an_answer": scan(
        "outside_answered",
        Severity.MEDIUM,
        "203.0.113.9",
        "public",
        hosts=1,
        ports=36,
        answered_endpoints=["10.0.1.5:22/tcp", "10.0.1.5:80/tcp"],
    ),
    "stranger_found_nothing": scan(
        "outside_background", Severity.BACKGROUND, "203.0.113.9", "public", hosts=36, ports=1
    ),
    "own_machines_cut_off_from_each_other": Finding(
        id="a0b1c2d3e4f5061728394a5b",
        kind="blocked_internal",
        severity=Severity.LOW,
        title="Blocked inside",
        subject="10.0.1.5",
        scope="vpc-1",
        first_seen=NIGHT,
        last_seen=NIGHT + 7_500,
        details={
            "responder": "10.0.3.7",
            "responder_port": 5432,
            "protocol": "tcp",
            "packets": 1_204,
            "interface_ids": ["eni-0db"],
            "subject_owner": WEB,
            "responder_owner": {"kind": "rds database", "id": "eni-0db", "name": "eni-0db"},
            "technique": None,
        },
    ),
    "own_machines_kept_apart_by_a_known_rule": Finding(
        id="b0b1c2d3e4f5061728394a5b",
        kind="blocked_internal",
        severity=Severity.MEDIUM,
        title="Blocked inside",
        subject="10.0.1.5",
        scope="vpc-1",
        first_seen=NIGHT,
        last_seen=NIGHT + 7_500,
        details={
            "responder": "10.0.3.7",
            "responder_port": 5432,
            "protocol": "tcp",
            "packets": 1_204,
            "interface_ids": ["eni-0db"],
            "subject_owner": WEB,
            "responder_owner": {"kind": "rds database", "id": "orders", "name": "orders"},
            "technique": None,
            "refusal": {
                "layer": "security_group",
                "rule": None,
                "refused_by": [{"id": "sg-0db", "name": "orders-db"}],
                "sentence": "refused by sg-0db orders-db: no inbound rule for tcp/5432 from 10.0.1.5 (i-0abc web-1)",
                "change": "an inbound rule for tcp/5432 from 10.0.1.5/32 in sg-0db would admit it",
                "why_unknown": "",
                "rules_taken_at": NIGHT + 7_400,
            },
        },
    ),
    "records_of_an_interface_left_out": skipped("eni-0web", records=3, subject_owner=WEB),
    "a_kind_this_page_does_not_know": Finding(
        "f00", "night_owl", Severity.MEDIUM, "works at night", "10.0.1.5", "vpc-1", NIGHT, NIGHT
    ),
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


DIGESTS: dict[str, Sequence[Finding]] = {
    "digest_of_noise": noise(24),
    "digest_of_skipped_records": [
        skipped("eni-0web", records=3, subject_owner=WEB),
        skipped("eni-0web", 2, subject_owner=WEB),
        skipped("tgw-attach-0abc", records=2),
    ],
    "digest_of_noise_and_skipped_records": [*noise(3), skipped("eni-0web", records=3, subject_owner=WEB)],
    "digest_of_more": [
        FINDINGS["stranger_found_nothing"],
        FINDINGS["a_kind_this_page_does_not_know"],
        FINDINGS["records_of_an_interface_left_out"],
    ],
}


def golden(name: str) -> str:
    """A subject and a text as people read them."""
    return (GOLDEN / f"{name}.txt").read_text()
