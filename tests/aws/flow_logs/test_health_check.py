"""The scheduled check of flow logs, with simulated time: which flow logs it asks about, names and counts."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from flowsentry import telemetry
from flowsentry.aws.flow_logs.health_check import MAX_ASKED, MIN_RECORDS, HealthCheck, uncovered_vpcs
from flowsentry.findings.finding import Finding
from flowsentry.findings.suppressions import Suppression, Suppressions
from flowsentry.in_memory import FindingsInMemory
from flowsentry.inventory.inventory import Interface, Inventory, TargetState
from flowsentry.records.flow_logs import Activity, Coverage, FlowLog
from tests.lambdas.conftest import metrics_in

START = 1_793_676_000
MINUTE, HOUR, DAY = 60, 3_600, 86_400
HOME, AWAY = "123456789012/eu-west-1", "210987654321/eu-west-1"
VPCS = [f"vpc-{number}" for number in range(10)]


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeTarget:
    """An account and Region: since when something runs in its resources, and their names."""

    target: str = HOME
    running: dict[str, float] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def running_since(self, resource_id: str) -> float | None:
        self.asked.append(resource_id)
        return self.running.get(resource_id)

    def names_of(self, resource_ids: Iterable[str]) -> dict[str, str]:
        return {each: self.names[each] for each in resource_ids if each in self.names}


@dataclass
class FakeActivity:
    rows: dict[str, Activity] = field(default_factory=dict)

    def newest(self, flow_log_ids: Iterable[str]) -> dict[str, Activity]:
        return {each: self.rows[each] for each in flow_log_ids if each in self.rows}


@dataclass
class World:
    """Ten VPCs, each with a flow log that was deployed at START and something that runs since long before."""

    clock: Clock = field(default_factory=Clock)
    activity: FakeActivity = field(default_factory=FakeActivity)
    findings: FindingsInMemory = field(default_factory=FindingsInMemory)
    home: FakeTarget = field(default_factory=lambda: FakeTarget(running=dict.fromkeys(VPCS, START - DAY)))
    suppressions: Suppressions = field(default_factory=Suppressions)
    flow_logs: list[FlowLog] | None = field(default_factory=lambda: [flow_log(each) for each in VPCS])
    coverage: Coverage = field(default_factory=lambda: Coverage(frozenset({"/flow-logs"})))

    def heard(self, *vpc_ids: str, records: int = 100, skipped: int = 0) -> None:
        """Records of these VPCs were processed now."""
        for each in vpc_ids:
            self.activity.rows[f"fl-{each}"] = Activity(int(self.clock.now), records, skipped)

    def check(self) -> list[Finding]:
        unused = cast("Any", None)
        check = HealthCheck(self.activity, self.findings, lambda: self.suppressions, unused, 30 * MINUTE, self.clock)
        state = TargetState(int(self.clock.now), 1, flow_logs=None if self.flow_logs is None else tuple(self.flow_logs))
        return check.run(Inventory(target_states={HOME: state}), [self.home], self.coverage)


def reports(printed: str, report: str) -> list[dict[str, Any]]:
    """The lines of one report."""
    return [json.loads(line) for line in printed.splitlines() if line.startswith(f'{{"report":"{report}"')]


def flow_log(vpc_id: str, created_at: int = START, **changed: str) -> FlowLog:
    return replace(FlowLog(f"fl-{vpc_id}", vpc_id, "/flow-logs", created_at), **changed)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def no_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "inventory")
    telemetry.metrics.cache_clear()
    telemetry.metrics().clear_metrics()


@pytest.fixture
def world() -> World:
    return World()


def emitted(name: str) -> list[float]:
    """The values of a metric since the last call."""
    printed: Mapping[str, Any] = telemetry.metrics().metric_set
    values = list(printed.get(name, {}).get("Value", []))
    telemetry.metrics().clear_metrics()
    return values


def test_one_of_ten_vpcs_that_falls_silent_is_named_and_the_others_are_not(world: World) -> None:
    world.home.names = {VPCS[3]: "production"}
    for minute in range(0, 120, 5):
        world.clock.now = START + minute * MINUTE
        world.heard(*(each for each in VPCS if each != VPCS[3] or minute <= 60))
        found = world.check()
        assert [each.subject for each in found] == ([VPCS[3]] if minute > 90 else [])
        assert emitted("SilentFlowLogs") == [len(found)]
    assert found[0].details["subject_owner"]["name"] == "production"
    assert found[0].first_seen == START + 60 * MINUTE
    assert [each.subject for each in world.findings.findings.values()] == [VPCS[3]]


def test_a_first_deployment_does_not_ring_before_data_can_be_there(world: World) -> None:
    for minute in range(0, 61, 5):
        world.clock.now = START + minute * MINUTE
        assert world.check() == []
        assert emitted("SilentFlowLogs") == [0]


def test_a_flow_log_that_never_delivered_is_found_after_an_hour(world: World) -> None:
    world.clock.now = START + HOUR + 1
    world.heard(*VPCS[1:])
    assert [(each.subject, each.details["has_delivered"]) for each in world.check()] == [(VPCS[0], False)]


def test_a_vpc_whose_instances_are_stopped_at_night_is_not_silent_until_they_run_again(world: World) -> None:
    world.heard(*VPCS)
    night = START + 8 * HOUR
    world.clock.now = night
    world.heard(*VPCS[1:])
    del world.home.running[VPCS[0]]
    assert world.check() == []
    world.home.running[VPCS[0]] = night
    world.clock.now = night + 30 * MINUTE
    world.heard(*VPCS[1:])
    assert world.check() == []
    world.clock.now += 1
    assert [each.subject for each in world.check()] == [VPCS[0]]


def test_only_quiet_flow_logs_are_asked_about(world: World) -> None:
    world.heard(*VPCS)
    world.clock.now = START + 31 * MINUTE
    world.heard(*VPCS[2:])
    world.check()
    assert sorted(world.home.asked) == VPCS[:2]


def test_of_very_many_quiet_flow_logs_those_quiet_for_longest_are_asked_about(world: World) -> None:
    vpcs = [f"vpc-{number:03}" for number in range(MAX_ASKED + 20)]
    world.flow_logs = [flow_log(each, START - number) for number, each in enumerate(vpcs)]
    world.clock.now = START + 2 * HOUR
    world.check()
    assert set(world.home.asked) == set(vpcs[20:])


def test_flow_logs_that_the_deployment_does_not_read_are_ignored(world: World) -> None:
    world.flow_logs = [flow_log("vpc-others", destination="/of-others", delivery_error="Access error")]
    world.clock.now = START + DAY
    assert world.check() == []


def test_a_failed_delivery_is_found_with_the_reason_of_aws(world: World) -> None:
    world.heard(*VPCS)
    world.flow_logs = [flow_log(VPCS[0], delivery_error="Access error"), *map(flow_log, VPCS[1:])]
    [finding] = world.check()
    assert finding.details["delivery_error"] == "Access error"
    assert emitted("FailedFlowLogs") == [1]


def test_a_deleted_flow_log_of_the_deployment_is_found(world: World) -> None:
    world.heard(*VPCS)
    world.coverage = Coverage(frozenset({"/flow-logs"}), tuple(VPCS))
    world.flow_logs = [flow_log(each) for each in VPCS[1:]]
    [finding] = world.check()
    assert (finding.subject, finding.details["state"]) == (VPCS[0], "missing")
    assert emitted("SilentFlowLogs") == [1]


def test_while_flow_logs_can_not_be_described_none_is_missing(world: World) -> None:
    world.coverage = Coverage(frozenset({"/flow-logs"}), tuple(VPCS))
    world.flow_logs = None
    assert world.check() == []


def test_a_suppressed_finding_is_stored_and_raises_no_alarm(world: World) -> None:
    world.suppressions = Suppressions((Suppression(reason="moved", owners=frozenset(VPCS)),))
    world.clock.now = START + 2 * HOUR
    assert {each.suppressed_by for each in world.check()} == {"moved"}
    assert emitted("SilentFlowLogs") == [0]


def test_a_second_check_puts_no_finding_twice(world: World) -> None:
    world.clock.now = START + 2 * HOUR
    world.check()
    world.clock.now += 5 * MINUTE
    world.check()
    assert len(world.findings.findings) == len(VPCS)


@pytest.mark.parametrize(
    ("records", "skipped", "percent"),
    [(MIN_RECORDS - 20, 20, [2.0]), (MIN_RECORDS - 21, 20, [0.1]), (10_000, 0, [0.1])],
)
def test_the_highest_share_of_skipped_records_is_that_of_a_flow_log_with_enough_records(
    world: World, records: int, skipped: int, percent: list[float]
) -> None:
    world.heard(*VPCS[1:], records=99_900, skipped=100)
    world.heard(VPCS[0], records=records, skipped=skipped)
    world.check()
    assert emitted("SkippedRecordsPercent") == pytest.approx(percent)


@pytest.mark.parametrize(("destination", "subjects"), [("s3://central/", ["vpc-away"]), ("/flow-logs", [])])
def test_a_target_of_another_account_is_checked_with_its_own_role_where_it_delivers_to_a_bucket(
    world: World, destination: str, subjects: list[str]
) -> None:
    """A log group of the same name in another account or Region is not the one that is read."""
    away = FakeTarget(AWAY, {"vpc-away": START - DAY}, {"vpc-away": "theirs"})
    theirs = (flow_log("vpc-away", destination=destination),)
    states = {HOME: TargetState(START, 1, flow_logs=()), AWAY: TargetState(START, 1, flow_logs=theirs)}
    check = HealthCheck(
        world.activity, world.findings, Suppressions, cast("Any", None), 30 * MINUTE, lambda: START + 2 * HOUR
    )
    coverage = Coverage(frozenset({"/flow-logs", "s3://central/"}))
    found = check.run(Inventory(target_states=states), [world.home, away], coverage)
    assert [(each.subject, each.details["subject_owner"]["name"]) for each in found] == [
        (each, "theirs") for each in subjects
    ]
    assert (world.home.asked, away.asked) == ([], subjects)


def interface(vpc_id: str, subnet_id: str) -> Interface:
    return Interface(f"eni-{vpc_id}", vpc_id, subnet_id, "", ("10.0.0.1",), (), "instance", "i-1", "web")


def test_a_vpc_with_interfaces_and_without_a_flow_log_that_is_read_is_uncovered() -> None:
    rows = [interface("vpc-1", "subnet-1"), interface("vpc-2", "subnet-2"), interface("vpc-3", "subnet-3")]
    assignments = Inventory.of(rows).assignments
    flow_logs = (
        flow_log("vpc-1"),
        replace(flow_log("vpc-2"), resource_id="subnet-2"),
        flow_log("vpc-3", destination="/other"),
    )
    known = Inventory(assignments, {"": TargetState(START, 1, {"vpc-4": ()}, flow_logs=flow_logs)})
    coverage = Coverage(frozenset({"/flow-logs"}))
    assert uncovered_vpcs(known, "", coverage) == ["vpc-3"]
    assert uncovered_vpcs(known, "elsewhere", coverage) == ["vpc-1", "vpc-2", "vpc-3"]
    undescribed = Inventory(assignments, {"": TargetState(START, 1)})
    assert uncovered_vpcs(undescribed, "", coverage) == []


def test_the_metrics_of_the_check_are_printed_also_at_zero(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.heard(*VPCS)
    world.check()
    telemetry.metrics().flush_metrics()
    printed = {name for line in metrics_in(capsys.readouterr().out) for name in line}
    assert printed >= {"SilentFlowLogs", "FailedFlowLogs", "SkippedRecordsPercent", "VpcsWithoutFlowLog"}


def test_a_new_finding_is_a_log_line_and_a_known_one_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    world.clock.now += 2 * HOUR
    world.heard(*VPCS[1:])
    world.check()
    printed = capsys.readouterr().out
    (line,) = reports(printed, "finding")
    assert [each["resource"] for each in reports(printed, "flow_logs")[0]["flow_logs"]] == VPCS
    assert (line["kind"], line["relation"], line["subject"]) == ("flow_log_stopped", "silent", "vpc-0")
    world.check()
    assert reports(capsys.readouterr().out, "finding") == []
