"""Deliveries that a resource policy or a key policy does not admit are refused, and are failures."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import FunctionFactory


class Resources:
    """A bucket, a queue and a topic."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws, self.name = aws, f"name-{uuid4().hex[:8]}"
        aws.client("s3").create_bucket(Bucket=self.name)
        self.bucket = f"arn:aws:s3:::{self.name}"
        self.url = aws.client("sqs").create_queue(QueueName=self.name)["QueueUrl"]
        self.queue = f"arn:aws:sqs:{aws.region}:{aws.account}:{self.name}"
        self.topic = aws.client("sns").create_topic(Name=self.name)["TopicArn"]

    def admit(self, service: str, **condition: str) -> None:
        allowed: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage"}
        conditions = {f"aws:{key}": value for key, value in condition.items()}
        statement = {**allowed, "Resource": self.queue, "Condition": {"ArnLike": conditions}}
        policy = json.dumps({"Statement": [statement]})
        self.aws.client("sqs").set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def encrypt(self, *services: str) -> None:
        """Encrypts the queue with a key that admits these services."""
        kms = self.aws.client("kms")
        admitted = {"Effect": "Allow", "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*"}
        statements = [{**admitted, "Principal": {"Service": service}} for service in services]
        key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))["KeyMetadata"][
            "KeyId"
        ]
        self.aws.client("sqs").set_queue_attributes(QueueUrl=self.url, Attributes={"KmsMasterKeyId": key})

    def notify(self, *prefixes: str, arn: str = "") -> None:
        filters = [{"Key": {"FilterRules": [{"Name": "prefix", "Value": each}]}} for each in prefixes]
        events = {"QueueArn": arn or self.queue, "Events": ["s3:ObjectCreated:*"]}
        wanted = [{**events, "Filter": each} for each in filters] or [events]
        self.aws.client("s3").put_bucket_notification_configuration(
            Bucket=self.name, NotificationConfiguration={"QueueConfigurations": wanted}
        )

    def messages(self) -> list[str]:
        received = self.aws.client("sqs").receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        return [each["Body"] for each in received.get("Messages", [])]


@pytest.fixture
def resources(aws: EmbeddedAws) -> Resources:
    return Resources(aws)


INVALID = "Unable to validate the following destination configurations"


def test_a_bucket_notifies_a_queue_that_admits_it(resources: Resources) -> None:
    resources.admit("s3.amazonaws.com", SourceArn=resources.bucket, SourceAccount=resources.aws.account)
    resources.notify()
    assert "s3:TestEvent" in resources.messages()[0]


@pytest.mark.parametrize("condition", [{"SourceArn": "arn:aws:s3:::other"}, {"SourceAccount": "999999999999"}], ids=str)
def test_a_notification_to_a_queue_that_does_not_admit_the_bucket_is_refused(
    resources: Resources, condition: dict[str, str]
) -> None:
    with pytest.raises(ClientError, match=INVALID):
        resources.notify()
    resources.admit("s3.amazonaws.com", **condition)
    with pytest.raises(ClientError, match=INVALID):
        resources.notify()


def test_a_notification_to_a_queue_that_does_not_exist_is_refused(resources: Resources) -> None:
    with pytest.raises(ClientError, match=INVALID):
        resources.notify(arn=f"{resources.queue}-nothing")


def test_a_notification_to_a_queue_with_a_key_that_does_not_admit_s3_is_refused(resources: Resources) -> None:
    resources.admit("s3.amazonaws.com")
    resources.encrypt("sns.amazonaws.com")
    with pytest.raises(ClientError, match=INVALID):
        resources.notify()
    resources.encrypt("s3.amazonaws.com")
    resources.notify()


def test_overlapping_prefixes_are_refused(resources: Resources) -> None:
    resources.admit("s3.amazonaws.com")
    resources.notify("AWSLogs/1/", "AWSLogs/2/")
    with pytest.raises(
        ClientError, match="Cannot have overlapping suffixes in two rules if the prefixes are overlapping"
    ):
        resources.notify("AWSLogs/", "AWSLogs/2/")


def test_an_object_event_that_the_queue_no_longer_admits_is_a_failure(aws: EmbeddedAws, resources: Resources) -> None:
    resources.admit("s3.amazonaws.com")
    resources.notify()
    resources.admit("sns.amazonaws.com")
    before = len(aws.failures())
    aws.client("s3").put_object(Bucket=resources.name, Key="key", Body=b"")
    [failure] = aws.failures()[before:]
    assert f"{resources.bucket} cannot deliver to {resources.queue}" in failure


def test_a_topic_delivers_to_a_queue_that_admits_it(aws: EmbeddedAws, resources: Resources) -> None:
    aws.client("sns").subscribe(TopicArn=resources.topic, Protocol="sqs", Endpoint=resources.queue)
    before = len(aws.failures())
    aws.client("sns").publish(TopicArn=resources.topic, Message="lost")
    assert "does not allow sns.amazonaws.com to sqs:SendMessage" in aws.failures()[before:][0]
    resources.admit("sns.amazonaws.com", SourceArn=resources.topic)
    aws.client("sns").publish(TopicArn=resources.topic, Message="delivered")
    assert [json.loads(each)["Message"] for each in resources.messages()] == ["delivered"]


def test_a_subscription_filter_needs_the_permission_of_the_function(aws: EmbeddedAws) -> None:
    logs, created = aws.client("logs"), FunctionFactory(aws)(admits=())
    logs.create_log_group(logGroupName=created.name)
    wanted = {"logGroupName": created.name, "filterName": "all", "filterPattern": "", "destinationArn": created.arn}
    with pytest.raises(
        ClientError, match=r"Could not execute the lambda function\. Make sure you have given CloudWatch"
    ):
        logs.put_subscription_filter(**wanted)
    group = f"arn:aws:logs:{aws.region}:{aws.account}:log-group:{created.name}:*"
    permission = {"Action": "lambda:InvokeFunction", "Principal": "logs.amazonaws.com", "SourceArn": group}
    aws.client("lambda").add_permission(FunctionName=created.name, StatementId="logs", **permission)
    logs.put_subscription_filter(**wanted)


def test_a_bucket_policy_denies_by_its_conditions(aws: EmbeddedAws, resources: Resources) -> None:
    def deny(**condition: object) -> None:
        denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"{resources.bucket}/*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{**denied, "Condition": condition}]})
        aws.client("s3").put_bucket_policy(Bucket=resources.name, Policy=policy)

    deny(Bool={"aws:SecureTransport": "false"})
    aws.client("s3").put_object(Bucket=resources.name, Key="key", Body=b"")
    deny(Bool={"aws:SecureTransport": "true"})
    with pytest.raises(ClientError, match=r"AccessDenied|Forbidden"):
        aws.client("s3").put_object(Bucket=resources.name, Key="key", Body=b"")
