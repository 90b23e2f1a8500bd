"""A source of all VPCs: its function, what it may do, and what happens when the setting is removed."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.stacks.conftest import Synthesise
from tests.stacks.test_deployment import OTHER_VPC, VPC, read, refusal

EVERY = {"all_vpcs": True, "destination": "cloudwatch"}
SUBNET = "subnet-0123456789abcdef0"
Resources = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def to_logs(synthesise: Synthesise) -> Mapping[str, Any]:
    explicit = {"vpc_ids": [VPC], "destination": "cloudwatch"}
    every = {**EVERY, "except_vpc_ids": [OTHER_VPC], "except_tags": ["flow-logs=none"], "tags": {"team": "network"}}
    return synthesise({"sources": [explicit, every], "tags": {"cost-center": "4711"}})


@pytest.fixture(scope="module")
def to_s3(synthesise: Synthesise) -> Mapping[str, Any]:
    return synthesise({"sources": [{**EVERY, "destination": "s3", "on_removal": "keep"}]})


def of_kind(template: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {id_: each["Properties"] for id_, each in template["Resources"].items() if each["Type"] == kind}


def function_of(templates: Mapping[str, Any]) -> dict[str, Any]:
    functions = of_kind(templates["Processing"], "AWS::Lambda::Function").values()
    services = {each["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: each for each in functions}
    return dict(services["flow_log_creator"])


def statements_of(templates: Mapping[str, Any]) -> list[dict[str, Any]]:
    role = function_of(templates)["Role"]["Fn::GetAtt"][0]
    policies = of_kind(templates["Processing"], "AWS::IAM::Policy").values()
    (document,) = [each["PolicyDocument"] for each in policies if {"Ref": role} in each["Roles"]]
    return list(document["Statement"])


def test_the_function_leaves_out_exceptions_and_the_vpcs_of_other_sources(to_logs: Mapping[str, Any]) -> None:
    variables = function_of(to_logs)["Environment"]["Variables"]
    assert variables["EXCEPT_VPC_IDS"] == ",".join(sorted([VPC, OTHER_VPC]))
    assert (variables["EXCEPT_TAGS"], variables["FLOW_LOG_TAGS"]) == (
        "flow-logs=none",
        "application=flowsentry,cost-center=4711,team=network",
    )


def test_its_log_group_is_not_that_of_other_sources_so_that_a_vpc_can_move(to_logs: Mapping[str, Any]) -> None:
    """A VPC may have a flow log of the stack and one of the function at once, until the function deletes its own."""
    groups = of_kind(to_logs["FlowLogs"], "AWS::Logs::LogGroup")
    assert len(groups) == 2
    assert len(of_kind(to_logs["Processing"], "AWS::Logs::SubscriptionFilter")) == 2
    assert len(of_kind(to_logs["FlowLogs"], "AWS::EC2::FlowLog")) == 1


def test_it_may_delete_and_tag_only_flow_logs_of_its_deployment(to_logs: Mapping[str, Any]) -> None:
    conditions = [
        (action, statement.get("Condition"))
        for statement in statements_of(to_logs)
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if "vpc-flow-log" in json.dumps(statement["Resource"])
    ]
    ours = {"StringEquals": {"aws:ResourceTag/flowsentry:every-vpc": "flowsentry"}}
    assert conditions == [
        ("ec2:CreateFlowLogs", {"StringEquals": {"aws:RequestTag/flowsentry:every-vpc": "flowsentry"}}),
        ("ec2:CreateTags", {"StringEquals": {"ec2:CreateAction": "CreateFlowLogs"}}),
        ("ec2:CreateTags", ours),
        ("ec2:DeleteFlowLogs", ours),
    ]


def test_it_may_pass_only_the_delivery_role_to_flow_logs(to_logs: Mapping[str, Any], to_s3: Mapping[str, Any]) -> None:
    (passes,) = [each for each in statements_of(to_logs) if each["Action"] == "iam:PassRole"]
    assert passes["Condition"] == {"StringEquals": {"iam:PassedToService": "vpc-flow-logs.amazonaws.com"}}
    assert "deliveryrolearn" in json.dumps(passes["Resource"])
    assert "iam:PassRole" not in json.dumps(statements_of(to_s3))


def test_to_s3_it_may_create_log_deliveries_and_writes_under_its_prefix(to_s3: Mapping[str, Any]) -> None:
    assert "logs:CreateLogDelivery" in json.dumps(statements_of(to_s3))
    assert "/flow-logs/" in json.dumps(function_of(to_s3)["Environment"]["Variables"]["DESTINATION_ARN"])


@pytest.mark.parametrize(("name", "on_removal"), [("to_logs", "delete"), ("to_s3", "keep")])
def test_a_custom_resource_runs_it_on_each_change_and_on_removal(
    request: pytest.FixtureRequest, name: str, on_removal: str
) -> None:
    template = request.getfixturevalue(name)["Processing"]
    (custom,) = of_kind(template, "Custom::FlowLogsOfEveryVpc").values()
    assert custom["OnRemoval"] == on_removal
    assert custom["ServiceTimeout"] == "180"
    assert custom["DELIVERY_ID"]
    (id_,) = of_kind(template, "Custom::FlowLogsOfEveryVpc")
    (function,) = [each for each in template["Resources"][id_]["DependsOn"] if each.startswith("EveryVpcFunction")]
    assert any("Policy" in each for each in template["Resources"][function]["DependsOn"])


@pytest.mark.parametrize(("on_removal", "kept"), [("keep", True), ("delete", False)])
def test_the_delivery_role_is_kept_where_flow_logs_are(
    synthesise: Synthesise,
    on_removal: str,
    kept: bool,  # noqa: FBT001
) -> None:
    template = synthesise({"sources": [{**EVERY, "on_removal": on_removal}]})["FlowLogs"]
    (role,) = [each for id_, each in template["Resources"].items() if id_.startswith("DeliveryRole")]
    assert role.get("DeletionPolicy") == ("RetainExceptOnCreate" if kept else None)
    assert ("Description" in role["Properties"]) is kept
    assert role["Properties"]["Policies"]


def test_the_rule_is_deleted_before_the_custom_resource_deletes_the_flow_logs(to_logs: Mapping[str, Any]) -> None:
    """CloudFormation deletes a resource before those that it depends on. A run after that would create them again."""
    template = to_logs["Processing"]
    (custom,) = of_kind(template, "Custom::FlowLogsOfEveryVpc")
    (rule,) = [id_ for id_ in of_kind(template, "AWS::Events::Rule") if id_.startswith("EveryVpc")]
    assert custom in template["Resources"][rule]["DependsOn"]


def test_it_looks_for_new_vpcs_every_five_minutes(to_logs: Mapping[str, Any]) -> None:
    rules = of_kind(to_logs["Processing"], "AWS::Events::Rule")
    assert [each["ScheduleExpression"] for id_, each in rules.items() if id_.startswith("EveryVpc")] == [
        "rate(5 minutes)"
    ]


def test_its_errors_raise_an_alarm(to_logs: Mapping[str, Any], to_s3: Mapping[str, Any]) -> None:
    for templates in (to_logs, to_s3):
        names = {each["AlarmName"] for each in of_kind(templates["Monitoring"], "AWS::CloudWatch::Alarm").values()}
        assert "flowsentry-function-errors-flow-log-creator" in names


def test_without_the_setting_there_is_no_such_function(templates: Mapping[str, Any]) -> None:
    assert "flow_log_creator" not in json.dumps(templates["Processing"])


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ([{**EVERY, "vpc_ids": [VPC]}], "all_vpcs is true and resources are named; allowed: a source of its own"),
        ([EVERY, {**EVERY, "destination": "s3"}], "all_vpcs is true in 2 sources; allowed: in one"),
        (
            [{"vpc_ids": [VPC], "destination": "s3", "except_tags": ["x"]}],
            "except_vpc_ids and except_tags need all_vpcs; all_vpcs is false",
        ),
        (
            [EVERY, {"subnet_ids": [SUBNET], "destination": "s3"}],
            f"all_vpcs logs the VPC that {SUBNET} is inside of; allowed: that VPC in `inside`, and in except_vpc_ids",
        ),
        (
            [{**EVERY, "except_vpc_ids": [OTHER_VPC]}, {"subnet_ids": [SUBNET], "destination": "s3", "inside": [VPC]}],
            f"all_vpcs logs the VPC that {SUBNET} is inside of",
        ),
        (
            [{"vpc_ids": [VPC], "destination": "s3", "moves_to_all_vpcs": True}],
            "moves_to_all_vpcs is true; allowed: in a source with vpc_ids, beside one with all_vpcs",
        ),
        ([{**EVERY, "moves_to_all_vpcs": True}], "moves_to_all_vpcs is true; allowed: in a source with vpc_ids"),
        ([{**EVERY, "except_vpc_ids": ["vpc-x"]}], 'except_vpc_ids[0] is "vpc-x"; allowed: a VPC ID'),
        ([{**EVERY, "except_tags": ["a,b"]}], 'except_tags[0] is "a,b"; allowed: a tag key, or key=value'),
        (
            [{**EVERY, "except_vpc_ids": [f"vpc-{number:08x}" for number in range(61)]}],
            "all_vpcs leaves out 61 VPCs by id; allowed: 60, with those of other sources; leave out others by",
        ),
    ],
)
def test_what_all_vpcs_can_not_do_is_refused(sources: list[dict[str, Any]], words: str) -> None:
    assert words in refusal({"sources": sources})


def test_a_subnet_of_a_vpc_that_all_vpcs_leaves_out_is_accepted() -> None:
    part = {"subnet_ids": [SUBNET], "destination": "s3", "inside": [VPC]}
    assert read({"sources": [{**EVERY, "except_vpc_ids": [VPC]}, part]}).has_unknown_vpcs


def test_a_vpc_that_moves_to_all_vpcs_is_not_left_out_while_its_own_source_still_logs_it() -> None:
    """One deployment with both flow logs, which differ in their log groups, and one without the first: no gap."""
    sources = [EVERY, *({"vpc_ids": [each], "destination": "cloudwatch"} for each in (VPC, OTHER_VPC))]
    assert read({"sources": sources}).vpcs_of_other_sources == {VPC, OTHER_VPC}
    moving = read({"sources": [*sources[:2], {**sources[2], "moves_to_all_vpcs": True}]})
    assert moving.vpcs_of_other_sources == {VPC}
    assert moving.vpc_ids == tuple(sorted([VPC, OTHER_VPC]))
    assert len(moving.log_groups) == 2


def test_vpcs_that_move_to_all_vpcs_are_not_counted_among_those_that_are_left_out() -> None:
    moving = {"vpc_ids": [f"vpc-{number:08x}" for number in range(61)], "destination": "s3", "moves_to_all_vpcs": True}
    read({"sources": [EVERY, moving]})


def test_sixty_vpcs_can_be_left_out_by_id() -> None:
    read({"sources": [{**EVERY, "except_vpc_ids": [f"vpc-{number:08x}" for number in range(60)]}]})
