"""Each edit of the sources, deployed as an update into the emulated AWS, and undone by another."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.aws.deployment.assembly import put_stack
from local.aws.embedded import EmbeddedAws
from tests.stacks.edits import EDITS, GATEWAY, SUBNET, A, B, C, Edit, Resources

STACK = "flowsentry-flow-logs"


class Deployed:
    """The flow logs stack in an account with the resources that the edits name."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws, ec2 = aws, aws.client("ec2")
        vpcs = [ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"] for number in range(3)]
        subnet = ec2.create_subnet(VpcId=vpcs[0], CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
        self.ids = dict(zip((A, B, C, SUBNET, GATEWAY), (*vpcs, subnet, gateway), strict=True))

    def put(self, template: Resources) -> Resources:
        """Deploys a template, for the existing resources; returns its resources."""
        text = json.dumps({"Resources": template})
        for written, existing in self.ids.items():
            text = text.replace(written, existing)
        put_stack(self.aws, STACK, text)
        resources: Resources = json.loads(text)["Resources"]
        return resources

    def flow_logs(self) -> list[tuple[str, str, str]]:
        """(resource, format, type of destination) of every flow log that delivers."""
        described = self.aws.client("ec2").describe_flow_logs()["FlowLogs"]
        assert {each["DeliverLogsStatus"] for each in described} <= {"SUCCESS"}
        return sorted((each["ResourceId"], each["LogFormat"], each["LogDestinationType"]) for each in described)

    def prefixes(self) -> set[str]:
        """The key prefixes that flow logs deliver to."""
        described = self.aws.client("ec2").describe_flow_logs()["FlowLogs"]
        return {each["LogDestination"].partition("/")[2] for each in described if each["LogDestinationType"] == "s3"}

    def notices(self, prefixes: set[str]) -> set[str]:
        """The prefixes of which the queue is notified of a new object."""
        s3, sqs = self.aws.client("s3"), self.aws.client("sqs")
        bucket, queue = self.id_of("LogBucketCC3B17E8"), self.id_of("NoticesQueue8F17BA1B")
        for prefix in prefixes:
            s3.put_object(Bucket=bucket, Key=f"{prefix}AWSLogs/x.log.gz", Body=b"x")
        self.aws.wait_until_quiet(30)
        messages: list[Any] = []
        while received := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            messages += received
            for each in received:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
        records = [each for message in messages for each in json.loads(message["Body"]).get("Records", ())]
        return {each["s3"]["object"]["key"].replace("%2F", "/").partition("AWSLogs/")[0] for each in records}

    def id_of(self, logical_id: str) -> str:
        described = self.aws.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
        return str(next(each["PhysicalResourceId"] for each in described if each["LogicalResourceId"] == logical_id))


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    with EmbeddedAws.in_process() as aws:
        yield Deployed(aws)


def wanted(resources: Resources) -> list[tuple[str, str, str]]:
    flow_logs = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::EC2::FlowLog"]
    return sorted((each["ResourceId"], each["LogFormat"], each["LogDestinationType"]) for each in flow_logs)


@pytest.mark.slow
@pytest.mark.parametrize("edit", EDITS.values(), ids=[*EDITS])
def test_an_edit_is_deployed_as_an_update_and_undone_without_a_refusal_or_a_lost_notice(
    deployed: Deployed, edit: Edit
) -> None:
    """The state before an edit is itself an update of what the edit before has left."""
    old: set[str] = set()
    before, after = edit.resources()
    for template in (before, after, before):
        resources = deployed.put(template)
        assert deployed.flow_logs() == wanted(resources)
        new = deployed.prefixes()
        assert deployed.notices(old | new) == old | new
        old = new
    assert deployed.aws.failures() == []
