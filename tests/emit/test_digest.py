"""Digests as people read them, and as machines do. The texts are in golden/."""

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
def test_a_digest_is_for_those_who_read_up_on_it(name: str) -> None:
    attributes = digest_message(DIGESTS[name], 60).attributes
    assert (attributes["audience"], attributes["kind"], attributes["subject"]) == ("digest", "digest", "several")


def test_a_digest_is_as_loud_as_the_loudest_in_it() -> None:
    assert digest_message(noise(2), 60).attributes["severity"] == "background"
    with_guesses = [*noise(2), FINDINGS["stranger_guesses_passwords"]]
    assert digest_message(with_guesses, 60).attributes["severity"] == "low"


def test_a_digest_gives_machines_the_count_and_the_busiest() -> None:
    given = json.loads(digest_message(noise(240), 60).json)
    assert given["type"] == "digest"
    assert given["count"] == 240
    assert given["findings"][0]["subject"] == "203.0.113.239"


def test_a_digest_of_one_scope_says_which() -> None:
    assert digest_message(noise(2), 60).attributes["scope"] == "public"
    both = [*noise(1), FINDINGS["a_kind_this_page_does_not_know"]]
    assert digest_message(both, 60).attributes["scope"] == "several"


def test_a_digest_is_never_too_large_to_send() -> None:
    large = [
        scan("inside_to_inside", Severity.BACKGROUND, "10.0.1.5", "vpc-1", sample_endpoints=["x" * 1_000] * 10)
    ] * 200
    assert len(digest_message(large, 60).json.encode()) <= MAX_JSON_BYTES


def test_a_digest_names_an_address_once_however_many_days_it_came() -> None:
    (one,) = noise(1)
    message = digest_message([one, replace(one, id="another day", endpoints=one.endpoints + 1)], 60)
    assert message.subject.startswith("[digest] 1 external address ")
    assert message.text.count(f"- {one.subject} ") == 1


def test_an_interface_is_named_once_with_all_its_hours() -> None:
    text = digest_message([skipped("eni-1", hour, records=hour) for hour in range(1, 4)], 60).text
    assert "AWS skipped flow log records of 1 interface." in text
    (line,) = [each for each in text.splitlines() if each.startswith("- ")]
    assert line.endswith(
        "in 3 hours, the first from 2026-11-03 04:00 UTC, the last from 2026-11-03 06:00 UTC (6 SKIPDATA records)"
    )


def test_noise_does_not_push_skipped_records_out_of_sight() -> None:
    message = digest_message([*noise(240), *(skipped(f"eni-{number}") for number in range(30))], 60)
    given = json.loads(message.json)
    assert given["kinds"] == {"host_sweep": 240, "records_skipped": 30}
    assert given["count"] == 270
    told = [each["kind"] for each in given["findings"]]
    assert len(told) <= MAX_FINDINGS
    assert set(told[:2]) == {"host_sweep", "records_skipped"}
    assert message.text.count("- eni-") == MAX_LINES
    assert "- and 10 more" in message.text


def test_what_is_about_own_machines_is_told_first() -> None:
    text = digest_message(DIGESTS["digest_of_every_chapter"], 60).text
    chapters = ["1 host of yours", "1 external address guessed", "2 external addresses scanned", "AWS skipped"]
    assert sorted(chapters, key=text.index) == chapters


def test_the_order_of_findings_changes_nothing() -> None:
    findings = [*noise(3), skipped("eni-1"), skipped("eni-2", records=4)]
    assert digest_message(findings[::-1], 60) == digest_message(findings, 60)
