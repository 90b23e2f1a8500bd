"""Objects of S3: which ones an address names, and reading on after the connection broke."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.paginate import Paginator
from botocore.response import StreamingBody
from urllib3.exceptions import SSLError

from local import log_objects
from local.log_objects import ATTEMPTS, ConnectionLostError, LogObject, S3Access, objects_at
from local.query.time_range import TimeRange, moment
from tests.local.conftest import BUCKET

REGIONS = ("eu-west-1", "us-east-1")
ALWAYS = TimeRange()


def key(region: str, day: str, *, hive: bool = False) -> str:
    year, month, of_month = day.split("-")
    name = f"111111111111_vpcflowlogs_{region}_fl-1_{day.replace('-', '')}T0300Z_1.log.gz"
    if hive:
        parts = f"aws-region={region}/year={year}/month={month}/day={of_month}"
        return f"AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/{parts}/{name}"
    return f"AWSLogs/111111111111/vpcflowlogs/{region}/{year}/{month}/{of_month}/{name}"


def put(s3: Any, *keys: str) -> None:
    for each in keys:
        s3.put_object(Bucket=BUCKET, Key=each, Body=b"")


def days(first: str, last: str) -> TimeRange:
    return TimeRange(moment(first, is_last=False), moment(last, is_last=True))


def keys_at(pattern: str, times: TimeRange = ALWAYS) -> list[str]:
    return [each.key for each in objects_at(f"s3://{BUCKET}/{pattern}", S3Access(), times)]


def test_a_star_in_an_address_is_any_text(bucket: Any) -> None:
    keys = [key(region, "2026-11-03") for region in REGIONS]
    put(bucket, *keys, "other/flows.log")
    assert keys_at("AWSLogs/111*") == keys
    assert keys_at("AWSLogs/*/vpcflowlogs/us-*") == keys[1:]
    assert keys_at("*/flows.log") == ["other/flows.log"]


@pytest.mark.parametrize("hive", [False, True])
def test_only_the_days_of_a_time_are_listed(bucket: Any, monkeypatch: pytest.MonkeyPatch, *, hive: bool) -> None:
    keys = [key("us-east-1", f"2026-11-{day:02}", hive=hive) for day in range(1, 20)]
    put(bucket, *keys)
    real, asked = Paginator.paginate, list[Any]()

    def paginate(self: Any, **arguments: Any) -> Any:
        asked.append(arguments)
        return real(self, **arguments)

    monkeypatch.setattr(Paginator, "paginate", paginate)
    prefix = keys[0][: keys[0].index("2026") - (5 if hive else 0)]
    assert keys_at(prefix, days("2026-11-04", "2026-11-06")) == keys[3:6]
    [arguments] = asked
    assert keys[1] < arguments["StartAfter"] < keys[3]


def test_objects_of_other_days_are_left_out_under_any_prefix(bucket: Any) -> None:
    keys = [key(region, f"2026-11-{day:02}") for region in REGIONS for day in range(1, 5)]
    put(bucket, *keys)
    assert keys_at("AWSLogs/", days("2026-11-02", "2026-11-02")) == [keys[1], keys[5]]


def test_a_time_without_objects_is_no_error(bucket: Any) -> None:
    put(bucket, key("us-east-1", "2026-11-03"))
    assert keys_at("AWSLogs/", days("2027-01-01", "2027-01-02")) == []


def test_a_profile_that_does_not_exist_is_an_os_error() -> None:
    with pytest.raises(OSError, match=r"cannot list s3://x/y: .*nobody"):
        objects_at("s3://x/y", S3Access(profile="nobody"), ALWAYS)


@dataclass
class Breaking:
    """S3 whose connection breaks `breaks` times by an error, each time after four bytes; `asked` are the ranges."""

    content: bytes
    breaks: int
    refusal: str = ""
    status: int = 403
    error: Exception = field(default_factory=lambda: ReadTimeoutError(endpoint_url="s3"))
    asked: list[str] = field(default_factory=list)

    def get_object(self, Bucket: str, Key: str, Range: str = "bytes=0-", IfMatch: str = "1") -> dict[str, Any]:  # noqa: N803 - boto3's
        self.asked.append(Range)
        if self.refusal or IfMatch != "1":
            code = self.refusal or "PreconditionFailed"
            answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": self.status}}
            raise ClientError(answer, f"GetObject of {Bucket} {Key}")
        rest = self.content[int(Range[6:-1]) :]
        self.breaks -= 1
        return {
            "ETag": "1",
            "Body": Cut(rest, self.error) if self.breaks >= 0 else StreamingBody(io.BytesIO(rest), len(rest)),
        }


@dataclass
class Cut:
    content: bytes
    error: Exception

    def iter_chunks(self, _size: int) -> Iterator[bytes]:
        yield self.content[:4]
        raise self.error


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_objects, "pause_seconds", lambda _failures: 0)


def read(s3: Any) -> bytes:
    return b"".join(LogObject(BUCKET, "k", 10, s3).blocks())


@pytest.mark.parametrize(
    "error", [ReadTimeoutError(endpoint_url="s3"), SSLError("EOF occurred in violation of protocol")]
)
def test_an_object_is_read_on_from_where_the_connection_broke(error: Exception) -> None:
    s3 = Breaking(b"0123456789", breaks=2, error=error)
    assert read(s3) == b"0123456789"
    assert s3.asked == ["bytes=0-", "bytes=4-", "bytes=8-"]


def test_a_connection_that_breaks_again_and_again_is_lost() -> None:
    with pytest.raises(ConnectionLostError, match=f"cannot read s3://{BUCKET}/k"):
        read(Breaking(b"0" * 100, breaks=ATTEMPTS))


@pytest.mark.parametrize(
    ("code", "status", "failure"),
    [
        ("AccessDenied", 403, OSError),
        ("NoSuchKey", 404, OSError),
        ("InvalidObjectState", 403, OSError),
        ("ExpiredToken", 400, ConnectionLostError),
        ("SlowDown", 503, ConnectionLostError),
    ],
)
def test_what_is_wrong_with_one_object_is_no_lost_connection(code: str, status: int, failure: type[OSError]) -> None:
    with pytest.raises(OSError, match=f"cannot read s3://{BUCKET}/k: .*{code}") as raised:
        read(Breaking(b"", 0, code, status))
    assert type(raised.value) is failure
