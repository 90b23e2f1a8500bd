"""The template for member accounts: what it creates, whom its role trusts, and that the committed file is current."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from stacks.members.parameters import MAX_VPCS
from stacks.members.template import TEMPLATE, template_text
from stacks.ownership.describe_actions import DESCRIBE_ACTIONS, VPC_LINKS
from stacks.settings.deployment import Deployment
from stacks.settings.sources import FULL_LOG_FORMAT

CENTRAL, BUCKET, STACK = "111111111111", "flowsentry-flow-logs-logbucketcc3b17e8-example", "flowsentry-member"
FUNCTION_ROLE = f"arn:aws:iam::{CENTRAL}:role/flowsentry-inventory-eu-west-1"
REGION, OTHER_REGION = "eu-west-1", "us-west-2"
SETTINGS_PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
MAX_BODY_BYTES = 51_200
"""Of a template that StackSets gets in a call.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackSet.html"""


@pytest.fixture
def member(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account in memory with the central log bucket, which moto puts into the same account."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        boto3.client("s3", REGION).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        yield


def new_vpc(region: str = REGION) -> str:
    return str(boto3.client("ec2", region).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def put_stack(region: str = REGION, *, update: bool = False, **parameters: str) -> None:
    given = {"InventoryFunctionRoleArn": FUNCTION_ROLE, "LogBucket": BUCKET, "RoleRegion": REGION, **parameters}
    formation = boto3.client("cloudformation", region)
    put = formation.update_stack if update else formation.create_stack
    put(
        StackName=STACK,
        TemplateBody=TEMPLATE.read_text(),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )


def flow_logs(region: str = REGION) -> dict[str, Any]:
    """The flow logs by their resource."""
    described = boto3.client("ec2", region).describe_flow_logs()["FlowLogs"]
    return {each["ResourceId"]: each for each in described}


def role(name: str = "flowsentry-inventory") -> dict[str, Any]:
    return dict(boto3.client("iam", REGION).get_role(RoleName=name)["Role"])


def trust(**parameters: str) -> dict[str, Any]:
    put_stack(**parameters)
    (statement,) = role()["AssumeRolePolicyDocument"]["Statement"]
    return dict(statement)


@pytest.mark.slow
def test_the_template_in_the_repository_is_current() -> None:
    assert TEMPLATE.read_text() == template_text(), "run `make member-template` and read the difference"


def test_stack_sets_take_the_template_as_it_is() -> None:
    """No transform, which StackSets with service-managed permissions refuses, no asset and no parameter of the CDK."""
    template = json.loads(TEMPLATE.read_text())
    assert len(TEMPLATE.read_bytes()) < MAX_BODY_BYTES
    assert "Transform" not in template
    assert {each["Type"] for each in template["Resources"].values()} == {"AWS::IAM::Role", "AWS::EC2::FlowLog"}
    assert "BootstrapVersion" not in template["Parameters"]


def test_cfn_lint_reports_nothing_about_the_template() -> None:
    cfn_lint = str(Path(sys.executable).parent / "cfn-lint")
    command = [cfn_lint, "--non-zero-exit-code", "informational", "--", str(TEMPLATE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.usefixtures("member")
def test_every_vpc_that_is_named_is_logged_to_the_central_bucket() -> None:
    vpcs = [new_vpc(), new_vpc()]
    put_stack(VpcIds=",".join(vpcs))
    assert set(flow_logs()) == set(vpcs)
    for each in flow_logs().values():
        assert (each["LogDestinationType"], each["LogDestination"]) == ("s3", f"arn:aws:s3:::{BUCKET}")
        assert (each["TrafficType"], each["MaxAggregationInterval"]) == ("ALL", 60)
        assert each["LogFormat"] == FULL_LOG_FORMAT


@pytest.mark.usefixtures("member")
def test_without_vpcs_only_the_role_is_created() -> None:
    put_stack()
    assert flow_logs() == {}
    assert role()["Arn"].endswith(":role/flowsentry-inventory")


@pytest.mark.usefixtures("member")
def test_the_last_of_the_most_vpcs_is_logged() -> None:
    vpc = new_vpc()
    put_stack(VpcIds="," * (MAX_VPCS - 1) + vpc)
    assert set(flow_logs()) == {vpc}


@pytest.mark.usefixtures("member")
def test_a_vpc_that_is_added_or_taken_out_leaves_the_flow_logs_of_the_others() -> None:
    first, second, third = (new_vpc() for _ in range(3))
    put_stack(VpcIds=f"{first},{second}")
    before = flow_logs()
    put_stack(update=True, VpcIds=f"{first},{second},{third}")
    put_stack(update=True, VpcIds=f",{second},{third}")
    assert flow_logs()[second]["FlowLogId"] == before[second]["FlowLogId"]


@pytest.mark.usefixtures("member")
def test_a_second_region_has_flow_logs_and_no_second_role() -> None:
    put_stack()
    vpc = new_vpc(OTHER_REGION)
    put_stack(OTHER_REGION, VpcIds=vpc)
    assert set(flow_logs(OTHER_REGION)) == {vpc}
    outputs = boto3.client("cloudformation", OTHER_REGION).describe_stacks()["Stacks"][0].get("Outputs", [])
    assert outputs == []


def test_the_role_may_describe_what_the_inventory_describes_and_nothing_else() -> None:
    resource = json.loads(TEMPLATE.read_text())["Resources"]["InventoryRole"]["Properties"]
    (policy,) = resource["Policies"]
    describe, links = policy["PolicyDocument"]["Statement"]
    assert (set(describe["Action"]), describe["Resource"]) == (set(DESCRIBE_ACTIONS), "*")
    assert links["Action"] == VPC_LINKS
    assert links["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:apigateway:*::/vpclinks"}
    assert "ManagedPolicyArns" not in resource


@pytest.mark.usefixtures("member")
def test_the_role_trusts_the_role_of_the_inventory_function_and_no_other() -> None:
    statement = trust()
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{CENTRAL}:root"}
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": FUNCTION_ROLE}}


def test_the_trusted_role_is_that_which_the_central_deployment_creates() -> None:
    deployment = Deployment.from_context({"flowsentry": {"organization_id": "o-exampleorgid"}})
    assert FUNCTION_ROLE.endswith(f":role/{deployment.inventory_role_name('eu-west-1')}")
    assert f'{{"aws:PrincipalArn": "{FUNCTION_ROLE.replace(CENTRAL, "123456789012")}"}}' in SETTINGS_PAGE.read_text()


@pytest.mark.usefixtures("member")
def test_the_role_requires_the_external_id_that_is_given() -> None:
    assert trust(ExternalId="flowsentry")["Condition"]["StringEquals"] == {"sts:ExternalId": "flowsentry"}
