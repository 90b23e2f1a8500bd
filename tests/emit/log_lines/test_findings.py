"""The log line of a finding: what tables of the dashboard Threats read."""

import json
from dataclasses import replace
from typing import Any

import pytest

from flowsentry.emit.log_lines.findings import MAX_LINES, MAX_SENTENCE_LETTERS, finding_lines
from flowsentry.emit.log_lines.report import MAX_LETTERS
from flowsentry.findings.finding import Finding, Severity
from tests.emit.findings import CUT_OFF, FINDINGS


def lines(*findings: Finding) -> list[dict[str, Any]]:
    return [json.loads(line) for line in finding_lines(findings)]


def test_a_scan_has_its_relation_its_owner_and_an_endpoint_that_answered() -> None:
    (line,) = lines(FINDINGS["inside_scan"])
    assert (line["kind"], line["severity"], line["relation"]) == ("network_scan", "high", "inside_to_inside")
    assert (line["subject"], line["owner"], line["target"]) == ("10.0.1.5", "web-1", "10.0.2.40:443/tcp")
    assert (line["hosts"], line["ports"]) == (12, 3)


def test_a_blocked_path_has_both_owners_the_port_and_the_rule() -> None:
    refusal = {"sentence": "denied by security group sg-1: no inbound rule", "rule": None}
    (line,) = lines(replace(CUT_OFF, details={**CUT_OFF.details, "refusal": refusal}))
    assert (line["owner"], line["target"], line["target_owner"]) == ("web-1", "10.0.3.7:5432", "eni-0db")
    assert line["rule"] == refusal["sentence"]


@pytest.mark.parametrize("name", FINDINGS)
def test_every_finding_of_the_golden_alerts_is_a_short_line_of_one_report(name: str) -> None:
    (text,) = finding_lines([FINDINGS[name]])
    line = json.loads(text)
    assert len(text) < 1_000
    assert line["report"] == "finding"
    assert line["kind"] == FINDINGS[name].kind
    assert not [key for key, value in line.items() if value in {None, ""}]


def test_untrusted_names_are_escaped_and_cut() -> None:
    name = '"}\n{"report":"talkers' + "x" * 300
    owner = {"kind": "instance", "id": "i-1", "name": name}
    refusal = {"sentence": "denied by " + name * 2}
    (text,) = finding_lines([replace(CUT_OFF, details={"subject_owner": owner, "refusal": refusal})])
    assert "\n" not in text
    line = json.loads(text)
    assert (line["owner"], len(line["rule"])) == (name[:MAX_LETTERS], MAX_SENTENCE_LETTERS)


def test_of_a_flood_the_most_severe_findings_have_a_line() -> None:
    loud = replace(CUT_OFF, id="loud", severity=Severity.HIGH)
    found = lines(*([replace(CUT_OFF, severity=Severity.BACKGROUND)] * MAX_LINES), loud)
    assert len(found) == MAX_LINES
    assert found[0]["id"] == "loud"
