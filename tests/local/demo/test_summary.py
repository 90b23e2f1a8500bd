"""The verdict of a demonstration: what is missing, what nobody asked for, and whether every line is accounted for."""

from collections import Counter
from collections.abc import Sequence

import pytest

from flowsentry.findings.explanation import Layer
from flowsentry.findings.finding import Finding, Severity
from local.demo.named_owners import NamedOwners
from local.demo.sending import BAD_LINES
from local.demo.summary import Summary
from local.traffic.company.network import HostKind, WayIn
from local.traffic.expectation import ExpectedAlert, RefusedBy
from tests.local.demo.fakes import NOON, OFFICE, FakeAws, embedded, finding, record, sending

SCAN = ExpectedAlert("port_scan", "10.20.0.9", Severity.MEDIUM, WayIn.S3, "vertical_scan")
RULE = RefusedBy(Layer.NETWORK_ACL, ("rule 90",))
BLOCKED = ExpectedAlert("blocked_internal", "10.20.0.7", Severity.MEDIUM, WayIn.S3, "blocked_path", RULE)
TOLD = {"refusal": {"layer": "network_acl"}, "subject_owner": {"name": "mail"}, "responder": "10.20.0.9"}
REFUSED = finding("10.20.0.7", "blocked_internal", Severity.MEDIUM, details=TOLD)
GOOD = (finding("10.20.0.9"), REFUSED)
MAIL = f"Denied    by network ACL acl-1: rule 90 denies tcp/5432\n\nFinding {REFUSED.id} (blocked_internal, medium)"
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


def test_when_all_is_as_it_should_be_it_says_so() -> None:
    told = summary()
    assert told.is_as_expected
    assert list(told.lines()) == [
        "",
        "records in      5 of 5 sent",
        "  traffic       2, of which 1 rejected by a rule",
        "  no traffic    0 NODATA, 0 SKIPDATA",
        "  bad lines     3 of 3 put in",
        "owners named    100.0 % of 4 own addresses in the enriched rows",
        "  1 kinds      instance 4",
        "alerts          port_scan (high) 1, blocked_internal (medium) 1",
        "blocked paths   1 of 1 explained by the rule that refuses them",
        "  mail → 10.20.0.9: denied by network ACL acl-1: rule 90 denies tcp/5432",
        "quiet           6 findings in 1 digest",
        "  gaps          0 of 0 interfaces and hours with SKIPDATA told",
        "record → alert  median 2.5 s, longest 3.0 s",
        "every alert of 2 scenarios came, and no other",
    ]


def test_an_alert_that_did_not_come_is_missed() -> None:
    told = summary(GOOD[:1])
    assert (told.missing, told.is_as_expected) == ([BLOCKED], False)
    assert "MISSING: blocked_internal about 10.20.0.7 (blocked_path)" in list(told.lines())
    assert list(told.lines())[-1] == "NOT as it should be"


def test_an_alert_that_came_too_quiet_is_missed() -> None:
    quiet = finding("10.20.0.9", severity=Severity.LOW)
    told = summary([quiet, GOOD[1]])
    assert (told.missing, told.unexpected, told.is_as_expected) == ([SCAN], [quiet], False)


def test_a_quiet_alert_that_no_digest_told_is_missed() -> None:
    quiet = ExpectedAlert("blocked_egress", "10.20.0.7", Severity.LOW, WayIn.S3, "no_way_out", RULE)
    sent = sending(FakeAws(COUNTED), [quiet, quiet], office=[record(OFFICE, NOON), record(OFFICE, NOON + 60)])
    for told, missing in ({"blocked_egress": 2}, []), ({"blocked_egress": 1, "host_sweep": 9}, [quiet, quiet]):
        seen = Summary(embedded(FakeAws(COUNTED)), sent, NAMED, [], [], digests=1, told_in_digests=told)
        assert (seen.missing, seen.is_as_expected) == (missing, not missing)


def test_an_alert_that_no_scenario_calls_for_is_unexpected() -> None:
    stranger = finding("10.20.0.99", "host_sweep")
    told = summary([*GOOD, stranger])
    assert (told.unexpected, told.is_as_expected) == ([stranger], False)
    assert "UNEXPECTED: 10.20.0.99 does a host_sweep (host_sweep)" in list(told.lines())


def test_a_blocked_path_whose_rule_nobody_was_told_is_told() -> None:
    """Not in the e-mail, or another layer, or of another finding."""
    other = finding("10.20.0.7", "blocked_internal", Severity.MEDIUM, details={"refusal": {"layer": "unknown"}})
    for told in summary(mails=[]), summary(mails=[MAIL.replace("90", "9")]), summary([GOOD[0], other]):
        assert not told.is_as_expected
        assert "blocked paths   0 of 1 explained by the rule that refuses them" in told.lines()
        assert "UNEXPLAINED: what refuses 10.20.0.7 (blocked_path)" in told.lines()
    assert not summary(mails=[MAIL.replace(REFUSED.id, "another")]).is_as_expected


def test_owners_that_are_not_named_as_often_as_they_should_be_are_told() -> None:
    lacking = NamedOwners(NAMED.kinds, NAMED.ends, Counter({HostKind.INSTANCE: 3}), Counter())
    told = summary(owners=lacking)
    assert not told.is_as_expected
    assert "LACKING: instance, 3 of 4 named" in told.lines()


def test_a_gap_in_the_logs_that_no_digest_told_is_told() -> None:
    aws = FakeAws({**COUNTED, "Lines": 3 + len(BAD_LINES)})
    left_out = {**record(OFFICE, NOON), "log-status": "SKIPDATA"}
    sent = sending(aws, office=[record(OFFICE, NOON), left_out, {**left_out, "interface-id": "eni-2"}])
    for told, as_expected in ({"records_skipped": 2}, True), ({"records_skipped": 1, "host_sweep": 1}, False):
        seen = Summary(embedded(aws), sent, NAMED, [], [], digests=1, told_in_digests=told)
        assert seen.is_as_expected is as_expected
        assert f"  gaps          {told['records_skipped']} of 2 interfaces and hours with SKIPDATA told" in seen.lines()


def test_a_failure_underneath_is_told() -> None:
    told = summary(aws=FakeAws(COUNTED, failed=["PUT /bucket 500"]))
    assert not told.is_as_expected
    assert "FAILED underneath: PUT /bucket 500" in list(told.lines())


@pytest.mark.parametrize(
    "wrong",
    [
        {"Lines": COUNTED["Lines"] - 1},
        {"Lines": COUNTED["Lines"] + 1},
        {"RejectedLines": len(BAD_LINES) - 1},
        {"RejectedLines": len(BAD_LINES) + 1},
    ],
)
def test_a_line_that_is_not_accounted_for_is_told(wrong: dict[str, int]) -> None:
    told = summary(aws=FakeAws({**COUNTED, **wrong}))
    assert not told.is_as_expected
    assert list(told.lines())[-1] == "NOT as it should be"


def test_without_any_alert_it_says_so() -> None:
    told = list(summary([]).lines())
    assert "alerts          none" in told
    assert "record → alert  no alert came" in told


def test_a_finding_about_an_address_outside_is_not_timed() -> None:
    """Its scope is no network, so it may have come through any."""
    assert "record → alert  no alert came" in list(summary([finding("203.0.113.9", scope="public")]).lines())
