"""Suppressions in an S3 object that people edit: an invalid version is reported, the last valid one stays active."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.cached_object import CachedObject
from flowsentry.aws.object_store import CONFLICT, DENIED, MISSING
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.findings.suppressions import MAX_BYTES, Suppressions, UnreadableSuppressionsError
from flowsentry.telemetry import count, logger

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

PARAMETER_UNREADABLE = frozenset({"AccessDeniedException", "ParameterNotFound"})
REFRESH_SECONDS = 60.0
"""How long suppressions are used without asking S3. Longer: a change is active later. Shorter: one more request for
nearly every CloudWatch payload."""
SEED_SECONDS = 300.0
"""The same for the parameter, which is read only while the object is missing: minutes, after the first deployment."""


@dataclass
class SeedParameter:
    """The SSM parameter with the first version of the suppressions; without a name there are none."""

    name: str
    client: "SSMClient"
    clock: Callable[[], float] = time.time
    _text: str = field(default="", init=False)
    _suppressions: Suppressions = field(default_factory=Suppressions, init=False)
    _fresh_until: float = field(default=float("-inf"), init=False)

    def suppressions(self) -> Suppressions:
        """The parameter's suppressions, at most SEED_SECONDS old; the same object until they change. Raises
        UnreadableSuppressionsError when the value is invalid.
        """
        if self.name and self.clock() >= self._fresh_until:
            text = self._read()
            if text != self._text:
                self._suppressions, self._text = Suppressions.of_json(text), text
            self._fresh_until = self.clock() + SEED_SECONDS
        return self._suppressions

    def as_written(self) -> bytes:
        """The value as indented JSON, for people to edit; empty without a name."""
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
class LiveSuppressions(CachedObject[Suppressions]):
    """The suppressions in an object, and while there is none, those of the seed parameter.

    `load` raises RetryableError when S3 cannot be reached and nothing was read before: an alert that a suppression
    should have stopped cannot be taken back, while the batch can wait.
    """

    clock: Callable[[], float] = time.time
    seed: SeedParameter = field(kw_only=True)

    refresh_seconds = REFRESH_SECONDS
    invalid = UnreadableSuppressionsError

    @classmethod
    def of(cls, bucket: str, key: str, parameter: str) -> Self:
        """The suppressions that a function's settings name."""
        return cls(bucket, key, clients.s3(), seed=SeedParameter(parameter, clients.ssm()))

    @property
    def name(self) -> str:
        return "the suppressions"

    def parse(self, response: Mapping[str, Any]) -> Suppressions:
        read = Suppressions.of_json(response["Body"].read(MAX_BYTES + 1))  # one byte more shows that it is too large
        _log(read, response.get("VersionId", ""), self.clock())
        return read

    def refused(self, error: ClientError) -> Suppressions:
        if code_of(error) in MISSING:
            return self.seed.suppressions()
        if code_of(error) in DENIED:
            raise UnreadableSuppressionsError(f"it can't be read: {error}") from error
        raise error

    def fallback(self, error: Exception) -> Suppressions:  # noqa: ARG002 - reported as the problem
        """The seed, or no suppressions where the seed is invalid too."""
        try:
            return self.seed.suppressions()
        except UnreadableSuppressionsError:
            return Suppressions()

    def defects(self, value: Suppressions) -> str:
        return "; ".join(value.unknown_kinds)

    def report(self, problem: str) -> None:
        count("SuppressionsUnreadable")
        extra = {"object": f"s3://{self.bucket}/{self.key}", "problem": problem}
        logger().error("suppressions not used", extra=extra)

    def seed_once(self) -> bool:
        """Whether the object was written just now, from the seed. It is written only where there is none, so that
        nothing that a person or another run wrote is overwritten. Raises RetryableError.
        """
        with retryable("check for the suppressions"):
            if self._is_there():
                return False
            try:
                first = self.seed.as_written()
            except UnreadableSuppressionsError as error:
                self.report(str(error))
                return False
        with retryable("write the first suppressions"):
            return bool(first) and self._is_written(first)

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


def _log(read: Suppressions, version: str, now: float) -> None:
    """Logs the active version, and how many entries have no effect."""
    off = sum(not each.is_enabled for each in read.entries)
    extra = {"version": version, "entries": len(read.entries), "off": off, "expired": read.expired(now)}
    logger().info("suppressions read", extra=extra)
