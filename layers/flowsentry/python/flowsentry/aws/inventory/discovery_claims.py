"""Discovery claims in S3: concurrent runs agree which of them discovers a target."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from flowsentry.aws.inventory.store import MAX_TRIES
from flowsentry.aws.object_store import CONFLICT, DENIED, MISSING
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.aws.unreadable_objects import parsed_or
from flowsentry.errors import RetryableError
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class DiscoveryClaims(Value, frozen=True):
    """The Unix second at which the last discovery of each target started, whether or not it succeeded."""

    bucket: str
    key: str
    client: "S3Client"
    clock: Callable[[], float] = time.time

    def claim(self, choose: Callable[[Mapping[str, int]], Iterable[str]]) -> list[str]:
        """The targets that `choose` selects by their last start; they are recorded as started now, by this run alone.
        When another run wrote first, `choose` is called again with the new state. Raises RetryableError when S3 can't
        be reached, or when other runs write first MAX_TRIES times.
        """
        for _ in range(MAX_TRIES):
            with retryable("read the discovery claims"):
                started_at, etag = self._read()
            chosen = list(choose(started_at))
            if not chosen or self._is_written({**started_at, **dict.fromkeys(chosen, int(self.clock()))}, etag):
                return chosen
        raise RetryableError("other runs wrote the discovery claims first, each time")

    def _read(self) -> tuple[dict[str, int], str | None]:
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.key)
        except ClientError as error:
            if code_of(error) not in MISSING | DENIED:  # S3 answers 403 for a missing object without s3:ListBucket
                raise
            return {}, None
        data = answer["Body"].read()
        return parsed_or("discovery-claims", lambda: _times(data), dict[str, int]), answer["ETag"]

    def _is_written(self, started_at: Mapping[str, int], etag: str | None) -> bool:
        condition: dict[str, Any] = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            with retryable("write the discovery claims"):
                self.client.put_object(
                    Bucket=self.bucket, Key=self.key, Body=json.dumps(started_at).encode(), **condition
                )
        except ClientError as error:
            if code_of(error) not in CONFLICT:
                raise
            return False
        return True


def _times(data: bytes) -> dict[str, int]:
    """The start times in the object. A target whose value is no integer is left out: its next discovery starts earlier
    than necessary. Raises any error of `json.loads` and of a JSON value that is no object.
    """
    content: dict[str, Any] = json.loads(data)
    return {
        target: started_at
        for target, started_at in content.items()
        if isinstance(started_at, int) and not isinstance(started_at, bool)
    }
