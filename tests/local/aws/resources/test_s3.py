"""Buckets: conditions that do not race, policies that do not shut everybody out, and events for EventBridge."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import Function, Maker


@pytest.fixture
def bucket(aws: EmbeddedAws) -> str:
    name = f"bucket-{uuid4().hex[:8]}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


def test_of_many_writers_that_expect_nothing_one_succeeds(aws: EmbeddedAws, bucket: str) -> None:
    def put(number: int) -> bool:
        try:
            aws.client("s3").put_object(Bucket=bucket, Key="snapshot", Body=str(number), IfNoneMatch="*")
        except ClientError as error:
            return error.response["Error"]["Code"] != "PreconditionFailed"
        return True

    with ThreadPoolExecutor(8) as executor:
        assert sum(executor.map(put, range(16))) == 1


def test_a_writer_that_saw_an_older_version_is_refused(aws: EmbeddedAws, bucket: str) -> None:
    s3 = aws.client("s3")
    seen = s3.put_object(Bucket=bucket, Key="snapshot", Body=b"1")["ETag"]
    s3.put_object(Bucket=bucket, Key="snapshot", Body=b"2", IfMatch=seen)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="snapshot", Body=b"3", IfMatch=seen)


def told_by_eventbridge(aws: EmbeddedAws, bucket: str, function: Function) -> None:
    """The function is told of new objects of the bucket."""
    of_bucket = {"bucket": {"name": [bucket]}}
    pattern = json.dumps({"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": of_bucket})
    aws.client("events").put_rule(Name=bucket, EventPattern=pattern)
    aws.client("events").put_targets(Rule=bucket, Targets=[{"Id": "1", "Arn": function.arn}])


def test_new_objects_are_told_of_as_s3_tells_eventbridge(aws: EmbeddedAws, bucket: str, function: Maker) -> None:
    sees, s3 = function(), aws.client("s3")
    told_by_eventbridge(aws, bucket, sees)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    tags = [s3.put_object(Bucket=bucket, Key="a b/ü+%", Body=body)["ETag"].strip('"') for body in (b"1", b"22")]
    aws.wait_until_quiet()
    first, second = sorted((event["detail"]["object"] for event in sees.events), key=lambda told: told["size"])
    assert [first["etag"], second["etag"]] == tags
    assert first["key"] == "a b/ü+%"
    assert first["sequencer"] < second["sequencer"]
    assert "version-id" not in first


def test_an_object_of_a_bucket_with_versions_is_told_of_with_its_version(
    aws: EmbeddedAws, bucket: str, function: Maker
) -> None:
    sees, s3 = function(), aws.client("s3")
    told_by_eventbridge(aws, bucket, sees)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="key", Body=b"")["VersionId"]
    aws.wait_until_quiet()
    assert [event["detail"]["object"]["version-id"] for event in sees.events] == [version]


def test_eventbridge_is_told_nothing_of_a_bucket_for_which_it_is_off(
    aws: EmbeddedAws, bucket: str, function: Maker
) -> None:
    sees = function()
    told_by_eventbridge(aws, bucket, sees)
    aws.client("s3").put_object(Bucket=bucket, Key="key", Body=b"")
    aws.wait_until_quiet()
    assert sees.events == []
