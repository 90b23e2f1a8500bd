"""Findings, digests and overflows that the texts in golden/ are about, a file for each name."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flowsentry.emit.alert_message import AlertMessage, alert_message
from flowsentry.emit.digest import digest_message
from flowsentry.emit.overflow import overflow_message
from flowsentry.findings import Finding, Severity
from flowsentry.life import Earlier, Life, State
from flowsentry.places import Places

GOLDEN = Path(__file__).parent / "golden"
NIGHT = 1_793_675_645  # 2026-11-03 03:14:05 UTC

WEB = {"kind": "instance", "id": "i-0abc", "name": "web-1"}
ORDERS = {"kind": "rds database", "id": "orders", "name": "orders"}
PLACES = Places(
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


def pair(kind: str, severity: Severity, subject: str, scope: str = "vpc-1", **details: Any) -> Finding:
    """What a detector tells of one pair of ends."""
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
    told = {
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
        details={"relation": relation, "sample_endpoints": ends, **told, **details},
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


KEPT_IN: dict[str, Any] = {
    "responder": "198.51.100.7",
    "responder_port": 443,
    "subject_owner": WEB,
    "responder_owner": None,
    "interface_ids": ["eni-0web"],
    "packets": 84,
    "reject_reason": None,
}
REPLY: dict[str, Any] = {
    "responder": "10.0.3.7",
    "responder_port": 5432,
    "responder_owner": ORDERS,
    "initiator_port": 49_152,
}

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
            "responder_owner": ORDERS,
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
    "own_machines_kept_apart_by_what_can_not_be_told": pair(
        "blocked_internal",
        Severity.MEDIUM,
        "10.0.1.5",
        responder="10.0.3.7",
        responder_port=5432,
        subject_owner=WEB,
        responder_owner=ORDERS,
        packets=3,
        refusal={
            "layer": "unknown",
            "rule": None,
            "refused_by": [],
            "sentence": "what refused it can't be told: the rules allow it now, so they changed since",
            "change": "",
            "why_unknown": "the rules allow it now, so they changed since",
            "rules_taken_at": NIGHT + 7_400,
        },
    ),
    "own_machine_can_not_get_out": pair(
        "blocked_egress",
        Severity.LOW,
        "10.0.1.5",
        **KEPT_IN,
        responders=1,
        sample_responders=["198.51.100.7"],
    ),
    "own_machine_can_not_get_out_to_many": pair(
        "blocked_egress",
        Severity.LOW,
        "10.0.1.5",
        **KEPT_IN,
        responders=12,
        sample_responders=[f"198.51.100.{host}" for host in range(7, 17)],
        refusal=refusal(
            "refused by sg-0web web: no outbound rule for tcp/443 to 198.51.100.7",
            "an outbound rule for tcp/443 to 198.51.100.7/32 in sg-0web would admit it",
        ),
    ),
    "replies_to_own_machine_refused": pair(
        "denied_by_acl_reply",
        Severity.MEDIUM,
        "10.0.1.5",
        **REPLY,
        initiator="10.0.1.5",
        initiator_owner=WEB,
        initiators=1,
        subject_owner=WEB,
        refusal=refusal(
            "refused by network acl acl-0db data-b: rule * denies tcp/49152 to 10.0.1.5 (i-0abc web-1)",
            "an outbound rule for tcp/49152 to 10.0.1.5/32 before rule * in acl-0db would admit it",
            rule="*",
        ),
    ),
    "replies_to_strangers_refused": pair(
        "denied_by_acl_reply",
        Severity.MEDIUM,
        "10.0.3.7",
        **REPLY,
        initiator="203.0.113.9",
        initiator_owner=None,
        initiators=31,
        subject_owner=ORDERS,
    ),
    "somebody_is_logged_in_from_outside": pair(
        "remote_login",
        Severity.MEDIUM,
        "203.0.113.9",
        scope="public",
        responder="10.0.1.5",
        responder_port=22,
        subject_owner=None,
        responder_owner=WEB,
        responder_scope="vpc-1",
        interface_ids=["eni-0web"],
        service="SSH",
        packets=1_204,
        technique="T1021.004",
        allowance={
            "sentence": "allowed by sg-0web web: inbound tcp/22 from 0.0.0.0/0",
            "rules_taken_at": NIGHT - 600,
        },
    ),
    "stranger_guesses_passwords": guesses("outside_tries", Severity.LOW, "203.0.113.9", attempts=214),
    "stranger_guessed_a_password": guesses(
        "outside_got_in", Severity.HIGH, "203.0.113.9", attempts=41, sessions=["10.0.1.5:22/tcp"]
    ),
    "own_machine_guesses_passwords": guesses(
        "inside_tries", Severity.HIGH, "10.0.1.5", scope="vpc-1", subject_owner=WEB, services=["RDP", "SSH"]
    ),
    "own_machine_guessed_passwords": guesses(
        "inside_tries",
        Severity.HIGH,
        "10.0.1.5",
        scope="vpc-1",
        subject_owner=WEB,
        sessions=["10.0.2.1:22/tcp", "10.0.2.2:22/tcp", "10.0.2.3:22/tcp"],
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
    "digest_of_every_chapter": [
        *noise(2),
        FINDINGS["own_machine_can_not_get_out"],
        FINDINGS["own_machine_can_not_get_out_to_many"],
        FINDINGS["stranger_guesses_passwords"],
        FINDINGS["records_of_an_interface_left_out"],
    ],
    "digest_of_more": [
        FINDINGS["stranger_found_nothing"],
        FINDINGS["a_kind_this_page_does_not_know"],
        FINDINGS["records_of_an_interface_left_out"],
    ],
}


EARLIER: dict[str, Earlier] = {
    "seen_again_after_it_was_resolved": Earlier(
        "e0b1c2d3e4f5061728394a5b",
        NIGHT - 3 * 86_400,
        Life(State.RESOLVED, NIGHT - 2 * 86_400, "maria", "scanner of the auditors, switched off"),
    ),
    "snoozed_and_still_so": Earlier(
        "e0b1c2d3e4f5061728394a5b",
        NIGHT - 8 * 86_400,
        Life(State.SNOOZED, NIGHT - 7 * 86_400, "maria", "known until the move", NIGHT - 600),
    ),
    "acknowledged_and_louder": Earlier(
        "e0b1c2d3e4f5061728394a5b", NIGHT - 86_400, Life(State.ACKNOWLEDGED, NIGHT - 80_000, "", "")
    ),
    "still_open": Earlier("e0b1c2d3e4f5061728394a5b", NIGHT - 86_400, Life()),
}
"""What people made of the finding before: told of own_machine_scans_own_network."""

POINTED = {
    "own_machine_scans_own_network_and_where_to_look": "own_machine_scans_own_network",
    "own_machines_kept_apart_and_where_to_look": "own_machines_kept_apart_by_a_known_rule",
    "own_machine_guesses_passwords_and_where_to_look": "own_machine_guesses_passwords",
    "records_left_out_and_where_to_look": "records_of_an_interface_left_out",
}
"""Findings told with links and queries."""


def flood(number: int) -> list[Finding]:
    """A scan of every machine, and a path blocked again and again."""
    blocked = FINDINGS["own_machines_kept_apart_by_a_known_rule"]
    scans = [
        replace(FINDINGS["own_machine_scans_strangers"], id=f"{index:024x}", subject=f"10.0.1.{index}")
        for index in range(number)
    ]
    return [*(replace(blocked, id=f"b{index:023x}", first_seen=NIGHT + index) for index in range(3)), *scans]


OVERFLOWS: dict[str, tuple[Sequence[Finding], Places]] = {
    "overflow_of_few": (flood(2), Places()),
    "overflow_of_many": (flood(34), Places(deployment="shop")),
}


def messages() -> dict[str, AlertMessage]:
    """Every message that has a golden text, by its name."""
    loud = FINDINGS["own_machine_scans_own_network"]
    return {
        **{name: alert_message(finding) for name, finding in FINDINGS.items()},
        **{name: alert_message(loud, earlier=earlier) for name, earlier in EARLIER.items()},
        **{name: alert_message(FINDINGS[finding], PLACES) for name, finding in POINTED.items()},
        **{name: digest_message(findings, 60) for name, findings in DIGESTS.items()},
        **{name: overflow_message(findings, 20, places) for name, (findings, places) in OVERFLOWS.items()},
    }


def golden(name: str) -> str:
    """A subject and a text as people read them."""
    return (GOLDEN / f"{name}.txt").read_text()


def as_read(message: AlertMessage) -> str:
    return f"Subject: {message.subject}\n\n{message.text}\n"
