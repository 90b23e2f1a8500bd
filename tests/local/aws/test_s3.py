"""Buckets: conditions that do not race, and policies that do not shut everybody out."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.embedded import EmbeddedAws


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
