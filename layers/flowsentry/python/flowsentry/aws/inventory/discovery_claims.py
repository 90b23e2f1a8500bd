"""When looks at places began, in an object of S3: runs at the same time agree by it on who looks."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from flowsentry.aws.inventory.store import MAX_TRIES
from flowsentry.aws.object_store import CONFLICT, DENIED, MISSING
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.aws.unreadable_objects import readable
from flowsentry.errors import RetryableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class DiscoveryClaims:
    """The Unix second of the last look that began at each place, whether it ended well or not."""

    bucket: str
    key: str
    client: "S3Client"
    clock: Callable[[], float] = time.time

    def claim(self, choose: Callable[[Mapping[str, int]], Iterable[str]]) -> list[str]:
        """The places chosen by when looks at them began; by now they have begun again, and for this run alone: when
        another was faster, the choice is made anew. Raises RetryableError when S3 can't be reached, or others always
        are.
        """
        for _ in range(MAX_TRIES):
            with retryable("read when looks began"):
                begun, etag = self._read()
            chosen = list(choose(begun))
            if not chosen or self._is_written({**begun, **dict.fromkeys(chosen, int(self.clock()))}, etag):
                return chosen
        raise RetryableError("other runs began to look meanwhile, each time")

    def _read(self) -> tuple[dict[str, int], str | None]:
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.key)
        except ClientError as error:
            if code_of(error) not in MISSING | DENIED:  # S3 denies a missing object to who may not list the bucket
                raise
            return {}, None
        data = answer["Body"].read()
        return readable("discovery-claims", lambda: _times(data), dict[str, int]), answer["ETag"]

    def _is_written(self, begun: Mapping[str, int], etag: str | None) -> bool:
        condition: dict[str, Any] = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            with retryable("write when looks began"):
                self.client.put_object(Bucket=self.bucket, Key=self.key, Body=json.dumps(begun).encode(), **condition)
        except ClientError as error:
            if code_of(error) not in CONFLICT:
                raise
            return False
        return True


def _times(data: bytes) -> dict[str, int]:
    """What the object says, or nothing of a place whose time is none: looks then begin sooner than they need to. Raises
    whatever comes of bytes that are no JSON object.
    """
    told: dict[str, Any] = json.loads(data)
    return {target: begun for target, begun in told.items() if isinstance(begun, int) and not isinstance(begun, bool)}
