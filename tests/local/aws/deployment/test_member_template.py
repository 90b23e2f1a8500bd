"""The template for member accounts in the embedded AWS, which refuses flow logs that the central bucket does not admit.

The embedded AWS has one account, which is the member and owns the central bucket.
"""

import json
from typing import Any
from uuid import uuid4

import pytest

from local.aws.embedded import EmbeddedAws
from stacks.members.template import TEMPLATE


class Member:
    """A stack of the template with a unique name, and the central bucket."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.name = f"member-{uuid4().hex[:8]}"
        self.bucket = f"central-{uuid4().hex[:8]}"
        aws.client("s3").create_bucket(Bucket=self.bucket)

    def admit(self, account: str) -> None:
        """Sets the policy of the bucket as a central deployment with this member does."""
        delivery = {"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}}
        arn = f"arn:aws:s3:::{self.bucket}"
        of_member = {
            "StringEquals": {"aws:SourceAccount": [account]},
            "ArnLike": {"aws:SourceArn": [f"arn:aws:logs:*:{account}:*"]},
        }
        write = {"Sid": "MemberDeliveryWrite", "Action": "s3:PutObject", "Resource": f"{arn}/AWSLogs/*"}
        check = {"Sid": "MemberDeliveryCheck", "Action": ["s3:GetBucketAcl", "s3:ListBucket"], "Resource": arn}
        statements = [{**delivery, **each, "Condition": of_member} for each in (write, check)]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.aws.client("s3").put_bucket_policy(Bucket=self.bucket, Policy=policy)

    def vpc(self) -> str:
        return str(self.aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])

    def put(self, *vpc_ids: str, **parameters: str) -> str:
        """Creates or updates the stack; returns its status."""
        formation = self.aws.client("cloudformation")
        given = {
            "InventoryFunctionRoleArn": "arn:aws:iam::111111111111:role/flowsentry-inventory-eu-west-1",
            "DeploymentName": self.name,
            "LogBucket": self.bucket,
            "RoleRegion": self.aws.region,
            "VpcIds": ",".join(vpc_ids),
            **parameters,
        }
        exists = any(each["StackName"] == self.name for each in formation.describe_stacks()["Stacks"])
        put = formation.update_stack if exists else formation.create_stack
        put(
            StackName=self.name,
            TemplateBody=TEMPLATE.read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        return str(formation.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"])

    def flow_logs(self) -> dict[str, Any]:
        """{VPC: flow log id} of the flow logs to the central bucket."""
        described = self.aws.client("ec2").describe_flow_logs()["FlowLogs"]
        return {each["ResourceId"]: each["FlowLogId"] for each in described if self.bucket in each["LogDestination"]}


@pytest.fixture
def member(aws: EmbeddedAws) -> Member:
    return Member(aws)


def test_a_bucket_that_admits_the_member_gets_its_flow_logs(member: Member) -> None:
    member.admit(member.aws.account)
    vpcs = [member.vpc(), member.vpc()]
    assert member.put(*vpcs) == "CREATE_COMPLETE"
    assert set(member.flow_logs()) == set(vpcs)


def test_a_bucket_that_admits_others_only_fails_the_stack_and_leaves_nothing(member: Member) -> None:
    member.admit("999999999999")
    assert member.put(member.vpc()) == "ROLLBACK_COMPLETE"
    assert member.flow_logs() == {}


def test_vpcs_are_added_and_taken_out_without_a_change_of_the_others(member: Member) -> None:
    member.admit(member.aws.account)
    first, second, third = (member.vpc() for _ in range(3))
    member.put(first, second)
    before = member.flow_logs()
    assert member.put("", second, third) == "UPDATE_COMPLETE"
    assert set(member.flow_logs()) == {second, third}
    assert member.flow_logs()[second] == before[second]


def test_vpcs_that_change_places_fail_the_update_and_lose_no_flow_log(member: Member) -> None:
    member.admit(member.aws.account)
    first, second = member.vpc(), member.vpc()
    member.put(first, second)
    assert member.put(second, first) == "UPDATE_ROLLBACK_COMPLETE"
    assert set(member.flow_logs()) == {first, second}


def test_another_format_fails_the_update_until_the_list_is_emptied(member: Member) -> None:
    member.admit(member.aws.account)
    vpc = member.vpc()
    member.put(vpc)
    assert member.put(vpc, FileFormat="parquet") == "UPDATE_ROLLBACK_COMPLETE"
    assert member.put() == "UPDATE_COMPLETE"
    assert member.put(vpc, FileFormat="parquet") == "UPDATE_COMPLETE"
    assert set(member.flow_logs()) == {vpc}
