"""Objects in S3: reads in blocks, errors as sentences, and writes that may be repeated."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from flowsentry.aws import clients
from flowsentry.aws.object_store import BLOCK_BYTES, MAX_OBJECT_BYTES, ObjectStore, StoredObject
from flowsentry.errors import PoisonError, RetryableError
from tests.moto_world import LOG_BUCKET, make_bucket, object_in

SOURCE = StoredObject(LOG_BUCKET, "AWSLogs/day/file one.log.gz")


@pytest.fixture
def store() -> ObjectStore:
    make_bucket(LOG_BUCKET)
    return ObjectStore(clients.s3())


class Refusing:
    """An S3 client that answers each call with the same error or broken body."""

    def __init__(self, error: Exception | None = None, size: int = 1) -> None:
        self.error, self.size = error, size

    def get_object(self, **_: Any) -> Any:
        if self.error:
            raise self.error
        return {"ContentLength": self.size, "Body": self}

    def iter_chunks(self, _: int) -> Iterator[bytes]:
        yield b"good"
        raise ReadTimeoutError(endpoint_url="https://s3")

    def put_object(self, **_: Any) -> None:
        raise self.error or AssertionError


def refused(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetObject")


def read(client: Any) -> bytes:
    return b"".join(ObjectStore(client).blocks(SOURCE))


def test_an_object_is_read_in_blocks(store: ObjectStore) -> None:
    body = bytes(range(256)) * (BLOCK_BYTES // 256 * 2) + b"end"
    clients.s3().put_object(Bucket=SOURCE.bucket, Key=SOURCE.key, Body=body)
    blocks = list(store.blocks(SOURCE))
    assert b"".join(blocks) == body
    assert max(map(len, blocks)) <= BLOCK_BYTES


def test_an_empty_object_has_no_bytes(store: ObjectStore) -> None:
    clients.s3().put_object(Bucket=SOURCE.bucket, Key=SOURCE.key, Body=b"")
    assert b"".join(store.blocks(SOURCE)) == b""


def test_a_source_with_a_version_is_read_at_that_version(store: ObjectStore) -> None:
    clients.s3().put_bucket_versioning(Bucket=LOG_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    first = clients.s3().put_object(Bucket=SOURCE.bucket, Key=SOURCE.key, Body=b"first")["VersionId"]
    clients.s3().put_object(Bucket=SOURCE.bucket, Key=SOURCE.key, Body=b"second")
    assert b"".join(store.blocks(SOURCE._replace(version_id=first))) == b"first"


def test_a_missing_object_raises_poison_that_names_it(store: ObjectStore) -> None:
    with pytest.raises(PoisonError, match="the object does not exist") as poison:
        list(store.blocks(SOURCE))
    assert poison.value.reason == "object-missing"
    assert "s3://flow-logs/AWSLogs/day/file one.log.gz" in str(poison.value)


def test_a_missing_bucket_raises_poison_that_names_the_cause(store: ObjectStore) -> None:
    with pytest.raises(PoisonError, match="the bucket does not exist"):
        list(store.blocks(StoredObject("nowhere", "key")))


@pytest.mark.parametrize("source", [StoredObject("no bucket!", "key"), StoredObject(LOG_BUCKET, "")])
def test_an_impossible_key_or_version_raises_poison(store: ObjectStore, source: StoredObject) -> None:
    with pytest.raises(PoisonError, match="no object can have that name") as poison:
        list(store.blocks(source))
    assert poison.value.reason == "object-missing"


@pytest.mark.parametrize("code", ["AccessDenied", "403"])
def test_denied_access_raises_poison(code: str) -> None:
    with pytest.raises(PoisonError, match="access denied") as poison:
        read(Refusing(refused(code, 403)))
    assert poison.value.reason == "access-denied"


def test_an_object_over_the_size_limit_raises_poison() -> None:
    with pytest.raises(PoisonError, match="more than") as poison:
        read(Refusing(size=MAX_OBJECT_BYTES + 1))
    assert poison.value.reason == "object-too-large"


@pytest.mark.parametrize("error", [refused("SlowDown", 503), refused("InternalError", 500)])
def test_a_transient_error_raises_retryable_error(error: ClientError) -> None:
    with pytest.raises(RetryableError, match="could not read s3://flow-logs/"):
        read(Refusing(error))


def test_a_connection_that_breaks_while_reading_raises_retryable_error() -> None:
    with pytest.raises(RetryableError, match="could not read s3://flow-logs/"):
        read(Refusing())


def test_an_unknown_error_is_raised_unchanged() -> None:
    with pytest.raises(ClientError, match="InvalidRange"):
        read(Refusing(refused("InvalidRange", 416)))


def test_a_file_is_uploaded_unchanged(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_bytes(b"PAR1")
    store.put_file(StoredObject(LOG_BUCKET, "enriched/rows.parquet"), tmp_path / "rows.parquet")
    assert object_in(LOG_BUCKET, "enriched/rows.parquet") == b"PAR1"


def test_rejected_lines_are_written_with_source_line_number_and_reason(store: ObjectStore) -> None:
    sample = [(3, "short", "2 123"), (9, "bad-port", "naïve")]
    store.put_rejected(StoredObject(LOG_BUCKET, "rejected/a"), {"s3://a/b": sample[:1], "s3://a/c": sample[1:]})
    rows = [json.loads(line) for line in io.BytesIO(object_in(LOG_BUCKET, "rejected/a"))]
    assert rows == [
        {"source": "s3://a/b", "line": 3, "reason": "short", "text": "2 123"},
        {"source": "s3://a/c", "line": 9, "reason": "bad-port", "text": "naïve"},
    ]


def test_a_write_with_a_transient_error_raises_retryable_error() -> None:
    with pytest.raises(RetryableError, match="could not write"):
        ObjectStore(Refusing(refused("SlowDown", 503))).put_rejected(SOURCE, {})  # type: ignore[arg-type]
