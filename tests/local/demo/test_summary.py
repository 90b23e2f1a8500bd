"""The summary of a demo: missing alerts, unexpected alerts, and counted lines."""

import json
from collections import Counter
from collections.abc import Sequence

import pytest

from flowsentry.findings.explanation import Layer
from flowsentry.findings.finding import Finding, Severity
from local.demo.named_owners import NamedOwners
from local.demo.sending import BAD_LINES
from local.demo.summary import Summary
from local.traffic.company.network import DeliveryPath, HostKind
from local.traffic.expectation import DeniedBy, ExpectedAlert
from tests.local.demo.fakes import NOON, OFFICE, FakeAws, embedded, finding, record, sending

SCAN = ExpectedAlert("port_scan", "10.20.0.9", Severity.MEDIUM, DeliveryPath.S3, "vertical_scan")
RULE = DeniedBy(Layer.NETWORK_ACL, ("rule 90",))
BLOCKED = ExpectedAlert("blocked_internal", "10.20.0.7", Severity.MEDIUM, DeliveryPath.S3, "blocked_path", RULE)
DETAILS = {"refusal": {"layer": "network_acl"}, "subject_owner": {"name": "mail"}, "responder": "10.20.0.9"}
DENIED = finding("10.20.0.7", "blocked_internal", Severity.MEDIUM, details=DETAILS)
GOOD = (finding("10.20.0.9"), DENIED)
MAIL = f"Denied by    network ACL acl-1: rule 90 denies tcp/5432\n\nFinding {DENIED.id} (blocked_internal, medium)"
NAMED = NamedOwners(
    frozenset({HostKind.INSTANCE}), Counter({HostKind.INSTANCE: 4}), Counter({HostKind.INSTANCE: 4}), Counter()
)
COUNTED = {"Lines": 2 + len(BAD_LINES), "Records": 2, "RejectsSeen": 1, "RejectedLines": len(BAD_LINES)}


def summary(
    alerts: Sequence[Finding] = GOOD,
    aws: FakeAws | None = None,
    owners: NamedOwners = NAMED,
    mails: Sequence[str] = (MAIL,),
) -> Summary:
    """Two records were sent, two alerts are expected."""
    aws = aws or FakeAws(COUNTED, background=6)
    sent = sending(aws, [SCAN, BLOCKED], office=[record(OFFICE, NOON), record(OFFICE, NOON + 60)])
    sent.sent_at[OFFICE.vpc_id] = [(NOON + 60, 1_000.0)]
    timed = [(alert, 1_002.0 + number) for number, alert in enumerate(alerts)]
    return Summary(embedded(aws), sent, owners, timed, mails, digests=1)


def test_when_everything_is_as_expected_the_summary_says_ok() -> None:
    told = summary()
    assert told.is_as_expected
    assert list(told.lines()) == [
        "",
        "records in      5 of 5 sent",
        "  traffic       2, of which 1 rejected by a rule",
        "  no traffic    0 NODATA, 0 SKIPDATA",
        "  bad lines     3 of 3 sent, rejected",
        "owners named    100.0 % of 4 own addresses in the enriched rows",
        "  1 kinds      instance 4",
        "alerts          port_scan (high) 1, blocked_internal (medium) 1",
        "blocked paths   1 of 1 explained by the rule that denies them",
        "  mail → 10.20.0.9: denied by network ACL acl-1: rule 90 denies tcp/5432",
        "digest          6 findings in 1 digest",
        "  gaps          0 of 0 capture gaps (SKIPDATA) reported",
        "record → alert  median 2.5 s, longest 3.0 s",
        "OK: all alerts of 2 scenarios arrived, and no others",
    ]


def test_an_alert_that_did_not_arrive_is_missing() -> None:
    told = summary(GOOD[:1])
    assert (told.missing, told.is_as_expected) == ([BLOCKED], False)
    assert "MISSING: blocked_internal about 10.20.0.7 (blocked_path)" in list(told.lines())
    assert list(told.lines())[-1] == "NOT AS EXPECTED"


def test_an_alert_of_a_lower_severity_is_missing() -> None:
    quiet = finding("10.20.0.9", severity=Severity.LOW)
    told = summary([quiet, GOOD[1]])
    assert (told.missing, told.unexpected, told.is_as_expected) == ([SCAN], [quiet], False)


def test_a_digest_alert_that_no_digest_contains_is_missing() -> None:
    quiet = ExpectedAlert("blocked_egress", "10.20.0.7", Severity.LOW, DeliveryPath.S3, "no_way_out", RULE)
    sent = sending(FakeAws(COUNTED), [quiet, quiet], office=[record(OFFICE, NOON), record(OFFICE, NOON + 60)])
    for digested, missing in ({"blocked_egress": 2}, []), ({"blocked_egress": 1, "host_sweep": 9}, [quiet, quiet]):
        seen = Summary(embedded(FakeAws(COUNTED)), sent, NAMED, [], [], digests=1, digested=digested)
        assert (seen.missing, seen.is_as_expected) == (missing, not missing)


def test_an_alert_that_no_scenario_expects_is_unexpected() -> None:
    stranger = finding("10.20.0.99", "host_sweep")
    told = summary([*GOOD, stranger])
    assert (told.unexpected, told.is_as_expected) == ([stranger], False)
    assert "UNEXPECTED: 10.20.0.99 does a host_sweep (host_sweep)" in list(told.lines())


def test_a_blocked_path_without_the_correct_rule_is_unexplained() -> None:
    """The rule is missing in the e-mail, is another rule, is of another layer, or is about another finding."""
    other = finding("10.20.0.7", "blocked_internal", Severity.MEDIUM, details={"refusal": {"layer": "unknown"}})
    for told in summary(mails=[]), summary(mails=[MAIL.replace("90", "9")]), summary([GOOD[0], other]):
        assert not told.is_as_expected
        assert "blocked paths   0 of 1 explained by the rule that denies them" in told.lines()
        assert "UNEXPLAINED: the rule that denies 10.20.0.7 (blocked_path)" in told.lines()
    assert not summary(mails=[MAIL.replace(DENIED.id, "another")]).is_as_expected


def test_an_owner_kind_that_is_named_too_rarely_is_lacking() -> None:
    lacking = NamedOwners(NAMED.kinds, NAMED.ends, Counter({HostKind.INSTANCE: 3}), Counter())
    told = summary(owners=lacking)
    assert not told.is_as_expected
    assert "LACKING: instance, 3 of 4 named" in told.lines()


def test_a_capture_gap_that_no_digest_contains_is_not_as_expected() -> None:
    aws = FakeAws({**COUNTED, "Lines": 3 + len(BAD_LINES)})
    skipped = {**record(OFFICE, NOON), "log-status": "SKIPDATA"}
    sent = sending(aws, office=[record(OFFICE, NOON), skipped, {**skipped, "interface-id": "eni-2"}])
    for digested, as_expected in ({"records_skipped": 2}, True), ({"records_skipped": 1, "host_sweep": 1}, False):
        seen = Summary(embedded(aws), sent, NAMED, [], [], digests=1, digested=digested)
        assert seen.is_as_expected is as_expected
        assert f"  gaps          {digested['records_skipped']} of 2 capture gaps (SKIPDATA) reported" in seen.lines()


def test_a_failed_call_of_the_emulated_aws_is_reported() -> None:
    told = summary(aws=FakeAws(COUNTED, failed=["PUT /bucket 500"]))
    assert not told.is_as_expected
    assert "FAILED CALL: PUT /bucket 500" in list(told.lines())


@pytest.mark.parametrize(
    "wrong",
    [
        {"Lines": COUNTED["Lines"] - 1},
        {"Lines": COUNTED["Lines"] + 1},
        {"RejectedLines": len(BAD_LINES) - 1},
        {"RejectedLines": len(BAD_LINES) + 1},
    ],
)
def test_a_wrong_count_of_lines_is_not_as_expected(wrong: dict[str, int]) -> None:
    told = summary(aws=FakeAws({**COUNTED, **wrong}))
    assert not told.is_as_expected
    assert list(told.lines())[-1] == "NOT AS EXPECTED"


def test_without_alerts_the_summary_says_none() -> None:
    told = list(summary([]).lines())
    assert "alerts          none" in told
    assert "record → alert  no alert arrived" in told


def test_a_finding_about_an_external_address_is_not_timed() -> None:
    """Its scope is not a VPC, so the delivery that caused it is unknown."""
    assert "record → alert  no alert arrived" in list(summary([finding("203.0.113.9", scope="public")]).lines())


def test_machines_get_a_line_for_each_alert_and_one_of_the_result() -> None:
    *alerts, last = [json.loads(line) for line in summary((GOOD[0],)).json_lines()]
    assert [(each["finding"]["id"], each["delivered_at"]) for each in alerts] == [(GOOD[0].id, 1_002.0)]
    result = last["result"]
    assert not result["is_as_expected"]
    assert result["missing"] == ["blocked_internal about 10.20.0.7"]
    assert (result["unexpected"], result["failed_calls"], result["digests"]) == ([], [], 1)
    assert json.loads(list(summary().json_lines())[-1])["result"]["is_as_expected"]
