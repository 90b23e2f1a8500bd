"""Suppressions that people edit: seeded once, read again when they change, and never worse for a mistake."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from flowsentry import telemetry
from flowsentry.aws import clients
from flowsentry.aws.findings.suppressions import (
    REFRESH_SECONDS,
    SEED_SECONDS,
    LiveSuppressions,
    SeedParameter,
)
from flowsentry.errors import RetryableError
from flowsentry.findings.suppressions import MAX_BYTES, Suppressions
from tests.lambdas.conftest import metrics_in, total
from tests.moto_world import OUTPUT_BUCKET, make_bucket, object_in

KEY, PARAMETER = "suppressions/suppressions.json", "/flowsentry/suppressions"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_a_discovery(self) -> None:
        self.now += REFRESH_SECONDS


def text(*reasons: str) -> str:
    return json.dumps({"suppressions": [{"reason": reason, "ports": [22]} for reason in reasons]})


def write(body: str) -> None:
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=KEY, Body=body.encode())


def write_seed(value: str) -> None:
    clients.ssm().put_parameter(Name=PARAMETER, Value=value, Type="String", Overwrite=True)


def reasons(suppressions: Suppressions) -> list[str]:
    return [each.reason for each in suppressions.entries]


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry.logger(), "info", lambda _message, extra: extra)
    make_bucket(OUTPUT_BUCKET)
    write_seed(text("seed"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def live(clock: Clock) -> LiveSuppressions:
    seed = SeedParameter(PARAMETER, clients.ssm(), clock)
    return LiveSuppressions(OUTPUT_BUCKET, KEY, clients.s3(), seed, clock)


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """How many looks since the last question found what can't be read, and what the log said last."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "object_processor")
    telemetry.metrics.cache_clear()
    telemetry.metrics().clear_metrics()
    told = [""]
    monkeypatch.setattr(telemetry.logger(), "error", lambda _message, extra: told.append(extra["trouble"]))

    def read() -> tuple[float, str]:
        if telemetry.metrics().metric_set:
            telemetry.metrics().flush_metrics()
        return total(metrics_in(capsys.readouterr().out), "SuppressionsUnreadable"), told[-1]

    return read


class Unreachable:
    """S3, or Systems Manager, on a bad day."""

    def get_object(self, **_: Any) -> None:
        answer: Any = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
        raise ClientError(answer, "GetObject")

    get_parameter = get_object


class Denied:
    def get_object(self, **_: Any) -> None:
        answer: Any = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        raise ClientError(answer, "GetObject")


def test_while_there_is_no_object_the_seed_holds(live: LiveSuppressions, unreadable: Any) -> None:
    assert reasons(live.load()) == ["seed"]
    assert unreadable()[0] == 0


def test_without_a_seed_either_nothing_is_suppressed() -> None:
    none = SeedParameter("", clients.ssm())
    assert LiveSuppressions(OUTPUT_BUCKET, KEY, clients.s3(), none).load() == Suppressions()


def test_the_object_holds_over_the_seed(live: LiveSuppressions) -> None:
    write(text("people"))
    assert reasons(live.load()) == ["people"]


def test_a_change_holds_at_the_next_look_and_nothing_is_asked_before(live: LiveSuppressions, clock: Clock) -> None:
    write(text("first"))
    first = live.load()
    write(text("second"))
    clock.now = REFRESH_SECONDS - 1
    assert live.load() is first
    clock.now = REFRESH_SECONDS
    assert reasons(live.load()) == ["second"]


def test_what_has_not_changed_is_the_same_object(live: LiveSuppressions, clock: Clock) -> None:
    write(text("people"))
    first = live.load()
    clock.pass_a_discovery()
    assert live.load() is first


def test_a_seed_that_has_not_changed_is_the_same_object(live: LiveSuppressions, clock: Clock) -> None:
    first = live.load()
    clock.now = SEED_SECONDS + 1
    assert live.load() is first


@pytest.mark.parametrize("body", ["{", '{"suppressions": [{"reason": "all"}]}', " " * (MAX_BYTES + 1)])
def test_one_that_can_not_be_read_leaves_the_last_good_one_and_alarms_until_it_is_mended(
    live: LiveSuppressions, clock: Clock, unreadable: Any, body: str
) -> None:
    write(text("good"))
    good = live.load()
    write(body)
    for _ in range(2):
        clock.pass_a_discovery()
        assert live.load() is good
    assert unreadable()[0] == 2
    write(text("mended"))
    clock.pass_a_discovery()
    assert (reasons(live.load()), unreadable()[0]) == (["mended"], 0)


def test_the_log_says_what_is_wrong_with_which_entry(live: LiveSuppressions, unreadable: Any) -> None:
    write(json.dumps({"suppressions": [{"reason": "ours", "networks": ["10.0.0.1/8"]}]}))
    live.load()
    assert 'suppressions[0].networks is ["10.0.0.1/8"]' in unreadable()[1]


def test_one_that_was_never_readable_leaves_the_seed(live: LiveSuppressions, unreadable: Any) -> None:
    write("{")
    assert reasons(live.load()) == ["seed"]
    assert unreadable()[0] == 1


@pytest.mark.parametrize("seed", ["{", None])
def test_a_seed_that_can_not_be_read_suppresses_nothing_and_alarms(
    live: LiveSuppressions, unreadable: Any, seed: str | None
) -> None:
    if seed is None:
        clients.ssm().delete_parameter(Name=PARAMETER)
    else:
        write_seed(seed)
    assert live.load() == Suppressions()
    assert (unreadable()[0], live.seed_once()) == (1, False)


def test_an_object_that_was_deleted_leaves_the_seed(live: LiveSuppressions, clock: Clock) -> None:
    write(text("people"))
    live.load()
    clients.s3().delete_object(Bucket=OUTPUT_BUCKET, Key=KEY)
    clock.pass_a_discovery()
    assert reasons(live.load()) == ["seed"]


def test_an_object_that_is_denied_leaves_the_last_good_one_and_alarms(
    live: LiveSuppressions, clock: Clock, unreadable: Any
) -> None:
    write(text("people"))
    live.load()
    live.client = Denied()  # type: ignore[assignment]
    clock.pass_a_discovery()
    assert (reasons(live.load()), unreadable()[0]) == (["people"], 1)


def test_while_s3_can_not_be_reached_the_last_good_one_holds(live: LiveSuppressions, clock: Clock) -> None:
    write(text("people"))
    live.load()
    live.client = Unreachable()  # type: ignore[assignment]
    clock.pass_a_discovery()
    assert reasons(live.load()) == ["people"]


@pytest.mark.parametrize("part", ["s3", "ssm"])
def test_a_batch_waits_when_nothing_was_ever_read(live: LiveSuppressions, part: str) -> None:
    """What is told can't be taken back."""
    if part == "s3":
        live.client = Unreachable()  # type: ignore[assignment]
    else:
        live.seed.client = Unreachable()  # type: ignore[assignment]
    with pytest.raises(RetryableError):
        live.load()


def test_the_seed_becomes_the_object_once_and_reads_like_a_page(live: LiveSuppressions) -> None:
    assert live.seed_once()
    written = object_in(OUTPUT_BUCKET, KEY)
    assert reasons(Suppressions.of_json(written)) == ["seed"]
    assert len(written.splitlines()) > 5
    assert not live.seed_once()


def test_another_seed_of_a_later_deploy_changes_nothing(live: LiveSuppressions, clock: Clock) -> None:
    live.seed_once()
    write_seed(text("another seed"))
    clock.now = 10 * SEED_SECONDS
    assert not live.seed_once()
    assert reasons(live.load()) == ["seed"]


def test_what_people_wrote_is_never_overwritten_not_even_when_it_can_not_be_read(live: LiveSuppressions) -> None:
    write("{")
    assert not live.seed_once()
    assert object_in(OUTPUT_BUCKET, KEY) == b"{"


def test_of_two_runs_that_see_no_object_one_writes(live: LiveSuppressions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_is_there", lambda: False)
    write(text("people, meanwhile"))
    assert not live.seed_once()
    assert reasons(live.load()) == ["people, meanwhile"]
