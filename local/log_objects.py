"""Flow logs in S3: the objects that an s3:// address names, and their content, which is asked for again if it stops."""

import math
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flowsentry.records.object_key import FLOW_LOGS, flow_log_key, is_no_flow_log
from local.query.time_range import EARLIEST, LATEST, TimeRange

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BLOCK_BYTES = 1 << 20
CONNECTIONS = 32
"""Open at the same time, as many as objects are read ahead. Fewer: threads wait for each other's connection."""
ATTEMPTS = 4
"""To read an object, if the connection breaks while its content arrives; what has arrived is kept. More: a network that
is gone is noticed later. Fewer: a short break stops a replay."""
FILE_SECONDS = 300
"""A flow log file has the records that ended within so many seconds from the time in its name."""
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidToken", "RequestExpired", "TokenRefreshRequired"})
SERVER_ERROR = 500
_ENDS_AS_LOGS_DO = re.compile(r"\.(log|txt|gz|parquet)$")
_DATED = re.compile(rf"(?P<base>(?:.*/)?(?:aws-service=)?{FLOW_LOGS}/(?P<hive>aws-region=)?[a-z0-9-]+/)")


class ConnectionLostError(OSError):
    """S3 can't be reached any more, or the credentials have expired: further objects can't be read either."""


@dataclass(frozen=True)
class S3Access:
    """The AWS profile and Region that S3 is read with; without them, those of the environment."""

    profile: str | None = None
    region: str | None = None

    @cached_property
    def client(self) -> "S3Client":
        """Raises BotoCoreError for a profile that does not exist."""
        import boto3  # noqa: PLC0415 - only s3:// addresses need boto3
        from botocore.config import Config  # noqa: PLC0415

        bounds = Config(
            connect_timeout=5,
            read_timeout=20,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=CONNECTIONS,
        )
        return boto3.Session(profile_name=self.profile, region_name=self.region).client("s3", config=bounds)


@dataclass(frozen=True, slots=True)
class LogObject:
    """An S3 object of this size."""

    bucket: str
    key: str
    size: int
    s3: "S3Client" = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def blocks(self) -> Iterator[bytes]:
        """The content. Raises OSError for an object that is missing or refused, and ConnectionLostError."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only s3:// addresses need boto3
        from urllib3.exceptions import SSLError  # noqa: PLC0415 - likewise

        part, left = _Part(), ATTEMPTS
        while True:
            try:
                for block in self._rest(part):
                    part.done += len(block)
                    yield block
            except ClientError as error:
                raise _failure(error)(f"cannot read {self.name}: {error}") from error
            except (BotoCoreError, SSLError) as error:  # botocore passes on what TLS raises while content arrives
                if not (left := left - 1):
                    raise ConnectionLostError(f"cannot read {self.name}: {error}") from error
                time.sleep(pause_seconds(ATTEMPTS - left))
            else:
                return

    def _rest(self, part: "_Part") -> Iterator[bytes]:
        """The content from where it stopped, of the same version of the object."""
        again: dict[str, Any] = {"Range": f"bytes={part.done}-", "IfMatch": part.etag} if part.done else {}
        answer = self.s3.get_object(Bucket=self.bucket, Key=self.key, **again)
        part.etag = answer["ETag"]
        yield from answer["Body"].iter_chunks(BLOCK_BYTES)


@dataclass
class _Part:
    """The bytes of an object that have arrived, and its version."""

    done: int = 0
    etag: str = ""


def pause_seconds(failures: int) -> float:
    """The time before the next attempt: 0.5 s, 1 s, 2 s."""
    return math.ldexp(0.25, failures)


def _failure(error: Any) -> type[OSError]:
    """ConnectionLostError for what is wrong with more than this object."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    is_general = status >= SERVER_ERROR or error.response["Error"].get("Code") in EXPIRED
    return ConnectionLostError if is_general else OSError


def looks_like_logs(key: str) -> bool:
    """Whether a name is one of a flow log, as AWS gives it or by its ending."""
    return bool(flow_log_key(key)) or (bool(_ENDS_AS_LOGS_DO.search(key)) and not is_no_flow_log(key))


def may_have_records_of(times: TimeRange, name: str) -> bool:
    """Whether a file may have records that ended in this time; true for a name without a time."""
    key, (first, last) = flow_log_key(name), times.seconds
    return key is None or (key.delivered_at + FILE_SECONDS > first and key.delivered_at <= last)


def objects_at(address: str, access: S3Access, times: TimeRange) -> list[LogObject]:
    """The flow logs under an s3:// prefix, in which `*` is any text, that may have records of this time; in the order
    of S3. How many other objects are there is printed on stderr. Raises OSError when the address can't be listed, and
    FileNotFoundError when there is nothing.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only s3:// addresses need boto3

    bucket, _, pattern = address.removeprefix("s3://").partition("/")
    if not bucket:
        raise FileNotFoundError(f"{address}: names no bucket; give s3://BUCKET/PREFIX")
    found, others, total = list[LogObject](), 0, 0
    try:
        for page in _pages(access.client, bucket, pattern.partition("*")[0], times):
            named = [each for each in page if _matches(pattern, each["Key"])]
            logs = [each for each in named if each["Key"] == pattern or looks_like_logs(each["Key"])]
            total, others = total + len(named), others + len(named) - len(logs)
            timely = (each for each in logs if may_have_records_of(times, each["Key"]))
            found += [LogObject(bucket, each["Key"], each["Size"], access.client) for each in timely]
    except (BotoCoreError, ClientError) as error:
        raise OSError(f"cannot list {address}: {error}") from error
    if not total and times == TimeRange():
        raise FileNotFoundError(f"{address}: no such object or prefix")
    if others:
        print(f"flowsentry: {address}: skipped {others:,} objects whose keys are not flow logs", file=sys.stderr)
    return found


def _matches(pattern: str, key: str) -> bool:
    """Whether the key begins with the pattern, in which `*` is any text."""
    return "*" not in pattern or bool(re.match(re.escape(pattern).replace(r"\*", ".*"), key, re.DOTALL))


def _pages(s3: "S3Client", bucket: str, prefix: str, times: TimeRange) -> Iterator[list[Mapping[str, Any]]]:
    """The objects under a prefix, of the days of this time where keys have days after the prefix."""
    after, until = _days_in_keys(prefix, times)
    start: Any = {"StartAfter": after} if after else {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **start):
        entries: list[Any] = page.get("Contents", [])
        yield [each for each in entries if not until or each["Key"] < until]
        if until and entries and entries[-1]["Key"] >= until:
            return


def _days_in_keys(prefix: str, times: TimeRange) -> tuple[str, str]:
    """The keys between which the days of this time are; no text where the prefix is not of one flow log Region."""
    dated = _DATED.match(prefix)
    if not dated:
        return "", ""
    form = "year=%Y/month=%m/day=%d" if dated["hive"] else "%Y/%m/%d"
    first, last = times.first - timedelta(seconds=FILE_SECONDS), times.last + timedelta(days=1)
    after = "" if times.first == EARLIEST else dated["base"] + first.strftime(form)
    return after, "" if times.last == LATEST else dated["base"] + last.strftime(form)
