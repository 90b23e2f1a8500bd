"""Every message that there is a text of in golden/: of findings, digests and overflows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flowsentry.emit.alert_message import AlertMessage, alert_message
from flowsentry.emit.console_queries import AccountResources
from flowsentry.emit.digest import digest_message
from flowsentry.emit.overflow import overflow_message
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.triage import Earlier, State, Triage
from tests.emit.findings import FINDINGS
from tests.emit.makers import HERE, NIGHT, RESOURCES, WEB, noise, skipped

GOLDEN = Path(__file__).parent / "golden"

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
    "digest_of_services_down": [
        replace(FINDINGS["own_service_no_longer_answers"], severity=Severity.LOW),
        replace(
            FINDINGS["own_service_no_longer_answers"],
            id="c0b1c2d3e4f5061728394a5c",
            severity=Severity.LOW,
            subject="10.0.3.9",
            details={"responder_port": 8080, "protocol": "tcp", "clients": 1, "packets": 3, "last_answer": NIGHT - 900},
        ),
    ],
    "digest_of_a_flood": [
        replace(
            FINDINGS["own_machine_flooded_from_inside"],
            severity=Severity.LOW,
            details={"left_out": "sources", "side": "outside", "number": 219_000},
        )
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
        Triage(State.RESOLVED, NIGHT - 2 * 86_400, "maria", "scanner of the auditors, switched off"),
    ),
    "snoozed_and_still_so": Earlier(
        "e0b1c2d3e4f5061728394a5b",
        NIGHT - 8 * 86_400,
        Triage(State.SNOOZED, NIGHT - 7 * 86_400, "maria", "known until the move", NIGHT - 600),
    ),
    "acknowledged_and_louder": Earlier(
        "e0b1c2d3e4f5061728394a5b", NIGHT - 86_400, Triage(State.ACKNOWLEDGED, NIGHT - 80_000, "", "")
    ),
    "still_open": Earlier("e0b1c2d3e4f5061728394a5b", NIGHT - 86_400, Triage()),
}
"""What people made of the finding before: told of own_machine_scans_own_network."""

POINTED = {
    "own_machine_scans_own_network_and_where_to_look": "own_machine_scans_own_network",
    "own_machines_kept_apart_and_where_to_look": "own_machines_kept_apart_by_a_known_rule",
    "own_machine_guesses_passwords_and_where_to_look": "own_machine_guesses_passwords",
    "stranger_with_many_addresses_and_where_to_look": "stranger_with_many_addresses_got_an_answer",
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


OVERFLOWS: dict[str, tuple[Sequence[Finding], AccountResources]] = {
    "overflow_of_few": (flood(2), HERE),
    "overflow_of_many": (flood(34), replace(HERE, deployment="shop")),
}


def messages() -> dict[str, AlertMessage]:
    """Every message that has a golden text, by its name."""
    loud = FINDINGS["own_machine_scans_own_network"]
    return {
        **{name: alert_message(finding, HERE) for name, finding in FINDINGS.items()},
        **{name: alert_message(loud, HERE, earlier) for name, earlier in EARLIER.items()},
        **{name: alert_message(FINDINGS[finding], RESOURCES) for name, finding in POINTED.items()},
        "found_in_a_replay": alert_message(loud),
        **{name: digest_message(findings, 60, HERE) for name, findings in DIGESTS.items()},
        **{name: overflow_message(findings, 20, resources) for name, (findings, resources) in OVERFLOWS.items()},
    }


def golden(name: str) -> str:
    """A subject and a text as people read them."""
    return (GOLDEN / f"{name}.txt").read_text()


def as_read(message: AlertMessage) -> str:
    return f"Subject: {message.subject}\n\n{message.text}\n"
