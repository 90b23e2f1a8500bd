"""Suppressions in S3, which people edit: read again by ETag; whatever is wrong with them, the last good ones hold."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.object_store import CONFLICT, DENIED, MISSING, NOT_MODIFIED
from flowsentry.aws.service_errors import code_of, retryable, status_of
from flowsentry.errors import RetryableError
from flowsentry.findings.suppressions import MAX_BYTES, Suppressions, UnreadableSuppressionsError
from flowsentry.telemetry import count, logger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

PARAMETER_UNREADABLE = frozenset({"AccessDeniedException", "ParameterNotFound"})
REFRESH_SECONDS = 60.0
"""How long suppressions are used without asking S3. Longer: a change holds later. Shorter: a request more for nearly
every CloudWatch payload."""
SEED_SECONDS = 300.0
"""The same of the parameter, which is asked only while there is no object: minutes, after the first deploy."""


@dataclass
class SeedParameter:
    """The parameter with the suppressions that an object begins with; without a name there are none."""

    name: str
    client: "SSMClient"
    clock: Callable[[], float] = time.time
    _text: str = field(default="", init=False)
    _suppressions: Suppressions = field(default_factory=Suppressions, init=False)
    _fresh_until: float = field(default=float("-inf"), init=False)

    def suppressions(self) -> Suppressions:
        """What the parameter says, at most SEED_SECONDS old; the same object until that changes. Raises
        UnreadableSuppressionsError when it says nothing that can be used.
        """
        if self.name and self.clock() >= self._fresh_until:
            text = self._read()
            if text != self._text:
                self._suppressions, self._text = Suppressions.of_json(text), text
            self._fresh_until = self.clock() + SEED_SECONDS
        return self._suppressions

    def as_written(self) -> bytes:
        """The same as people like to edit it; nothing without a name."""
        self.suppressions()
        return f"{json.dumps(json.loads(self._text), indent=2)}\n".encode() if self._text else b""

    def _read(self) -> str:
        try:
            return self.client.get_parameter(Name=self.name)["Parameter"]["Value"]
        except ClientError as error:
            if code_of(error) not in PARAMETER_UNREADABLE:
                raise
            raise UnreadableSuppressionsError(f"the parameter {self.name} can't be read: {error}") from error


@dataclass
class LiveSuppressions:
    """The suppressions in an object, and while there is none, those of the seed."""

    bucket: str
    key: str
    client: "S3Client"
    seed: SeedParameter
    clock: Callable[[], float] = time.time
    _current: Suppressions | None = field(default=None, init=False)
    _etag: str | None = field(default=None, init=False)
    _trouble: str = field(default="", init=False)
    _fresh_until: float = field(default=float("-inf"), init=False)

    @classmethod
    def of(cls, bucket: str, key: str, parameter: str) -> Self:
        """Those of a function, by its settings."""
        return cls(bucket, key, clients.s3(), SeedParameter(parameter, clients.ssm()))

    def load(self) -> Suppressions:
        """The suppressions, at most REFRESH_SECONDS old; the same object until they change. What can't be read is
        counted and logged at each look, and the last good ones hold.

        Raises RetryableError when S3 can't be reached and nothing was read before: people would be told what they do
        not want to hear, which can't be taken back, while the batch can wait.
        """
        if self._current is None or self.clock() >= self._fresh_until:
            try:
                with retryable("read the suppressions"):
                    self._current = self._refreshed()
            except RetryableError:
                if self._current is None:
                    raise
            self._fresh_until = self.clock() + REFRESH_SECONDS
            self._tell_of(self._trouble)
        return self._current

    def seed_once(self) -> bool:
        """Whether the object was written just now, from the seed: only where there is none, so that what people wrote
        is never overwritten, nor what another run writes meanwhile. Raises RetryableError.
        """
        with retryable("look for the suppressions"):
            if self._is_there():
                return False
            try:
                first = self.seed.as_written()
            except UnreadableSuppressionsError as error:
                self._tell_of(str(error))
                return False
        with retryable("write the first suppressions"):
            return bool(first) and self._is_written(first)

    def _refreshed(self) -> Suppressions:
        try:
            found = self._found()
        except UnreadableSuppressionsError as error:
            self._trouble = str(error)
            return self._last_good()
        if found is None:
            return self._last_good()
        self._trouble = ""
        return found

    def _found(self) -> Suppressions | None:
        """What is there; None when it has not changed since it was read, well or not."""
        condition: dict[str, Any] = {"IfNoneMatch": self._etag} if self._etag else {}
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.key, **condition)
        except ClientError as error:
            return self._without_object(error)
        data = answer["Body"].read(MAX_BYTES + 1)  # of what is too large, enough to tell
        self._etag = answer["ETag"]
        read = Suppressions.of_json(data)
        _log(read, answer.get("VersionId", ""), self.clock())
        return read

    def _without_object(self, error: ClientError) -> Suppressions | None:
        if status_of(error) == NOT_MODIFIED:
            return None
        if code_of(error) in MISSING:
            self._etag = None
            return self.seed.suppressions()
        if code_of(error) in DENIED:
            self._etag = None
            raise UnreadableSuppressionsError(f"it can't be read: {error}") from error
        raise error

    def _last_good(self) -> Suppressions:
        """Those that hold, or else those of the seed, or else none."""
        if self._current is not None:
            return self._current
        try:
            return self.seed.suppressions()
        except UnreadableSuppressionsError:
            return Suppressions()

    def _is_there(self) -> bool:
        try:
            self.client.head_object(Bucket=self.bucket, Key=self.key)
        except ClientError as error:
            if code_of(error) not in MISSING:
                raise
            return False
        return True

    def _is_written(self, data: bytes) -> bool:
        try:
            self.client.put_object(
                Bucket=self.bucket, Key=self.key, Body=data, ContentType="application/json", IfNoneMatch="*"
            )
        except ClientError as error:
            if code_of(error) not in CONFLICT:
                raise
            return False
        return True

    def _tell_of(self, trouble: str) -> None:
        count("SuppressionsUnreadable", int(bool(trouble)))
        if trouble:
            place = f"s3://{self.bucket}/{self.key}"
            logger().error("suppressions not used", extra={"object": place, "trouble": trouble})


def _log(read: Suppressions, version: str, now: float) -> None:
    """Which version holds from now on, and how much of it does nothing."""
    off = sum(not each.is_enabled for each in read.entries)
    told = {"version": version, "entries": len(read.entries), "off": off, "expired": read.expired(now)}
    logger().info("suppressions read", extra=told)
