"""Alerts as people read them. The texts are in golden/, one file each: change the words there and in emit/ together."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.emit.alert_message import MAX_SUBJECT_LETTERS, alert_message
from flowsentry.emit.stories import owner_text
from flowsentry.findings import Finding, Severity
from tests.emit.examples import DIGESTS, FINDINGS, GOLDEN, WEB, golden, scan


@pytest.mark.parametrize("name", FINDINGS)
def test_an_alert_reads_as_it_should(name: str) -> None:
    message = alert_message(FINDINGS[name])
    assert f"Subject: {message.subject}\n\n{message.text}\n" == golden(name)


def test_every_golden_text_belongs_to_a_test() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == {*FINDINGS, *DIGESTS}


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
        (
            {"kind": "rds database", "id": "arn:aws:rds:eu-west-1:123456789012:db:orders", "name": "orders"},
            "orders (rds database, 10.0.1.5)",
        ),
        ({"kind": "unknown", "id": "eni-1", "name": "eni-1"}, "eni-1 (interface, 10.0.1.5)"),
    ],
)
def test_who_it_is_about_is_said_as_people_say_it(owner: dict[str, str] | None, shown: str) -> None:
    assert owner_text(owner, "10.0.1.5") == shown


@pytest.mark.parametrize(
    ("owner", "shown"),
    [
        (None, "eni-1"),
        (WEB, "web-1 (instance i-0abc, eni-1)"),
        ({"kind": "rds database", "id": "eni-1", "name": "eni-1"}, "rds database (eni-1)"),
        ({"kind": "unknown", "id": "eni-1", "name": "eni-1"}, "eni-1 (interface)"),
    ],
)
def test_an_interface_is_not_said_twice(owner: dict[str, str] | None, shown: str) -> None:
    assert owner_text(owner, "eni-1") == shown


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
