"""An S3 object that is read again only when its ETag changes, and whose last valid version stays active."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from botocore.exceptions import ClientError

from flowsentry.aws.object_store import NOT_MODIFIED
from flowsentry.aws.service_errors import retryable, status_of
from flowsentry.errors import RetryableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Value = TypeVar("Value")


@dataclass
class CachedObject(ABC, Generic[Value]):
    """Parses each version of the object once: `load` returns the same value until the object changes."""

    bucket: str
    key: str
    client: "S3Client"
    clock: Callable[[], float] = time.monotonic
    current: Value | None = field(default=None, init=False)
    """The last valid version; None before the first successful reload."""
    problem: str = field(default="", init=False)
    """Why the newest version is not used, or what part of it; empty while all of it is used."""
    etag: str | None = field(default=None, init=False)
    """Of the last version read, valid or not; None when there is no object that can be read."""
    _fresh_until: float = field(default=float("-inf"), init=False)

    refresh_seconds: ClassVar[float]
    """How long a version is used without a request to S3."""
    invalid: ClassVar[type[Exception]]
    """The error of a version that cannot be used."""

    @property
    def name(self) -> str:
        """The object's name in error messages."""
        return f"s3://{self.bucket}/{self.key}"

    @abstractmethod
    def parse(self, response: Mapping[str, Any]) -> Value:
        """The value of a GetObject response. Raises `invalid`."""

    @abstractmethod
    def refused(self, error: ClientError) -> Value:
        """The value to use when S3 returns an error that a retry does not help, such as a missing object. Raises
        `invalid` where the last valid version stays active, and the error itself where it is unexpected.
        """

    def fallback(self, error: Exception) -> Value:
        """The value to use when the first version read is invalid. By default there is none: raises the error."""
        raise error

    def is_usable(self, current: Value) -> bool:  # noqa: ARG002 - for subclasses
        """Whether the last valid version may be used while S3 cannot be reached."""
        return True

    def defects(self, value: Value) -> str:  # noqa: ARG002 - for subclasses
        """What part of a valid version is not used, in words; empty for none."""
        return ""

    def report(self, problem: str) -> None:
        """Called once for each reload after which the newest version, or a part of it, is not used."""

    @property
    def is_due(self) -> bool:
        return self.clock() >= self._fresh_until

    def load(self) -> Value:
        """The last valid version, at most `refresh_seconds` old. Raises RetryableError when S3 cannot be reached and
        there is no usable version; the next call then asks S3 again.
        """
        if self.current is not None and not self.is_due:
            return self.current
        try:
            value = self.reload()
        except RetryableError:
            if self.current is None or not self.is_usable(self.current):
                raise
            value = self.current
        self.postpone()
        if self.problem:
            self.report(self.problem)
        return value

    def postpone(self) -> None:
        """Does not ask S3 again for the next `refresh_seconds`."""
        self._fresh_until = self.clock() + self.refresh_seconds

    def reload(self) -> Value:
        """The newest valid version, read now. Raises RetryableError when S3 cannot be reached, and what `fallback`
        raises when no version was ever valid.
        """
        with retryable(f"read {self.name}"):
            try:
                value = self._newest()
            except self.invalid as error:
                self.problem = str(error)
                value = self.fallback(error) if self.current is None else self.current
        self.current = value
        return value

    def written(self, value: Value, etag: str) -> None:
        """Takes a version that this process has just written as the newest one."""
        self.current, self.etag, self.problem = value, etag, self.defects(value)

    def _newest(self) -> Value:
        condition: dict[str, Any] = {"IfNoneMatch": self.etag} if self.etag else {}
        try:
            with retryable(f"read {self.name}"):
                response = self.client.get_object(Bucket=self.bucket, Key=self.key, **condition)
        except ClientError as error:
            return self._unchanged() if status_of(error) == NOT_MODIFIED else self._refused(error)
        try:
            value = self.parse(response)
        except self.invalid:
            self.etag = response["ETag"]  # an invalid version is not downloaded again either
            raise
        self.written(value, response["ETag"])
        return value

    def _unchanged(self) -> Value:
        if self.current is None:
            raise self.invalid(self.problem)
        return self.current

    def _refused(self, error: ClientError) -> Value:
        self.etag = None
        value = self.refused(error)
        self.problem = self.defects(value)
        return value
