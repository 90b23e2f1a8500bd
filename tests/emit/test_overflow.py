"""The summary of findings above the rate limit. The texts are in golden/."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.emit.machine_json import MAX_JSON_BYTES
from flowsentry.emit.overflow import MAX_LINES, overflow_message
from flowsentry.findings.finding import Finding, Severity
from tests.emit.examples import OVERFLOWS, flood
from tests.emit.findings import FINDINGS


def test_the_highest_severity_is_listed_first() -> None:
    seen = FINDINGS["external_scan_answered"]
    quiet, loud = replace(seen, id="1"), replace(seen, id="2", severity=Severity.HIGH)
    lines = overflow_message([quiet, loud], 20).text.splitlines()
    assert lines.index("High") < lines.index("Medium")
    assert json.loads(overflow_message([quiet, loud], 20).json)["findings"][0]["severity"] == "high"


def test_many_findings_about_one_subject_are_one_line() -> None:
    findings = [replace(FINDINGS["external_scan_answered"], id=str(number)) for number in range(50)]
    message = overflow_message(findings, 20)
    assert message.subject == "[medium] 50 more alerts in one message: 50 medium"
    (line,) = [each for each in message.text.splitlines() if each.startswith("- ")]
    assert line.endswith(", and 49 more like it (0)")


def test_an_overflow_is_urgent_and_has_the_highest_severity() -> None:
    attributes = overflow_message(flood(2), 20).attributes
    assert (attributes["audience"], attributes["kind"], attributes["severity"]) == ("urgent", "overflow", "high")
    assert attributes["scope"] == "vpc-1"


@pytest.mark.parametrize("name", OVERFLOWS)
def test_the_json_has_the_counts_and_the_highest_severity_first(name: str) -> None:
    findings, resources = OVERFLOWS[name]
    given_ = json.loads(overflow_message(findings, 20, resources).json)
    assert (given_["type"], given_["count"], given_["limit_an_hour"]) == ("overflow", len(findings), 20)
    assert sum(given_["kinds"].values()) == len(findings)


@pytest.mark.slow
@given(st.integers(1, 300).map(flood).flatmap(st.permutations))
def test_an_overflow_of_any_size_and_order_is_short_and_the_same(findings: list[Finding]) -> None:
    message = overflow_message(findings, 20)
    assert overflow_message(findings[::-1], 20) == message
    assert len(message.json) <= MAX_JSON_BYTES
    assert sum(line.startswith("- ") for line in message.text.splitlines()) <= MAX_LINES + 2
