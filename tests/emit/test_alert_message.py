"""Alerts as people read them. The texts are in golden/, one file each: change the words there and in emit/ together."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.emit.alert_message import MAX_JSON_BYTES, MAX_SUBJECT_LETTERS, alert_message, digest_message
from flowsentry.emit.stories import owner_text
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


def golden(name: str) -> str:
    return (GOLDEN / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", FINDINGS)
def test_an_alert_reads_as_it_should(name: str) -> None:
    message = alert_message(FINDINGS[name])
    assert f"Subject: {message.subject}\n\n{message.text}\n" == golden(name)


def test_a_digest_reads_as_it_should() -> None:
    message = digest_message(noise(24), 60)
    assert f"Subject: {message.subject}\n\n{message.text}\n" == golden("digest_of_noise")


def test_a_digest_of_more_than_noise_does_not_call_it_noise() -> None:
    message = digest_message([FINDINGS["stranger_found_nothing"], FINDINGS["a_kind_this_page_does_not_know"]], 60)
    assert f"Subject: {message.subject}\n\n{message.text}\n" == golden("digest_of_more")


def test_every_golden_text_belongs_to_a_test() -> None:
    names = {path.stem for path in GOLDEN.iterdir()}
    assert names == {*FINDINGS, "digest_of_noise", "digest_of_more"}


def test_machines_get_the_finding() -> None:
    finding = FINDINGS["own_machine_scans_own_network"]
    given = json.loads(alert_message(finding).json)
    assert given.pop("type") == "finding"
    assert Finding.from_json(json.dumps(given)) == finding


def test_filter_policies_get_attributes() -> None:
    assert alert_message(FINDINGS["stranger_got_an_answer"]).attributes == {
        "kind": "port_scan",
        "severity": "medium",
        "scope": "public",
        "subject": "203.0.113.9",
    }


def test_a_digest_gives_machines_the_count_and_the_busiest() -> None:
    given = json.loads(digest_message(noise(240), 60).json)
    assert given["type"] == "digest"
    assert given["count"] == 240
    assert given["findings"][0]["subject"] == "203.0.113.239"


def test_a_digest_of_one_scope_says_which() -> None:
    assert digest_message(noise(2), 60).attributes["scope"] == "public"
    both = [*noise(1), FINDINGS["a_kind_this_page_does_not_know"]]
    assert digest_message(both, 60).attributes["scope"] == "several"


def test_a_name_can_not_forge_a_line_or_a_link() -> None:
    owner = {
        "kind": "instance",
        "id": "i-1",
        "name": "x\r\nAll clear.\nSee https://evil.example \u202ewww.evil.example",
    }
    message = alert_message(scan("inside_to_inside", Severity.HIGH, "10.0.1.5", "vpc-1", subject_owner=owner))
    assert len(message.text.splitlines()) == len(golden("own_machine_scans_strangers").splitlines()) - 2 - 1
    assert "://" not in message.text
    assert "www." not in message.text
    assert "\u202e" not in message.text


@pytest.mark.parametrize(
    ("owner", "shown"),
    [
        (None, "10.0.1.5"),
        (WEB, "web-1 (instance i-0abc, 10.0.1.5)"),
        ({"kind": "nat gateway", "id": "nat-1", "name": "nat-1"}, "nat-1 (nat gateway, 10.0.1.5)"),
        ({"kind": "unknown", "id": "eni-1", "name": "eni-1"}, "eni-1 (interface, 10.0.1.5)"),
    ],
)
def test_who_it_is_about_is_said_as_people_say_it(owner: dict[str, str] | None, shown: str) -> None:
    assert owner_text(owner, "10.0.1.5") == shown


texts = st.text(max_size=300)


@given(words=st.tuples(texts, texts, texts, texts, texts), endpoints=st.lists(texts, max_size=30), when=st.integers())
def test_whatever_is_in_a_finding_the_message_is_bounded_and_printable(
    words: tuple[str, str, str, str, str], endpoints: list[str], when: int
) -> None:
    kind, title, subject, scope, name = words
    details = {"sample_endpoints": endpoints, "subject_owner": {"kind": kind, "id": name, "name": name}}
    message = alert_message(Finding("f", kind, Severity.HIGH, title, subject, scope, when, when + 1, 3, details))
    assert message.subject.isascii()
    assert message.subject.isprintable()
    assert len(message.subject) <= MAX_SUBJECT_LETTERS
    assert all(line.isprintable() for line in message.text.split("\n"))
    assert len(message.text) < 5_000
    assert all(message.attributes.values())


def test_details_too_large_to_send_are_left_out_of_the_json() -> None:
    finding = scan("inside_to_inside", Severity.HIGH, "10.0.1.5", "vpc-1", sample_endpoints=["x" * 1_000] * 100)
    given = json.loads(alert_message(finding).json)
    assert given["is_cut"]
    assert given["id"] == finding.id


def test_a_digest_is_never_too_large_to_send() -> None:
    large = [
        scan("inside_to_inside", Severity.BACKGROUND, "10.0.1.5", "vpc-1", sample_endpoints=["x" * 1_000] * 10)
    ] * 200
    assert len(digest_message(large, 60).json.encode()) <= MAX_JSON_BYTES


def test_a_digest_names_an_address_once_however_many_days_it_came() -> None:
    (one,) = noise(1)
    message = digest_message([one, replace(one, id="another day", endpoints=one.endpoints + 1)], 60)
    assert message.subject.startswith("[digest] 1 outside address ")
    assert message.text.count(f"- {one.subject} ") == 1
