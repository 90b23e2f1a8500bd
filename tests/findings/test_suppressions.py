"""Which findings are suppressed, until when, and the messages for invalid suppressions."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.kinds import KINDS
from flowsentry.findings.suppressions import (
    LOGIN_PORTS_OF,
    MAX_BYTES,
    MAX_ENTRIES,
    MAX_LETTERS,
    Suppressions,
    UnreadableSuppressionsError,
    read_entries,
    suppressed,
)
from flowsentry.records.code_names import LOGIN_PORTS

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 3, 12, tzinfo=UTC).timestamp()
SCANNER = {"kind": "instance", "id": "i-0abc", "name": "Office-Scanner"}
WEB = {"kind": "application load balancer", "id": "app/web/1", "name": "web"}
SCAN = Finding(
    "a", "port_scan", Severity.HIGH, "scan", "192.0.2.7", "public", 1, 2, details={"failed_ports": [22, 443]}
)
BLOCKED = Finding(
    *("b", "blocked_internal", Severity.MEDIUM, "blocked", "10.0.0.5", "vpc-1", 1, 2),
    details={
        "responder": "10.0.9.9",
        "responder_port": 5432,
        "subject_owner": SCANNER,
        "responder_owner": WEB,
    },
)
GUESSED = Finding(
    *("d", "login_brute_force", Severity.HIGH, "guessed", "10.0.0.5", "vpc-1", 1, 2),
    details={"services": ["SSH", "WinRM"]},
)
SKIPPED = Finding("c", "records_skipped", Severity.BACKGROUND, "skipped", "eni-1", "vpc-1", 1, 2)


def of(*entries: dict[str, Any]) -> Suppressions:
    """Suppressions with these entries; the default reason is the index of the entry."""
    reasoned = [{"reason": f"reason {number}", **entry} for number, entry in enumerate(entries)]
    return Suppressions.of_json(json.dumps({"suppressions": reasoned}))


def is_suppressed(finding: Finding, **criteria: Any) -> bool:
    return of(criteria).suppressing(finding, NOW) is not None


def refusal(*entries: Any) -> str:
    with pytest.raises(UnreadableSuppressionsError) as refused:
        Suppressions.of_json(json.dumps({"suppressions": list(entries)}))
    return str(refused.value)


@pytest.mark.parametrize(
    ("finding", "criteria"),
    [
        (SCAN, {"networks": ["198.51.100.0/24", "192.0.2.0/24"]}),
        (SCAN, {"networks": ["192.0.2.7"]}),
        (replace(SCAN, subject="2001:db8::7"), {"networks": ["2001:db8::/32"]}),
        (SCAN, {"kinds": ["host_sweep", "port_scan"]}),
        (SCAN, {"ports": [22, 80, 443]}),
        (BLOCKED, {"ports": [5432]}),
        (BLOCKED, {"owners": ["i-0abc"]}),
        (BLOCKED, {"owners": ["office-scanner"]}),
        (BLOCKED, {"owners": ["Instance"]}),
        (BLOCKED, {"responder_owners": ["web"]}),
        (BLOCKED, {"responder_networks": ["10.0.9.0/24"]}),
        (BLOCKED, {"owners": ["i-0abc"], "ports": [5432], "kinds": ["blocked_internal"]}),
        (SKIPPED, {"kinds": ["records_skipped"]}),
        (GUESSED, {"ports": [22, 5985, 5986]}),
    ],
)
def test_a_finding_that_meets_every_criterion_is_suppressed(finding: Finding, criteria: dict[str, Any]) -> None:
    assert is_suppressed(finding, **criteria)


@pytest.mark.parametrize(
    ("finding", "criteria"),
    [
        (SCAN, {"networks": ["198.51.100.0/24"]}),
        (SCAN, {"networks": ["2001:db8::/32"]}),
        (SCAN, {"ports": [22]}),
        (SCAN, {"networks": ["192.0.2.0/24"], "kinds": ["host_sweep"]}),
        (SCAN, {"owners": ["i-0abc"]}),
        (SCAN, {"responder_networks": ["0.0.0.0/0"]}),
        (replace(SCAN, details={"failed_ports": None}), {"ports": [22, 443]}),
        (replace(SCAN, details={"failed_ports": []}), {"ports": [22, 443]}),
        (BLOCKED, {"owners": ["web"]}),
        (BLOCKED, {"responder_owners": ["i-0abc"]}),
        (replace(BLOCKED, details={"subject_owner": None}), {"owners": ["none"]}),
        (SKIPPED, {"networks": ["0.0.0.0/0", "::/0"]}),
        (SKIPPED, {"ports": [22]}),
        (GUESSED, {"ports": [22, 5985]}),
        (replace(GUESSED, details={"services": ["SSH", "Telnet"]}), {"ports": [22, 23]}),
    ],
)
def test_a_finding_that_misses_a_criterion_is_not_suppressed(finding: Finding, criteria: dict[str, Any]) -> None:
    assert not is_suppressed(finding, **criteria)


def test_the_ports_of_login_services_match_the_login_ports() -> None:
    assert {port: service for service, ports in LOGIN_PORTS_OF.items() for port in ports} == LOGIN_PORTS


def test_a_suppression_is_in_force_until_the_end_of_its_last_day() -> None:
    until = of({"networks": ["192.0.2.0/24"], "expires_on": "2026-11-03"})
    midnight = datetime(2026, 11, 4, tzinfo=UTC).timestamp()
    assert until.suppressing(SCAN, midnight - 1) is not None
    assert until.suppressing(SCAN, midnight) is None
    assert (until.expired(midnight - 1), until.expired(midnight), len(until.entries)) == (0, 1, 1)


def test_a_disabled_suppression_has_no_effect() -> None:
    assert not is_suppressed(SCAN, networks=["192.0.2.0/24"], enabled=False)


def test_a_suppressed_finding_has_the_reason_and_others_are_unchanged() -> None:
    by = of({"kinds": ["host_sweep"]}, {"networks": ["192.0.2.0/24"], "reason": "the office"}, {"kinds": ["port_scan"]})
    assert list(suppressed([SCAN, BLOCKED], by, NOW)) == [replace(SCAN, suppressed_by="the office"), BLOCKED]


def test_without_suppressions_no_finding_is_suppressed() -> None:
    assert list(suppressed([SCAN, BLOCKED], Suppressions(), NOW)) == [SCAN, BLOCKED]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("networks", ["10.0.0.1/8"]),
        ("networks", ["anywhere"]),
        ("networks", [167772160]),
        ("networks", []),
        ("networks", "10.0.0.0/8"),
        ("owners", [""]),
        ("owners", ["two\nlines"]),
        ("owners", ["x" * (MAX_LETTERS + 1)]),
        ("responder_networks", ["10.0.0.0/33"]),
        ("responder_owners", [7]),
        ("ports", [65536]),
        ("ports", [True]),
        ("ports", ["22"]),
        ("kinds", []),
        ("kinds", [7]),
        ("kinds", "port_scan"),
        ("reason", ""),
        ("reason", "x" * (MAX_LETTERS + 1)),
        ("reason", "forged\nline"),
        ("source", 7),
        ("expires_on", "2026-11-31"),
        ("expires_on", "20261103"),
        ("expires_on", 20261103),
        ("enabled", "yes"),
        ("network", ["10.0.0.0/8"]),
    ],
)
def test_an_invalid_value_is_refused_with_its_entry_and_key(key: str, value: Any) -> None:
    good = {"reason": "fine", "networks": ["192.0.2.0/24"]}
    message = refusal(good, {**good, key: value})
    assert message.startswith(f"suppressions[1].{key} is ")
    assert "; allowed: " in message


def test_an_entry_with_some_unknown_kinds_applies_to_the_others_and_reports_them() -> None:
    read = of({"kinds": ["retired", "port_scan", "gone"]})
    assert [each.kinds for each in read.entries] == [{"port_scan"}]
    (sentence,) = read.unknown_kinds
    assert sentence.startswith('suppressions[0].kinds is ["retired", "gone"]; allowed: a list of port_scan, ')
    assert sentence.endswith("; the entry applies to its other kinds only")


@pytest.mark.parametrize("others", [{}, {"networks": ["192.0.2.0/24"]}])
def test_an_entry_whose_kinds_are_all_unknown_is_left_out_alone_and_reported(others: dict[str, Any]) -> None:
    read = of({"kinds": ["retired"], **others}, {"kinds": ["host_sweep"]})
    assert [each.kinds for each in read.entries] == [{"host_sweep"}]
    assert read.suppressing(SCAN, NOW) is None
    (sentence,) = read.unknown_kinds
    assert sentence.startswith('suppressions[0].kinds is ["retired"]')
    assert sentence.endswith("; the entry has no effect")


@pytest.mark.parametrize("defect", [{"ports": ["22"]}, {"kinds": ["retired", 7]}])
def test_another_defect_of_an_entry_with_an_unknown_kind_is_refused(defect: dict[str, Any]) -> None:
    assert f"suppressions[0].{next(iter(defect))} is " in refusal({"reason": "r", "kinds": ["retired"], **defect})


def test_an_unknown_kind_in_the_settings_is_a_problem() -> None:
    assert read_entries([{"reason": "r", "kinds": ["retired"]}], "")[1]


def test_the_message_lists_every_problem() -> None:
    message = refusal({"reason": "all"}, {"networks": ["x"], "kind": []}, 5)
    assert (
        "suppressions[0] has no criterion and would suppress everything; allowed: at least one of networks, owners"
        in message
    )
    assert "suppressions[1].reason is missing" in message
    assert 'suppressions[1].networks is ["x"]' in message
    assert "did you mean kinds?" in message
    assert "suppressions[2] is 5" in message


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", '{"suppressions": {}}', '{"suppressions": [], "x": 1}'])
def test_a_text_without_suppressions_is_refused(text: str) -> None:
    with pytest.raises(UnreadableSuppressionsError):
        Suppressions.of_json(text)


def test_too_many_entries_and_too_long_texts_are_refused() -> None:
    entry = {"reason": "one", "ports": [22]}
    assert len(of(*[entry] * MAX_ENTRIES).entries) == MAX_ENTRIES
    assert f"has {MAX_ENTRIES + 1} entries" in refusal(*[entry] * (MAX_ENTRIES + 1))
    with pytest.raises(UnreadableSuppressionsError, match="bytes"):
        Suppressions.of_json(" " * (MAX_BYTES + 1))


def test_the_message_about_a_long_value_is_short() -> None:
    assert len(refusal({"reason": "r", "networks": ["x" * 50_000]})) < 2 * MAX_LETTERS + 200


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
KEYS = ("reason", "source", "expires_on", "enabled", "networks", "owners", "ports", "kinds", "responder_networks")


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), json_values) | json_values, max_size=4))
def test_any_list_of_entries_is_read_or_refused(entries: list[Any]) -> None:
    read, problems = read_entries(entries, "suppressions")
    assert all(problem.startswith("suppressions[") for problem in problems)
    assert problems or len(read) == len(entries)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(UnreadableSuppressionsError):
        Suppressions.of_json(data)


def schema() -> Any:
    return json.loads((ROOT / "docs" / "suppressions.schema.json").read_text())


def test_the_schema_has_every_kind_and_the_same_limits() -> None:
    suppressions = schema()["properties"]["suppressions"]
    entry = suppressions["items"]["properties"]
    assert entry["kinds"]["items"]["enum"] == list(KINDS)
    assert (suppressions["maxItems"], entry["reason"]["maxLength"]) == (MAX_ENTRIES, MAX_LETTERS)


def test_the_examples_of_the_page_are_valid() -> None:
    page = (ROOT / "docs" / "suppressions.md").read_text()
    examples = [part.partition("```")[0] for part in page.split("```json\n")[1:]]
    assert len(examples) > 1
    for each in examples:
        assert Suppressions.of_json(each).entries
        jsonschema.validate(json.loads(each), schema())


def test_every_key_is_described_on_the_page_and_in_the_schema() -> None:
    allowed = refusal({"reason": "r", "ports": [1], "zzz": 1}).rpartition("only ")[2].split(", ")
    page = (ROOT / "docs" / "suppressions.md").read_text()
    assert [key for key in allowed if f"| `{key}` |" not in page] == []
    assert list(schema()["properties"]["suppressions"]["items"]["properties"]) == allowed
