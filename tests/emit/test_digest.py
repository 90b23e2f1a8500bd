"""The JSON and attributes of digests, and the order of their chapters. The texts are in golden/."""

import json
from dataclasses import replace

import pytest

from flowsentry.emit.digest import MAX_LINES, digest_message
from flowsentry.emit.machine_json import MAX_FINDINGS, MAX_JSON_BYTES
from flowsentry.findings.finding import Severity
from tests.emit.examples import DIGESTS
from tests.emit.findings import FINDINGS
from tests.emit.makers import noise, scan, skipped


@pytest.mark.parametrize("name", DIGESTS)
def test_a_digest_has_the_audience_digest(name: str) -> None:
    attributes = digest_message(DIGESTS[name], 60).attributes
    assert (attributes["audience"], attributes["kind"], attributes["subject"]) == ("digest", "digest", "several")


def test_a_digest_has_the_highest_severity_of_its_findings() -> None:
    assert digest_message(noise(2), 60).attributes["severity"] == "background"
    with_guesses = [*noise(2), FINDINGS["external_password_guessing"]]
    assert digest_message(with_guesses, 60).attributes["severity"] == "low"


def test_the_json_of_a_digest_has_the_count_and_the_largest_scan_first() -> None:
    given = json.loads(digest_message(noise(240), 60).json)
    assert given["type"] == "digest"
    assert given["count"] == 240
    assert given["findings"][0]["subject"] == "203.0.113.239"


def test_a_digest_of_findings_in_one_scope_names_the_scope() -> None:
    assert digest_message(noise(2), 60).attributes["scope"] == "public"
    both = [*noise(1), FINDINGS["unknown_kind"]]
    assert digest_message(both, 60).attributes["scope"] == "several"


def test_the_json_of_a_digest_of_large_findings_is_bounded() -> None:
    large = [
        scan("inside_to_inside", Severity.BACKGROUND, "10.0.1.5", "vpc-1", sample_endpoints=["x" * 1_000] * 10)
    ] * 200
    assert len(digest_message(large, 60).json.encode()) <= MAX_JSON_BYTES


def test_an_address_with_findings_on_several_days_is_listed_once() -> None:
    (one,) = noise(1)
    message = digest_message([one, replace(one, id="another day", endpoints=one.endpoints + 1)], 60)
    assert message.subject.startswith("[digest] 1 external address ")
    assert message.text.count(f"- {one.subject} ") == 1


def test_an_interface_with_gaps_in_several_hours_is_listed_once() -> None:
    text = digest_message([skipped("eni-1", hour, records=hour) for hour in range(1, 4)], 60).text
    assert "AWS skipped flow log records of 1 interface." in text
    (line,) = [each for each in text.splitlines() if each.startswith("- ")]
    assert line.endswith(
        "in 3 hours, the first from 2026-11-03 04:00 UTC, the last from 2026-11-03 06:00 UTC (6 SKIPDATA records)"
    )


def test_skipped_records_stay_in_the_json_beside_many_scans() -> None:
    message = digest_message([*noise(240), *(skipped(f"eni-{number}") for number in range(30))], 60)
    given = json.loads(message.json)
    assert given["kinds"] == {"host_sweep": 240, "records_skipped": 30}
    assert given["count"] == 270
    kinds = [each["kind"] for each in given["findings"]]
    assert len(kinds) <= MAX_FINDINGS
    assert set(kinds[:2]) == {"host_sweep", "records_skipped"}
    assert message.text.count("- eni-") == MAX_LINES
    assert "- and 10 more" in message.text


def test_chapters_about_your_own_hosts_come_first() -> None:
    text = digest_message(DIGESTS["digest_of_every_chapter"], 60).text
    chapters = ["1 host of yours", "1 external address guessed", "2 external addresses scanned", "AWS skipped"]
    assert sorted(chapters, key=text.index) == chapters


def test_findings_in_another_order_give_the_same_digest() -> None:
    findings = [*noise(3), skipped("eni-1"), skipped("eni-2", records=4)]
    assert digest_message(findings[::-1], 60) == digest_message(findings, 60)
