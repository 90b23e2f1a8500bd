"""The text, JSON and attributes of alerts. The texts are in golden/, one file each; `make golden` writes them."""

import json
import os
from dataclasses import replace

import pytest

from flowsentry.emit.alert_message import AlertMessage, alert_message
from flowsentry.emit.console_queries import AccountResources
from flowsentry.emit.machine_json import MAX_JSON_BYTES
from flowsentry.emit.owner_names import owner_text, short_owner_text
from flowsentry.findings.bounds import MAX_ENDPOINTS
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.triage import Earlier, State, Triage
from tests.emit.examples import EARLIER, GOLDEN, as_read, golden, messages
from tests.emit.findings import FINDINGS
from tests.emit.makers import HERE, ORDERS, RESOURCES, WEB, scan

MESSAGES = messages()


@pytest.mark.parametrize("name", MESSAGES)
def test_the_text_of_a_message_is_the_golden_text(name: str) -> None:
    """FLOWSENTRY_WRITE_EXPECTED=1 writes the texts, to be read as a difference."""
    if os.environ.get("FLOWSENTRY_WRITE_EXPECTED"):
        (GOLDEN / f"{name}.txt").write_text(as_read(MESSAGES[name]))
    assert as_read(MESSAGES[name]) == golden(name)


def test_every_golden_text_has_a_message() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(MESSAGES)


def test_the_json_contains_the_finding() -> None:
    finding = FINDINGS["inside_scan"]
    given = json.loads(alert_message(finding).json)
    added = {name: given.pop(name) for name in ("schema", "type", "audience", "headline", "investigation", "earlier")}
    assert Finding.from_json(json.dumps(given)) == finding
    assert (added["schema"], added["type"], added["audience"]) == ("flowsentry.alert/1", "finding", "urgent")


def test_the_json_contains_the_link_the_queries_and_the_earlier_triage() -> None:
    finding = FINDINGS["inside_scan"]
    message = alert_message(finding, RESOURCES, EARLIER["seen_again_after_resolved"])
    given = json.loads(message.json)
    assert given["investigation"]["insights_link"] in message.text
    assert given["investigation"]["athena_query"] in message.text
    assert given["investigation"]["insights_query"].startswith("fields @timestamp")
    assert given["earlier"]["triage"]["state"] == "resolved"


def test_an_alert_has_attributes_for_filter_policies() -> None:
    assert alert_message(FINDINGS["external_scan_answered"]).attributes == {
        "kind": "port_scan",
        "severity": "medium",
        "audience": "urgent",
        "scope": "public",
        "subject": "203.0.113.9",
        "schema": "1",
    }


def test_an_alert_without_log_group_and_table_has_no_links_and_queries() -> None:
    finding = FINDINGS["inside_scan"]
    assert "Where to look" not in alert_message(finding).text
    only_athena = alert_message(finding, AccountResources(athena_table="flowsentry.enriched")).text
    assert "Athena:\nSELECT" in only_athena
    assert "https://" not in only_athena


def test_the_command_names_a_deployment_that_has_another_name() -> None:
    text = alert_message(FINDINGS["external_scan_answered"], replace(HERE, deployment="shop")).text
    assert "flowsentry findings acknowledge|snooze|resolve 5c1f2e8a90b1c2d3e4f50617 --deployment shop" in text


def test_a_name_with_line_breaks_and_links_forges_no_line_and_no_link() -> None:
    owner = {
        "kind": "instance",
        "id": "i-1",
        "name": "x\r\nAll clear.\nSee https://evil.example \u202ewww.evil.example",
    }
    message = alert_message(scan("inside_to_inside", Severity.HIGH, "10.0.1.5", "vpc-1", subject_owner=owner), HERE)
    assert len(message.text.splitlines()) == len(golden("scan_of_external_addresses").splitlines()) - 2 - 1
    assert_harmless(message)


def test_a_note_with_line_breaks_forges_no_line() -> None:
    triage = Triage(State.RESOLVED, 0, "eve\nAll clear.", "over\r\nhttps://evil.example")
    message = alert_message(FINDINGS["external_scan_answered"], earlier=Earlier("1\n2", 0, triage))
    assert "by eve All clear. (over https[:]//evil.example)." in message.text.splitlines()[2]
    assert_harmless(message)


def assert_harmless(message: AlertMessage) -> None:
    assert "://" not in message.text
    assert "www." not in message.text
    assert "\u202e" not in message.text


@pytest.mark.parametrize(
    ("owner", "shown", "short"),
    [
        (None, "10.0.1.5", "10.0.1.5"),
        (WEB, "web-1 (instance i-0abc, 10.0.1.5)", "web-1 (10.0.1.5)"),
        ({"kind": "nat gateway", "id": "nat-1", "name": "nat-1"}, "nat-1 (nat gateway, 10.0.1.5)", "nat-1 (10.0.1.5)"),
        (
            {"kind": "rds database", "id": "arn:aws:rds:eu-west-1:123456789012:db:orders", "name": "orders"},
            "orders (rds database, 10.0.1.5)",
            "orders (10.0.1.5)",
        ),
        ({"kind": "unknown", "id": "eni-1", "name": "eni-1"}, "eni-1 (interface, 10.0.1.5)", "eni-1 (10.0.1.5)"),
        ("no owner", "10.0.1.5", "10.0.1.5"),
    ],
)
def test_an_owner_is_named_in_full_and_in_short(owner: object, shown: str, short: str) -> None:
    assert owner_text(owner, "10.0.1.5") == shown
    assert short_owner_text(owner, "10.0.1.5") == short


@pytest.mark.parametrize(
    ("owner", "shown"),
    [
        (None, "eni-1"),
        (WEB, "web-1 (instance i-0abc, eni-1)"),
        ({"kind": "rds database", "id": "eni-1", "name": "eni-1"}, "rds database (eni-1)"),
        ({"kind": "unknown", "id": "eni-1", "name": "eni-1"}, "eni-1 (interface)"),
    ],
)
def test_an_interface_is_not_named_twice(owner: dict[str, str] | None, shown: str) -> None:
    assert owner_text(owner, "eni-1") == shown


@pytest.mark.parametrize("name", ["sample_endpoints", "a detail nobody knows"])
def test_details_that_are_too_large_are_left_out_of_the_json(name: str) -> None:
    finding = scan("inside_to_inside", Severity.HIGH, "10.0.1.5", "vpc-1", **{name: ["x" * 1_000] * 100})
    given = json.loads(alert_message(finding, RESOURCES).json)
    assert given["is_cut"]
    assert given["id"] == finding.id
    assert given["investigation"]["insights_link"]


def test_the_json_is_bounded_for_very_long_names() -> None:
    finding = Finding("f" * 9_999, "k" * 9_999, Severity.HIGH, "t" * 9_999, "s" * 9_999, "v" * 9_999, 1, 2)
    assert len(alert_message(finding).json) <= MAX_JSON_BYTES


@pytest.mark.parametrize(
    ("ends", "shown"),
    [
        (["10.0.2.1:22/tcp"], ": port 22/tcp on 10.0.2.1."),
        (["10.0.2.1:0/icmp"], ": pings on 10.0.2.1."),
        ([], ": 1 port on 1 host."),
    ],
)
def test_a_scan_of_one_port_on_one_host_names_both(ends: list[str], shown: str) -> None:
    swept = scan("inside_to_inside", Severity.HIGH, "10.0.1.5", "vpc-1", hosts=1, ports=1, sample_endpoints=ends)
    assert shown in alert_message(swept).text


def test_the_subject_line_names_the_target() -> None:
    subject = alert_message(FINDINGS["blocked_path_with_rule"]).subject
    assert f"{WEB['name']} (10.0.1.5) can't reach {ORDERS['name']} (10.0.3.7) on 5432/tcp" in subject


def test_a_scan_of_one_host_names_its_owner() -> None:
    added = {"hosts": 1, "sample_endpoints": ["10.0.3.7:22/tcp", "10.0.3.7:80/tcp"], "ports": 2, "target_owner": ORDERS}
    message = alert_message(scan("inside_to_inside", Severity.HIGH, "10.0.1.5", "vpc-1", **added))
    assert ": 2 ports on orders (rds database, 10.0.3.7)." in message.text
    assert message.subject.endswith(": 2 ports on orders (10.0.3.7)")


@pytest.mark.parametrize(
    ("endpoints", "headline", "count"),
    [
        (63, "port 22/tcp on 63 hosts", "63 failed host:port pairs"),
        (105, "port 22/tcp on at least 64 hosts", "about 105 failed host:port pairs"),
    ],
)
def test_a_scan_of_more_endpoints_than_evidence_keeps_has_minimums_and_estimates(
    endpoints: int, headline: str, count: str
) -> None:
    many = scan(
        *("inside_to_inside", Severity.HIGH, "10.0.1.5", "vpc-1"),
        hosts=min(endpoints, MAX_ENDPOINTS),
        ports=1,
        sample_endpoints=["10.0.2.1:22/tcp", "10.0.2.2:22/tcp"],
    )
    text = alert_message(replace(many, endpoints=endpoints)).text
    assert f": {headline}.\n" in text
    assert f"Count        {count}\n" in text
