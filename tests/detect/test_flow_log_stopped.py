"""When a flow log counts as stopped: by silence, by AWS's delivery status, or because it is missing."""

from dataclasses import replace

import pytest

from flowsentry.detect.flow_log_stopped import MIN_FIRST_SECONDS, FlowLogCheck, flow_log_stopped
from flowsentry.findings.finding import Finding, Severity
from flowsentry.records.flow_logs import Activity, FlowLog, FlowLogHealth

NOW = 1_793_676_000
SILENT_SECONDS = 1_800
DAY = 86_400
VPC = "vpc-0123456789abcdef0"
FLOW_LOG = FlowLog("fl-1", VPC, "/flow-logs", NOW - 30 * DAY, name="flowsentry-flow-logs-web")
ALWAYS_RUNNING = NOW - 30 * DAY


def check(
    seen: int | None = None, running: int | None = ALWAYS_RUNNING, flow_log: FlowLog = FLOW_LOG, *, now: int = NOW
) -> FlowLogCheck:
    """A check of one flow log, whose newest records were processed `seen` seconds ago."""
    activity = None if seen is None else Activity(now - seen)
    return FlowLogCheck(now, SILENT_SECONDS, (FlowLogHealth(flow_log, activity, running),))


def states(given: FlowLogCheck) -> list[str]:
    return [finding.details["state"] for finding in flow_log_stopped(given)]


@pytest.mark.parametrize(("seen", "found"), [(SILENT_SECONDS, []), (SILENT_SECONDS + 1, ["silent"])])
def test_a_flow_log_is_silent_when_no_records_came_for_longer_than_allowed(seen: int, found: list[str]) -> None:
    assert states(check(seen)) == found


def test_without_anything_running_in_the_vpc_it_is_not_silent() -> None:
    assert states(check(10 * DAY, None)) == []


@pytest.mark.parametrize(("running", "found"), [(SILENT_SECONDS, []), (SILENT_SECONDS + 1, ["silent"])])
def test_what_has_just_started_has_the_same_time_for_its_first_records(running: int, found: list[str]) -> None:
    assert states(check(10 * DAY, NOW - running)) == found


@pytest.mark.parametrize(("age", "found"), [(MIN_FIRST_SECONDS, []), (MIN_FIRST_SECONDS + 1, ["silent"])])
def test_a_new_flow_log_has_an_hour_for_its_first_records(age: int, found: list[str]) -> None:
    assert states(check(flow_log=replace(FLOW_LOG, created_at=NOW - age))) == found


def test_a_new_flow_log_has_longer_where_silence_is_allowed_for_longer() -> None:
    created = replace(FLOW_LOG, created_at=NOW - 2 * MIN_FIRST_SECONDS)
    given = replace(check(flow_log=created), silent_seconds=3 * MIN_FIRST_SECONDS)
    assert states(replace(given, now=NOW)) == []


@pytest.mark.parametrize("traffic_type", ["ACCEPT", "REJECT"])
def test_a_flow_log_of_a_part_of_the_traffic_is_never_silent(traffic_type: str) -> None:
    assert states(check(10 * DAY, flow_log=replace(FLOW_LOG, traffic_type=traffic_type))) == []


def test_a_delivery_that_fails_is_found_while_other_records_arrive() -> None:
    [finding] = flow_log_stopped(check(60, flow_log=replace(FLOW_LOG, delivery_error="Rate limited")))
    assert (finding.details["state"], finding.details["delivery_error"]) == ("failed", "Rate limited")
    assert finding.severity is Severity.MEDIUM


def test_a_silent_flow_log_whose_delivery_fails_is_one_finding_with_the_reason() -> None:
    [finding] = flow_log_stopped(check(DAY, flow_log=replace(FLOW_LOG, delivery_error="Access error")))
    assert (finding.details["state"], finding.details["delivery_error"]) == ("silent", "Access error")


def test_a_missing_flow_log_is_high_and_has_its_technique() -> None:
    [finding] = flow_log_stopped(FlowLogCheck(NOW, SILENT_SECONDS, missing=(VPC,)))
    assert (finding.severity, finding.subject, finding.details["technique"]) == (Severity.HIGH, VPC, "T1562.008")


def found(given: FlowLogCheck) -> Finding:
    [finding] = flow_log_stopped(given)
    return finding


def test_a_silence_is_one_finding_until_records_arrive_again() -> None:
    activity = Activity(NOW - DAY)
    first, later = (
        found(FlowLogCheck(now, SILENT_SECONDS, (FlowLogHealth(FLOW_LOG, activity, ALWAYS_RUNNING),)))
        for now in (NOW, NOW + 10 * DAY)
    )
    next_silence = found(check(DAY, now=NOW + 20 * DAY))
    assert first.id == later.id != next_silence.id
    assert first.thread == later.thread == next_silence.thread


def test_a_missing_flow_log_is_a_finding_a_day_in_one_thread() -> None:
    given = FlowLogCheck(NOW, SILENT_SECONDS, missing=(VPC,))
    today, tomorrow = found(given), found(replace(given, now=NOW + DAY))
    assert (today.id != tomorrow.id, today.thread == tomorrow.thread) == (True, True)


def test_the_finding_names_the_vpc_the_flow_log_and_its_destination() -> None:
    finding = found(replace(check(DAY), names={VPC: "production"}))
    assert (finding.subject, finding.scope, finding.first_seen) == (VPC, VPC, NOW - DAY)
    assert finding.details["subject_owner"] == {"kind": "", "id": VPC, "name": "production"}
    assert finding.details["flow_log"] == "fl-1"
    assert finding.details["destination"] == "/flow-logs"


def test_a_finding_about_a_subnet_has_no_scope_of_addresses() -> None:
    assert found(check(DAY, flow_log=replace(FLOW_LOG, resource_id="subnet-1"))).scope == "unknown"
