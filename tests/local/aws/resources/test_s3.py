"""Buckets: conditional writes without races, and object events for EventBridge."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import Function, FunctionFactory


@pytest.fixture
def bucket(aws: EmbeddedAws) -> str:
    name = f"bucket-{uuid4().hex[:8]}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


def test_one_of_many_concurrent_writers_succeeds_if_none_match(aws: EmbeddedAws, bucket: str) -> None:
    def put(number: int) -> bool:
        try:
            aws.client("s3").put_object(Bucket=bucket, Key="snapshot", Body=str(number), IfNoneMatch="*")
        except ClientError as error:
            return error.response["Error"]["Code"] != "PreconditionFailed"
        return True

    with ThreadPoolExecutor(8) as executor:
        assert sum(executor.map(put, range(16))) == 1


def test_a_write_with_an_outdated_etag_is_rejected(aws: EmbeddedAws, bucket: str) -> None:
    s3 = aws.client("s3")
    seen = s3.put_object(Bucket=bucket, Key="snapshot", Body=b"1")["ETag"]
    s3.put_object(Bucket=bucket, Key="snapshot", Body=b"2", IfMatch=seen)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="snapshot", Body=b"3", IfMatch=seen)


def send_object_events(aws: EmbeddedAws, bucket: str, function: Function) -> None:
    """Sends events of new objects of the bucket to the function."""
    of_bucket = {"bucket": {"name": [bucket]}}
    pattern = json.dumps({"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": of_bucket})
    aws.client("events").put_rule(Name=bucket, EventPattern=pattern)
    aws.client("events").put_targets(Rule=bucket, Targets=[{"Id": "1", "Arn": function.arn}])


def test_events_of_new_objects_have_the_format_of_s3(aws: EmbeddedAws, bucket: str, function: FunctionFactory) -> None:
    sees, s3 = function(), aws.client("s3")
    send_object_events(aws, bucket, sees)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    tags = [s3.put_object(Bucket=bucket, Key="a b/ü+%", Body=body)["ETag"].strip('"') for body in (b"1", b"22")]
    aws.wait_until_quiet()
    first, second = sorted((event["detail"]["object"] for event in sees.events), key=lambda each: each["size"])
    assert [first["etag"], second["etag"]] == tags
    assert first["key"] == "a b/ü+%"
    assert first["sequencer"] < second["sequencer"]
    assert "version-id" not in first


def test_an_event_of_a_versioned_bucket_has_the_version_id(
    aws: EmbeddedAws, bucket: str, function: FunctionFactory
) -> None:
    sees, s3 = function(), aws.client("s3")
    send_object_events(aws, bucket, sees)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="key", Body=b"")["VersionId"]
    aws.wait_until_quiet()
    assert [event["detail"]["object"]["version-id"] for event in sees.events] == [version]


def test_a_bucket_without_eventbridge_configuration_sends_no_events(
    aws: EmbeddedAws, bucket: str, function: FunctionFactory
) -> None:
    sees = function()
    send_object_events(aws, bucket, sees)
    aws.client("s3").put_object(Bucket=bucket, Key="key", Body=b"")
    aws.wait_until_quiet()
    assert sees.events == []
