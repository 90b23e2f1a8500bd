"""Stacks are created, updated and rolled back in AWS's order."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.deployment.assembly import put_stack
from local.aws.deployment.deploy import DeployError
from local.aws.embedded import EmbeddedAws

TOPIC, QUEUE = {"Type": "AWS::SNS::Topic"}, {"Type": "AWS::SQS::Queue"}
REFUSED = {
    "Type": "AWS::Lambda::Permission",
    "Properties": {"FunctionName": "nothing", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"},
}
"""A resource that AWS refuses to create: its function does not exist."""


def last(resource: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**resource, "DependsOn": list(names)}


def named(resource: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {**resource, "Properties": properties}


class Stack:
    """A stack with a unique name."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.name = f"stack-{uuid4().hex[:8]}"

    def put(self, **resources: Any) -> None:
        put_stack(self.aws, self.name, json.dumps({"Resources": resources}))

    @property
    def status(self) -> str:
        [stack] = self.aws.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return str(stack["StackStatus"])

    def ids(self) -> dict[str, str]:
        described = self.aws.client("cloudformation").describe_stack_resources(StackName=self.name)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in described}


def topics(aws: EmbeddedAws) -> set[str]:
    return {each["TopicArn"] for each in aws.client("sns").list_topics()["Topics"]}


@pytest.fixture
def stack(aws: EmbeddedAws) -> Iterator[Stack]:
    before = len(aws.failures())
    yield Stack(aws)
    assert aws.failures()[before:] == []


def test_a_refused_resource_rolls_back_a_new_stack(aws: EmbeddedAws, stack: Stack) -> None:
    before = topics(aws)
    with pytest.raises(DeployError, match=r"Refused \(AWS::Lambda::Permission\): .*Function not found"):
        stack.put(Topic=TOPIC, Refused=last(REFUSED, "Topic"))
    assert (stack.status, stack.ids(), topics(aws)) == ("ROLLBACK_COMPLETE", {}, before)


@pytest.mark.parametrize(("policy", "kept"), [("Delete", 0), ("Retain", 1), ("RetainExceptOnCreate", 0)])
def test_a_rolled_back_creation_keeps_only_resources_with_the_policy_retain(
    aws: EmbeddedAws, stack: Stack, policy: str, kept: int
) -> None:
    before = topics(aws)
    with pytest.raises(DeployError):
        stack.put(Topic={**TOPIC, "DeletionPolicy": policy}, Refused=last(REFUSED, "Topic"))
    assert len(topics(aws) - before) == kept


@pytest.mark.parametrize(("policy", "kept"), [("Delete", 0), ("Retain", 1), ("RetainExceptOnCreate", 1)])
def test_a_deleted_stack_keeps_retained_resources(aws: EmbeddedAws, stack: Stack, policy: str, kept: int) -> None:
    before = topics(aws)
    stack.put(Topic={**TOPIC, "DeletionPolicy": policy})
    aws.client("cloudformation").delete_stack(StackName=stack.name)
    assert len(topics(aws) - before) == kept


def test_a_stack_whose_creation_was_rolled_back_cannot_be_updated_and_is_deployed_anew(
    aws: EmbeddedAws, stack: Stack
) -> None:
    with pytest.raises(DeployError):
        stack.put(Topic=TOPIC, Refused=last(REFUSED, "Topic"))
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        aws.client("cloudformation").update_stack(StackName=stack.name, TemplateBody='{"Resources": {}}')
    stack.put(Topic=TOPIC)
    assert stack.status == "CREATE_COMPLETE"


def test_a_refused_resource_rolls_back_an_update(aws: EmbeddedAws, stack: Stack) -> None:
    stack.put(Topic=named(TOPIC, DisplayName="old"), Removed=QUEUE)
    before = stack.ids()
    with pytest.raises(DeployError):
        stack.put(Topic=named(TOPIC, DisplayName="new"), Added=QUEUE, Refused=last(REFUSED, "Topic", "Added"))
    described = aws.client("sns").get_topic_attributes(TopicArn=before["Topic"])["Attributes"]
    assert (stack.status, stack.ids(), described["DisplayName"]) == ("UPDATE_ROLLBACK_COMPLETE", before, "old")
    assert not [url for url in aws.client("sqs").list_queues()["QueueUrls"] if f"{stack.name}-Added" in url]
    stack.put(Topic=named(TOPIC, DisplayName="new"))
    assert (stack.status, set(stack.ids())) == ("UPDATE_COMPLETE", {"Topic"})


def test_a_refused_resource_restores_replaced_ones(aws: EmbeddedAws, stack: Stack) -> None:
    stack.put(Topic=named(TOPIC, TopicName=f"{stack.name}-old"))
    before = stack.ids()
    with pytest.raises(DeployError):
        stack.put(Topic=named(TOPIC, TopicName=f"{stack.name}-new"), Refused=last(REFUSED, "Topic"))
    assert stack.ids() == before
    assert {arn.rpartition(":")[2] for arn in topics(aws) if stack.name in arn} == {f"{stack.name}-old"}


def test_a_property_that_cannot_change_replaces_the_resource_and_updates_what_refers_to_it(
    aws: EmbeddedAws, stack: Stack
) -> None:
    parameter = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Name": stack.name, "Type": "String", "Value": {"Ref": "Topic"}},
    }
    stack.put(Topic=named(TOPIC, TopicName=f"{stack.name}-old"), Parameter=parameter)
    stack.put(Topic=named(TOPIC, TopicName=f"{stack.name}-new"), Parameter=parameter)
    value = aws.client("ssm").get_parameter(Name=stack.ids()["Parameter"])["Parameter"]["Value"]
    assert value == stack.ids()["Topic"] == next(arn for arn in topics(aws) if stack.name in arn)


def test_a_replaced_resource_with_its_own_name_is_refused(stack: Stack) -> None:
    group = {"Type": "AWS::DynamoDB::Table"}
    keys = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    keys |= {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "TableName": stack.name}
    stack.put(Table=named(group, **keys))
    imported = {"S3BucketSource": {"S3Bucket": "bucket"}, "InputFormat": "CSV"}
    with pytest.raises(DeployError, match="cannot update a stack when a custom-named resource requires replacing"):
        stack.put(Table=named(group, **keys, ImportSourceSpecification=imported))


def test_new_resources_are_created_before_old_ones_are_deleted(stack: Stack) -> None:
    stack.put(Old=named(TOPIC, TopicName=stack.name), Other=QUEUE)
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}, "RoleName": stack.name}}
    stack.put(First=role, Other=QUEUE)
    with pytest.raises(DeployError, match=r"Second \(AWS::IAM::Role\): .*already exists"):
        stack.put(Second=role, Other=QUEUE)
    assert set(stack.ids()) == {"First", "Other"}


def test_a_type_cannot_change_under_one_logical_id(stack: Stack) -> None:
    stack.put(Same=TOPIC)
    with pytest.raises(DeployError, match="Update of resource type is not permitted"):
        stack.put(Same=QUEUE)


def test_a_disabled_rollback_keeps_what_was_created(aws: EmbeddedAws, stack: Stack) -> None:
    template = json.dumps({"Resources": {"Topic": TOPIC, "Refused": last(REFUSED, "Topic")}})
    aws.client("cloudformation").create_stack(StackName=stack.name, TemplateBody=template, DisableRollback=True)
    assert (stack.status, set(stack.ids())) == ("CREATE_FAILED", {"Topic"})


def test_an_update_without_changes_is_refused_by_the_api(aws: EmbeddedAws, stack: Stack) -> None:
    stack.put(Topic=TOPIC)
    with pytest.raises(ClientError, match="No updates are to be performed"):
        aws.client("cloudformation").update_stack(
            StackName=stack.name, TemplateBody=json.dumps({"Resources": {"Topic": TOPIC}})
        )
