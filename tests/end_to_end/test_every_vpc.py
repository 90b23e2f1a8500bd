"""A source of all VPCs, deployed: today's VPCs, tomorrow's, exceptions, and what is left when the stack is deleted."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.aws.deployment.assembly import deploy_assembly
from local.aws.embedded import EmbeddedAws
from tests.end_to_end.account import synthesise

pytestmark = pytest.mark.slow
SETTINGS = {"flowsentry.sources": [{"all_vpcs": True, "destination": "s3", "except_tags": ["flow-logs=none"]}]}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    output = tmp_path_factory.mktemp("every") / "cdk.out"
    with EmbeddedAws.start() as aws:
        aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
        synthesise(SETTINGS, output)
        deploy_assembly(aws, output)
        aws.wait_until_quiet(60)
        yield aws


def vpcs(aws: EmbeddedAws) -> set[str]:
    return {each["VpcId"] for each in aws.client("ec2").describe_vpcs()["Vpcs"]}


def logged(aws: EmbeddedAws) -> set[str]:
    flow_logs: list[dict[str, Any]] = aws.client("ec2").describe_flow_logs()["FlowLogs"]
    assert {each["DeliverLogsStatus"] for each in flow_logs} <= {"SUCCESS"}
    return {each["ResourceId"] for each in flow_logs}


def test_every_vpc_is_logged_by_the_deployment_and_new_ones_by_the_schedule(aws: EmbeddedAws) -> None:
    """The function runs with its deployed role: a missing permission is a failure."""
    assert logged(aws) == vpcs(aws)
    new = aws.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    aws.fire_schedules("EveryVpc")
    aws.wait_until_quiet(60)
    assert new in logged(aws)
    aws.client("ec2").create_tags(Resources=[new], Tags=[{"Key": "flow-logs", "Value": "none"}])
    aws.fire_schedules("EveryVpc")
    aws.wait_until_quiet(60)
    assert logged(aws) == vpcs(aws) - {new}
    assert aws.failures() == []


def test_a_deleted_stack_leaves_no_flow_log(aws: EmbeddedAws) -> None:
    others = {"ResourceIds": sorted(vpcs(aws))[:1], "ResourceType": "VPC", "TrafficType": "ALL"}
    aws.client("s3").create_bucket(Bucket="of-others")
    destination = {"LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::of-others"}
    aws.client("ec2").create_flow_logs(**others, **destination)
    aws.client("cloudformation").delete_stack(StackName="flowsentry-processing")
    aws.wait_until_quiet(60)
    left = aws.client("ec2").describe_flow_logs()["FlowLogs"]
    assert [each["LogDestination"] for each in left] == ["arn:aws:s3:::of-others"]
    assert aws.failures() == []
