"""Asynchronous invocations: accepted at once, retried, and sent to the failure destination after the last attempt."""

import json
from uuid import uuid4

from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import ADMITS_S3, Function, FunctionFactory


def set_failure_destination(aws: EmbeddedAws, function: Function, destination: str, retries: int = 2) -> None:
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName=function.name,
        MaximumRetryAttempts=retries,
        DestinationConfig={"OnFailure": {"Destination": destination}},
    )


def test_an_event_is_accepted_before_it_is_processed(aws: EmbeddedAws, function: FunctionFactory) -> None:
    later = function("import time\ntime.sleep(1.5)")
    assert later.invoke({"a": 1}, InvocationType="Event")["StatusCode"] == 202
    assert later.events == []
    aws.wait_until_quiet()
    assert later.events == [{"a": 1}]


def test_a_failing_event_is_attempted_three_times(aws: EmbeddedAws, function: FunctionFactory) -> None:
    fails = function("raise ValueError")
    fails.invoke({"a": 1}, InvocationType="Event")
    aws.wait_until_quiet()
    assert fails.events == [{"a": 1}] * 3


def test_an_event_that_succeeds_on_a_retry_is_not_retried_again(aws: EmbeddedAws, function: FunctionFactory) -> None:
    recovers = function("if attempts < 2: raise ValueError")
    recovers.invoke({"a": 1}, InvocationType="Event")
    aws.wait_until_quiet()
    assert len(recovers.events) == 2


def test_an_event_that_fails_all_attempts_becomes_an_object(aws: EmbeddedAws, function: FunctionFactory) -> None:
    bucket = f"failed-{uuid4().hex[:8]}"
    aws.client("s3").create_bucket(Bucket=bucket)
    fails = function("raise ValueError('no such thing')", allow=[("s3:PutObject", f"arn:aws:s3:::{bucket}/*")])
    set_failure_destination(aws, fails, f"arn:aws:s3:::{bucket}", retries=1)
    fails.invoke({"a": 1}, InvocationType="Event")
    aws.wait_until_quiet()
    [kept] = aws.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert kept["Key"].startswith(f"aws/lambda/async/{fails.name}/")
    record = json.loads(aws.client("s3").get_object(Bucket=bucket, Key=kept["Key"])["Body"].read())
    assert record["requestPayload"] == {"a": 1}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "no such thing"


def test_the_object_of_a_failed_event_sends_an_object_event(aws: EmbeddedAws, function: FunctionFactory) -> None:
    bucket, queue = f"failed-{uuid4().hex[:8]}", f"object-events-{uuid4().hex[:8]}"
    aws.client("s3").create_bucket(Bucket=bucket)
    url = aws.client("sqs").create_queue(QueueName=queue, Attributes={"Policy": ADMITS_S3})["QueueUrl"]
    object_event = {"QueueArn": f"arn:aws:sqs:{aws.region}:{aws.account}:{queue}", "Events": ["s3:ObjectCreated:*"]}
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [object_event]}
    )
    fails = function("raise ValueError", allow=[("s3:PutObject", f"arn:aws:s3:::{bucket}/aws/lambda/async/*")])
    set_failure_destination(aws, fails, f"arn:aws:s3:::{bucket}", retries=0)
    fails.invoke({}, InvocationType="Event")
    aws.wait_until_quiet()
    messages = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    keys = [
        each["s3"]["object"]["key"] for message in messages for each in json.loads(message["Body"]).get("Records", [])
    ]
    assert [key.startswith(f"aws/lambda/async/{fails.name}/") for key in keys] == [True]


def test_a_queue_as_failure_destination_receives_the_record(aws: EmbeddedAws, function: FunctionFactory) -> None:
    queue = f"failed-{uuid4().hex[:8]}"
    url = aws.client("sqs").create_queue(QueueName=queue, Attributes={"Policy": ADMITS_S3})["QueueUrl"]
    fails = function("raise ValueError", allow=[("sqs:SendMessage", "*")])
    set_failure_destination(aws, fails, f"arn:aws:sqs:{aws.region}:{aws.account}:{queue}", retries=0)
    fails.invoke({"a": 1}, InvocationType="Event")
    aws.wait_until_quiet()
    [message] = aws.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["requestPayload"] == {"a": 1}
