"""Reads flow log objects from S3 in blocks; writes enriched Parquet files and samples of rejected lines."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError, ParamValidationError

from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.errors import PoisonError
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BLOCK_BYTES = 1 << 20
MAX_OBJECT_BYTES = 1 << 30
"""Larger objects are set aside. Flow log files stay below 75 MB; larger ones than some 200 MB are processed in parts.
Higher: each part inflates what was done before, at most 16 GB in all. Lower: files that someone has merged are
refused."""

MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "404"})
IMPOSSIBLE = frozenset({"KeyTooLongError", "InvalidArgument", "InvalidBucketName", "InvalidURI"})
"""No object can have that key or version."""
DENIED = frozenset({"AccessDenied", "Forbidden", "403", "InvalidObjectState"})
CONFLICT = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
NOT_MODIFIED = 304
RejectedSample = Sequence[tuple[int, str, str]]
"""Rejected lines of a source: line number, reason and text."""


class StoredObject(NamedTuple):
    """One object of a bucket, with its version where the bucket is versioned."""

    bucket: str
    key: str
    version_id: str | None = None

    def __str__(self) -> str:
        version = f"?versionId={self.version_id}" if self.version_id else ""
        return f"s3://{self.bucket}/{self.key}{version}"


class ObjectStore(Value, frozen=True):
    """Reads and writes objects. A repeated write stores the same bytes."""

    client: "S3Client"

    def blocks(self, source: StoredObject) -> Iterator[bytes]:
        """The object's bytes in blocks of at most 1 MiB.

        Raises PoisonError for an object that is missing, denied or too large, and RetryableError when S3 cannot be
        reached or the connection breaks.
        """
        body = self._opened(source)
        with retryable(f"read {source}"):
            yield from body.iter_chunks(BLOCK_BYTES)

    def _opened(self, source: StoredObject) -> Any:
        version: dict[str, Any] = {"VersionId": source.version_id} if source.version_id else {}
        try:
            with retryable(f"read {source}"):
                answer = self.client.get_object(Bucket=source.bucket, Key=source.key, **version)
        except ClientError as error:
            raise _poison(source, error) from error
        except ParamValidationError as error:
            raise PoisonError("object-missing", f"{source} can't be read: no object can have that name") from error
        if (size := answer["ContentLength"]) > MAX_OBJECT_BYTES:
            raise PoisonError("object-too-large", f"{source} has {size} bytes, more than {MAX_OBJECT_BYTES}")
        return answer["Body"]

    def put_file(self, target: StoredObject, path: Path) -> None:
        """Uploads a local file. Raises RetryableError when S3 cannot be reached."""
        with retryable(f"write {target}"), path.open("rb") as file:
            self.client.put_object(Bucket=target.bucket, Key=target.key, Body=file)

    def put(self, target: StoredObject, content: bytes) -> None:
        """Writes an object. Raises RetryableError when S3 cannot be reached."""
        with retryable(f"write {target}"):
            self.client.put_object(Bucket=target.bucket, Key=target.key, Body=content)

    def put_rejected(self, target: StoredObject, samples: Mapping[str, RejectedSample]) -> None:
        """Writes the rejected lines of some sources as JSON Lines, each with its source, line number, reason and text.
        Raises RetryableError when S3 cannot be reached.
        """
        rows = (
            json.dumps({"source": source, "line": line, "reason": reason, "text": text})
            for source, sample in samples.items()
            for line, reason, text in sample
        )
        with retryable(f"write {target}"):
            self.client.put_object(
                Bucket=target.bucket,
                Key=target.key,
                Body="".join(f"{row}\n" for row in rows).encode(),
                ContentType="application/x-ndjson",
            )


def _poison(source: StoredObject, error: ClientError) -> Exception:
    """A PoisonError for an S3 error that no retry can help; any other error unchanged."""
    if code_of(error) in MISSING:
        missing = "the bucket" if code_of(error) == "NoSuchBucket" else "the object"
        return PoisonError("object-missing", f"{source} can't be read: {missing} does not exist (any more)")
    if code_of(error) in IMPOSSIBLE:
        return PoisonError("object-missing", f"{source} can't be read: no object can have that name or version")
    if code_of(error) in DENIED:
        return PoisonError(
            "access-denied", f"{source} can't be read: access denied (bucket policy, key policy or role)"
        )
    return error
