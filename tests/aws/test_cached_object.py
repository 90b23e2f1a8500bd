"""An object that is read by ETag: each version is parsed once, and an invalid one never replaces a valid one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.cached_object import CachedObject
from flowsentry.errors import RetryableError
from tests.moto_world import OUTPUT_BUCKET, make_bucket

KEY = "number.txt"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Number(CachedObject[int]):
    """A number as text; without an object there is none."""

    refresh_seconds = 10
    invalid = ValueError
    parsed: list[int] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)

    def parse(self, response: Mapping[str, Any]) -> int:
        self.parsed.append(response["ContentLength"])
        return int(response["Body"].read())

    def refused(self, error: ClientError) -> NoReturn:
        raise ValueError("refused") from error

    def report(self, problem: str) -> None:
        self.reported.append(problem)


class Failing:
    def __init__(self, code: str, status: int) -> None:
        self.answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}

    def get_object(self, **_: Any) -> None:
        raise ClientError(self.answer, "GetObject")


@pytest.fixture
def clock() -> Clock:
    make_bucket(OUTPUT_BUCKET)
    return Clock()


@pytest.fixture
def number(clock: Clock) -> Number:
    return Number(OUTPUT_BUCKET, KEY, clients.s3(), clock)


def write(text: str) -> None:
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=KEY, Body=text.encode())


def load_later(number: Number, clock: Clock) -> int:
    clock.now += number.refresh_seconds
    return number.load()


def test_an_unchanged_version_is_parsed_once(number: Number, clock: Clock) -> None:
    write("1")
    assert [number.load(), number.load(), load_later(number, clock)] == [1, 1, 1]
    assert len(number.parsed) == 1


def test_a_new_version_is_read_after_the_refresh_time(number: Number, clock: Clock) -> None:
    write("1")
    number.load()
    write("2")
    assert [number.load(), load_later(number, clock)] == [1, 2]


def test_an_invalid_version_leaves_the_last_valid_one_and_is_reported_at_each_reload_but_parsed_once(
    number: Number, clock: Clock
) -> None:
    write("1")
    number.load()
    write("one")
    assert [load_later(number, clock), number.load(), load_later(number, clock)] == [1, 1, 1]
    assert (len(number.reported), len(number.parsed)) == (2, 2)
    write("2")
    assert load_later(number, clock) == 2
    assert (number.problem, len(number.reported)) == ("", 2)


def test_an_invalid_first_version_is_an_error_each_time(number: Number, clock: Clock) -> None:
    write("one")
    for _ in range(2):
        with pytest.raises(ValueError, match="one"):
            load_later(number, clock)
    assert len(number.parsed) == 1


def test_a_version_that_is_readable_again_after_a_denial_has_no_problem(number: Number, clock: Clock) -> None:
    write("1")
    number.load()
    s3, number.client = number.client, Failing("AccessDenied", 403)  # type: ignore[assignment]
    assert load_later(number, clock) == 1
    assert number.problem == "refused"
    number.client = s3
    assert load_later(number, clock) == 1
    assert number.problem == ""


def test_without_s3_the_last_valid_version_is_used_and_without_one_the_caller_must_retry(
    number: Number, clock: Clock
) -> None:
    write("1")
    number.load()
    number.client = Failing("SlowDown", 503)  # type: ignore[assignment]
    assert load_later(number, clock) == 1
    with pytest.raises(RetryableError, match=f"could not read s3://{OUTPUT_BUCKET}/{KEY}: SlowDown"):
        Number(OUTPUT_BUCKET, KEY, number.client, clock).load()
