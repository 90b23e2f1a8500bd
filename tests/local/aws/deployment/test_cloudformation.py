"""Stacks: all resources of the template are created and updated in place; none is skipped."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from moto.cloudformation import parsing

from local.aws.deployment.cloudformation import MOST_CHARACTERS
from local.aws.deployment.verification import missing_resources
from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import TRUSTS_SERVICES, FunctionFactory, zipped

ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": json.loads(TRUSTS_SERVICES)}}


ADMITS_S3 = {
    "Effect": "Allow",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
}


class Stack:
    """A stack with a unique name."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.name = f"stack-{uuid4().hex[:8]}"

    def create(self, **resources: Any) -> None:
        template = json.dumps({"Resources": resources})
        self.aws.client("cloudformation").create_stack(StackName=self.name, TemplateBody=template)

    def update(self, **resources: Any) -> None:
        template = json.dumps({"Resources": resources})
        self.aws.client("cloudformation").update_stack(StackName=self.name, TemplateBody=template)

    def id_of(self, logical_id: str) -> str:
        described = self.aws.client("cloudformation").describe_stack_resources(
            StackName=self.name, LogicalResourceId=logical_id
        )
        return str(described["StackResources"][0]["PhysicalResourceId"])


@pytest.fixture
def stack(aws: EmbeddedAws) -> Stack:
    return Stack(aws)


def code(aws: EmbeddedAws, key: str, files: dict[str, str]) -> dict[str, str]:
    bucket = f"assets-{uuid4().hex[:8]}"
    aws.client("s3").create_bucket(Bucket=bucket)
    aws.client("s3").put_object(Bucket=bucket, Key=key, Body=zipped(files))
    return {"S3Bucket": bucket, "S3Key": key}


def test_an_unknown_resource_type_is_rejected(stack: Stack) -> None:
    with pytest.raises(ClientError, match=r"Unrecognized resource types: \[AWS::Braket::Nothing\]"):
        stack.create(Nothing={"Type": "AWS::Braket::Nothing", "Properties": {}})


def test_a_function_uses_its_updated_layer(aws: EmbeddedAws, stack: Stack) -> None:
    handler = code(aws, "handler.zip", {"handler.py": "import layered\ndef lambda_handler(*_): return layered.VALUE"})

    def resources(value: str) -> dict[str, Any]:
        content = code(aws, f"{value}.zip", {"python/layered.py": f"VALUE = {value!r}"})
        function = {
            "Code": handler,
            "Handler": "handler.lambda_handler",
            "Runtime": "python3.11",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Layers": [{"Ref": "Layer"}],
        }
        return {
            "Role": ROLE,
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": content}},
        }

    def answer() -> Any:
        response = aws.client("lambda").invoke(FunctionName=stack.id_of("Function"))
        return json.loads(response["Payload"].read())

    stack.create(**resources("old"))
    assert answer() == "old"
    name = stack.id_of("Function")
    stack.update(**resources("new"))
    assert answer() == "new"
    assert stack.id_of("Function") == name


def test_an_unchanged_resource_is_not_replaced_by_an_update(aws: EmbeddedAws, stack: Stack) -> None:
    topic = {"Type": "AWS::SNS::Topic"}
    stack.create(Topic=topic)
    arn = stack.id_of("Topic")
    aws.client("sns").subscribe(TopicArn=arn, Protocol="email", Endpoint="someone@example.com")
    stack.update(Topic=topic, Queue={"Type": "AWS::SQS::Queue"})
    assert stack.id_of("Topic") == arn
    assert len(aws.client("sns").list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]) == 1


def test_a_resource_that_is_removed_and_added_again_is_created_again(aws: EmbeddedAws, stack: Stack) -> None:
    queue, topic = {"Type": "AWS::SQS::Queue"}, {"Type": "AWS::SNS::Topic"}
    stack.create(Queue=queue, Topic=topic)
    stack.update(Topic=topic)
    stack.update(Queue=queue, Topic=topic)
    assert missing_resources(aws, stack.name) == []


def test_a_retained_resource_survives_and_a_new_one_is_created_when_added_again(aws: EmbeddedAws, stack: Stack) -> None:
    queue, topic = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"}, {"Type": "AWS::SNS::Topic"}
    stack.create(Queue=queue, Topic=topic)
    retained = stack.id_of("Queue")
    stack.update(Topic=topic)
    stack.update(Queue=queue, Topic=topic)
    existing = {url.rpartition("/")[2] for url in aws.client("sqs").list_queues()["QueueUrls"]}
    assert {each.rpartition("/")[2] for each in (retained, stack.id_of("Queue"))} <= existing
    assert stack.id_of("Queue") != retained


def test_a_changed_parameter_value_updates_the_resources_that_refer_to_it(aws: EmbeddedAws, stack: Stack) -> None:
    path = f"/{stack.name}/name"
    parameters = {"Name": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": path}}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Name"}}}
    for value, put in (("old", "create_stack"), ("new", "update_stack")):
        aws.client("ssm").put_parameter(Name=path, Value=value, Type="String", Overwrite=True)
        template = json.dumps({"Parameters": parameters, "Resources": {"Topic": topic}})
        previous = [{"ParameterKey": "Name", "UsePreviousValue": True}] if value == "new" else []
        getattr(aws.client("cloudformation"), put)(StackName=stack.name, TemplateBody=template, Parameters=previous)
        described = aws.client("sns").get_topic_attributes(TopicArn=stack.id_of("Topic"))["Attributes"]
        assert described["DisplayName"] == value


def test_a_table_keeps_its_items_when_its_properties_change(aws: EmbeddedAws, stack: Stack) -> None:
    def table(attribute: str) -> dict[str, Any]:
        properties = {
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": True},
        }
        return {"Type": "AWS::DynamoDB::Table", "Properties": properties}

    stack.create(Table=table("expires_at"))
    name = stack.id_of("Table")
    aws.client("dynamodb").put_item(TableName=name, Item={"id": {"S": "a"}})
    stack.update(Table=table("expiration"))
    described = aws.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiration"}
    assert aws.client("dynamodb").get_item(TableName=name, Key={"id": {"S": "a"}})["Item"] == {"id": {"S": "a"}}


def test_a_bucket_has_all_properties_of_its_template(aws: EmbeddedAws, stack: Stack) -> None:
    object_event = {"Event": "s3:ObjectCreated:*", "Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}
    block = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    properties = {
        "NotificationConfiguration": {"QueueConfigurations": [object_event]},
        "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "Prefix": "a/", "ExpirationInDays": 30}]},
        "PublicAccessBlockConfiguration": block,
    }
    admitting = {"Queues": [{"Ref": "Queue"}], "PolicyDocument": {"Statement": [ADMITS_S3]}}
    secure = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    condition = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    policy = {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": [{**secure, **condition}]}}
    stack.create(
        Queue={"Type": "AWS::SQS::Queue"},
        QueuePolicy={"Type": "AWS::SQS::QueuePolicy", "Properties": admitting},
        Bucket={"Type": "AWS::S3::Bucket", "Properties": properties, "DependsOn": "QueuePolicy"},
        Policy={"Type": "AWS::S3::BucketPolicy", "Properties": policy},
    )
    assert missing_resources(aws, stack.name) == []
    s3, bucket = aws.client("s3"), stack.id_of("Bucket")
    [rule] = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert (rule["Filter"]["Prefix"], rule["Expiration"]["Days"]) == ("a/", 30)
    s3.put_object(Bucket=bucket, Key="a/b", Body=b"the policy denies only requests without TLS")


def test_a_deleted_resource_is_reported_as_missing(aws: EmbeddedAws, stack: Stack, function: FunctionFactory) -> None:
    del function
    stack.create(Queue={"Type": "AWS::SQS::Queue"}, Topic={"Type": "AWS::SNS::Topic"})
    assert missing_resources(aws, stack.name) == []
    aws.client("sqs").delete_queue(QueueUrl=stack.id_of("Queue"))
    [problem] = missing_resources(aws, stack.name)
    assert problem.startswith("AWS::SQS::Queue Queue")


@pytest.mark.parametrize(
    ("kind", "stack_name", "logical_id"),
    [
        ("AWS::Lambda::Function", "flowsentry-processing", "StreamProcessorFunctionA601E1E4"),
        ("AWS::IAM::Role", "a" * 100, "b" * 100),
        ("AWS::SQS::Queue", "short", "b" * 100),
    ],
)
def test_a_generated_name_fits_the_service(aws: EmbeddedAws, kind: str, stack_name: str, logical_id: str) -> None:
    del aws  # it patches moto
    name = parsing.generate_resource_name(kind, stack_name, logical_id)
    assert len(name) == MOST_CHARACTERS[kind]
    stack, logical, _suffix = name.rsplit("-", 2)
    assert stack_name.startswith(stack)
    assert logical_id.startswith(logical)
