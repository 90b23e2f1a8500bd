"""Findings that the texts in golden/ are about, by the name of their file."""

from dataclasses import replace
from typing import Any

from flowsentry.findings import Finding, Severity
from tests.emit.makers import NIGHT, ORDERS, WEB, guesses, pair, refusal, scan, skipped

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

CUT_OFF = Finding(
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
)

FINDINGS: dict[str, Finding] = {
    "own_machine_scans_own_network": scan(
        "inside_to_inside",
        Severity.HIGH,
        "10.0.1.5",
        "vpc-1",
        hosts=12,
        ports=3,
        failed_ports=[22, 445, 3389],
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
    "own_machines_cut_off_from_each_other": CUT_OFF,
    "own_machines_kept_apart_by_a_known_rule": replace(
        CUT_OFF,
        id="b0b1c2d3e4f5061728394a5b",
        details={
            **CUT_OFF.details,
            "responder_owner": ORDERS,
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
        sample=["198.51.100.7"],
    ),
    "own_machine_can_not_get_out_to_many": pair(
        "blocked_egress",
        Severity.LOW,
        "10.0.1.5",
        **KEPT_IN,
        responders=12,
        sample=[f"198.51.100.{host}" for host in range(7, 17)],
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
    "own_service_no_longer_answers": pair(
        "service_down",
        Severity.MEDIUM,
        "10.0.2.5",
        responder="10.0.2.5",
        responder_port=5432,
        clients=12,
        packets=148,
        last_answer=NIGHT - 125,
        subject_owner=ORDERS,
        responder_owner=ORDERS,
    ),
    "records_of_an_interface_left_out": skipped("eni-0web", records=3, subject_owner=WEB),
    "a_kind_this_page_does_not_know": Finding(
        "f00", "night_owl", Severity.MEDIUM, "works at night", "10.0.1.5", "vpc-1", NIGHT, NIGHT
    ),
}
