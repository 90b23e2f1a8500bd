"""The messages whose texts are in golden/: alerts, digests and overflows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flowsentry.emit.alert_message import AlertMessage, alert_message
from flowsentry.emit.console_queries import AccountResources
from flowsentry.emit.digest import digest_message
from flowsentry.emit.narratives.canary_message import canary_message
from flowsentry.emit.overflow import overflow_message
from flowsentry.findings.canary import Canary, Way
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.triage import Earlier, State, Triage
from tests.emit.findings import FINDINGS
from tests.emit.makers import HERE, NIGHT, RESOURCES, WEB, noise, skipped

GOLDEN = Path(__file__).parent / "golden"

RECIPIENTS: dict[Way, Sequence[str]] = {
    Way.BUCKET: (
        "topic of alerts: email team@example.com (confirmed)",
        "topic of alerts: email new@example.com (not confirmed: gets nothing)",
        "event bus security",
    ),
    Way.LOGS: (),
}

DIGESTS: dict[str, Sequence[Finding]] = {
    "digest_of_scans": noise(24),
    "digest_of_gaps": [
        skipped("eni-0web", records=3, subject_owner=WEB),
        skipped("eni-0web", 2, subject_owner=WEB),
        skipped("tgw-attach-0abc", records=2),
    ],
    "digest_of_scans_and_gaps": [*noise(3), skipped("eni-0web", records=3, subject_owner=WEB)],
    "digest_of_every_chapter": [
        *noise(2),
        FINDINGS["blocked_egress_to_one_address"],
        FINDINGS["blocked_egress_to_many_addresses"],
        FINDINGS["external_password_guessing"],
        FINDINGS["gap_of_an_interface"],
    ],
    "digest_of_services_down": [
        replace(FINDINGS["service_without_answers"], severity=Severity.LOW),
        replace(
            FINDINGS["service_without_answers"],
            id="c0b1c2d3e4f5061728394a5c",
            severity=Severity.LOW,
            subject="10.0.3.9",
            details={"responder_port": 8080, "protocol": "tcp", "clients": 1, "packets": 3, "last_answer": NIGHT - 900},
        ),
    ],
    "digest_of_a_flood": [
        replace(
            FINDINGS["flood_of_sources"],
            severity=Severity.LOW,
            details={"left_out": "sources", "side": "outside", "number": 219_000},
        )
    ],
    "digest_of_an_unknown_kind": [
        FINDINGS["external_scan_without_answer"],
        FINDINGS["unknown_kind"],
        FINDINGS["gap_of_an_interface"],
    ],
}


EARLIER: dict[str, Earlier] = {
    "seen_again_after_resolved": Earlier(
        "e0b1c2d3e4f5061728394a5b",
        NIGHT - 3 * 86_400,
        Triage(State.RESOLVED, NIGHT - 2 * 86_400, "maria", "scanner of the auditors, switched off"),
    ),
    "still_happening_after_snooze": Earlier(
        "e0b1c2d3e4f5061728394a5b",
        NIGHT - 8 * 86_400,
        Triage(State.SNOOZED, NIGHT - 7 * 86_400, "maria", "known until the move", NIGHT - 600),
    ),
    "still_happening_after_acknowledgement": Earlier(
        "e0b1c2d3e4f5061728394a5b", NIGHT - 86_400, Triage(State.ACKNOWLEDGED, NIGHT - 80_000, "", "")
    ),
    "still_open": Earlier("e0b1c2d3e4f5061728394a5b", NIGHT - 86_400, Triage()),
}
"""Triage of an earlier finding, in alerts about inside_scan."""

POINTED = {
    "inside_scan_with_links": "inside_scan",
    "blocked_path_with_links": "blocked_path_with_rule",
    "internal_password_guessing_with_links": "internal_password_guessing",
    "external_scan_from_ipv6_network_with_links": "external_scan_from_ipv6_network",
    "gap_of_an_interface_with_links": "gap_of_an_interface",
}
"""Alerts with links and queries, by the name of their finding."""


def flood(number: int) -> list[Finding]:
    """Many scans, and three findings about one blocked path."""
    blocked = FINDINGS["blocked_path_with_rule"]
    scans = [
        replace(FINDINGS["scan_of_external_addresses"], id=f"{index:024x}", subject=f"10.0.1.{index}")
        for index in range(number)
    ]
    return [*(replace(blocked, id=f"b{index:023x}", first_seen=NIGHT + index) for index in range(3)), *scans]


OVERFLOWS: dict[str, tuple[Sequence[Finding], AccountResources]] = {
    "overflow_of_few": (flood(2), HERE),
    "overflow_of_many": (flood(34), replace(HERE, deployment="shop")),
}


def messages() -> dict[str, AlertMessage]:
    """The messages by the names of their golden texts."""
    loud = FINDINGS["inside_scan"]
    return {
        **{name: alert_message(finding, HERE) for name, finding in FINDINGS.items()},
        **{name: alert_message(loud, HERE, earlier) for name, earlier in EARLIER.items()},
        **{name: alert_message(FINDINGS[finding], RESOURCES) for name, finding in POINTED.items()},
        "replay": alert_message(loud),
        **{f"test_alert_of_{way}": canary_message(Canary(NIGHT, way).finding, RECIPIENTS[way], HERE) for way in Way},
        **{name: digest_message(findings, 60, HERE) for name, findings in DIGESTS.items()},
        **{name: overflow_message(findings, 20, resources) for name, (findings, resources) in OVERFLOWS.items()},
    }


def golden(name: str) -> str:
    """The subject and text of a message."""
    return (GOLDEN / f"{name}.txt").read_text()


def as_read(message: AlertMessage) -> str:
    return f"Subject: {message.subject}\n\n{message.text}\n"
