"""The health of each flow log in the templates: alarms, what is covered, and the permissions of the check."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from stacks.settings.deployment import PARAMETER_BYTES, Deployment
from stacks.settings.reading import SettingsError
from tests.stacks.conftest import ATTACHMENT, BUSY_VPC, INTERFACE, OTHER_VPC, SUBNET, VPC
from tests.stacks.test_monitoring_stack import alarms

PropertiesOf = Callable[[str], dict[str, Any]]
NUMBERED = "vpc-{:017x}"


@pytest.mark.parametrize(
    ("name", "metric", "threshold"),
    [
        ("flow-log-silent", "SilentFlowLogs", 0),
        ("flow-log-failed", "FailedFlowLogs", 0),
        ("records-skipped", "SkippedRecordsPercent", 1),
    ],
)
def test_a_flow_log_that_is_not_well_triggers_an_alarm(
    properties_of: PropertiesOf, name: str, metric: str, threshold: int
) -> None:
    alarm = alarms(properties_of)[name]
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == (metric, "Maximum", threshold)
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "inventory"}]


def test_of_the_alarms_that_notify_themselves_only_rule_usage_notifies_without_data(
    properties_of: PropertiesOf,
) -> None:
    """Composite alarms tell of the others: see test_alarm_states.py."""
    without = {name for name, alarm in alarms(properties_of).items() if alarm.get("InsufficientDataActions")}
    assert without == {"rule-usage-behind"}
    assert {alarms(properties_of)[name]["TreatMissingData"] for name in without} == {"missing"}


@pytest.mark.parametrize("service", ["stream-processor", "object-processor", "inventory", "notifier"])
def test_a_function_throttled_for_fifteen_minutes_triggers_an_alarm(properties_of: PropertiesOf, service: str) -> None:
    alarm = alarms(properties_of)[f"throttled-{service}"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "Throttles", "Sum")
    assert alarm["Period"] * alarm["EvaluationPeriods"] == alarm["Period"] * alarm["DatapointsToAlarm"] == 15 * 60
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (0, "notBreaching")


def test_a_check_that_runs_seldom_has_a_value_in_each_period(synthesise: Callable[..., Any]) -> None:
    source = {"vpc_ids": [NUMBERED.format(1)], "destination": "s3"}
    made = synthesise({"sources": [source], "inventory_minutes": 20})["Monitoring"]["Resources"].values()
    periods = {
        each["Properties"]["Period"]
        for each in made
        if each["Properties"].get("MetricName") in {"SilentFlowLogs", "FailedFlowLogs", "SkippedRecordsPercent"}
    }
    assert periods == {20 * 60}


def coverage_of(templates: Mapping[str, Any]) -> str:
    """The value of the parameter as text; references are `<>`."""
    made = templates["FlowLogs"]["Resources"].values()
    [value] = [
        each["Properties"]["Value"]
        for each in made
        if each["Type"] == "AWS::SSM::Parameter" and each["Properties"]["Name"].endswith("/flow-log-coverage")
    ]
    parts = value["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else "<>" for part in parts)


def of_log_groups(templates: Mapping[str, Any]) -> list[str]:
    return [id_ for id_, each in templates["FlowLogs"]["Resources"].items() if each["Type"] == "AWS::Logs::LogGroup"]


def test_the_coverage_has_all_destinations_that_are_read_and_all_resources_of_the_sources(
    templates: Mapping[str, Any],
) -> None:
    covered = json.loads(coverage_of(templates))
    groups = [each for each in covered["destinations"] if each == "<>"]
    assert len(groups) == len({str(each) for each in of_log_groups(templates)})
    assert covered["destinations"] == [
        *groups,
        "/network/flow-logs",
        "/network/busy",
        "s3://<>/",
        "s3://central-flow-logs/logs/",
        "s3://central-firehose/",
    ]
    assert {VPC, OTHER_VPC, BUSY_VPC, SUBNET, INTERFACE, ATTACHMENT} == set(covered["resources"])


def deployment(vpcs: int, log_groups: int = 0, letters: int = 20) -> Deployment:
    source = {"vpc_ids": [NUMBERED.format(number) for number in range(vpcs)], "destination": "s3"}
    groups = [{"name": f"{number:0{letters}}"} for number in range(log_groups)]
    return Deployment.from_context({"flowsentry": {"sources": [source], "existing_log_groups": groups}})


@pytest.mark.parametrize(("vpcs", "checked"), [(300, 300), (335, 335), (336, 335), (450, 335)])
def test_as_many_vpcs_are_covered_as_have_room_in_the_parameter(vpcs: int, checked: int) -> None:
    resources = deployment(vpcs).checked_resources
    assert (len(resources), deployment(vpcs).unchecked_resources) == (checked, vpcs - checked)
    covered = {"destinations": ["x" * 100], "resources": list(resources)}
    assert len(json.dumps(covered, separators=(",", ":"))) < PARAMETER_BYTES  # as the CDK writes it


@pytest.mark.parametrize(("vpcs", "warned"), [(335, False), (336, True)])
def test_synth_warns_of_resources_without_room(vpcs: int, warned: bool) -> None:  # noqa: FBT001
    from aws_cdk import App  # noqa: PLC0415 - needs JSII_NODE, which conftest sets
    from aws_cdk.assertions import Annotations, Match  # noqa: PLC0415 - the same

    from stacks.sources.stack import FlowLogsStack  # noqa: PLC0415 - the same

    stack = FlowLogsStack(App(), "FlowLogs", deployment=deployment(vpcs))
    words = Match.string_like_regexp("1 resources have no room in the parameter with the coverage of flow logs.*")
    assert bool(Annotations.from_stack(stack).find_warning("*", words)) is warned


@pytest.mark.parametrize(("log_groups", "is_allowed"), [(77, True), (78, False)])
def test_names_of_log_groups_that_exceed_the_parameter_are_refused(log_groups: int, is_allowed: bool) -> None:  # noqa: FBT001
    if is_allowed:
        assert len(deployment(9, log_groups, 100).checked_resources) == 1
        return
    with pytest.raises(SettingsError, match="Read some of existing_log_groups"):
        deployment(1, log_groups, 100)


def test_the_inventory_function_may_read_activity_and_put_findings(templates: Mapping[str, Any]) -> None:
    made = templates["Processing"]["Resources"]
    [policy] = [
        json.dumps(each["Properties"]["PolicyDocument"])
        for id_, each in made.items()
        if each["Type"] == "AWS::IAM::Policy" and id_.startswith("OwnershipFunction") and "NoInterfaces" not in id_
    ]
    for action in ("dynamodb:Query", "dynamodb:PutItem", "ec2:DescribeFlowLogs", "ec2:DescribeInstances"):
        assert f'"{action}"' in policy
    assert "flow-log-coverage" in policy
    assert "suppressions/suppressions.json" in policy
