"""Suppressions that people edit: seeded once, refreshed when they change, and robust against mistakes."""

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
    return LiveSuppressions(OUTPUT_BUCKET, KEY, clients.s3(), clock, seed=seed)


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """How many reloads since the last call found an invalid object, and the last problem in the log."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "object_processor")
    telemetry.metrics.cache_clear()
    telemetry.metrics().clear_metrics()
    problems = [""]
    monkeypatch.setattr(telemetry.logger(), "error", lambda _message, extra: problems.append(extra["problem"]))

    def read() -> tuple[float, str]:
        if telemetry.metrics().metric_set:
            telemetry.metrics().flush_metrics()
        return total(metrics_in(capsys.readouterr().out), "SuppressionsUnreadable"), problems[-1]

    return read


class Unreachable:
    """S3, or Systems Manager, that throttles every call."""

    def get_object(self, **_: Any) -> None:
        answer: Any = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
        raise ClientError(answer, "GetObject")

    get_parameter = get_object


class Denied:
    def get_object(self, **_: Any) -> None:
        answer: Any = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        raise ClientError(answer, "GetObject")


def test_without_an_object_the_seed_is_active(live: LiveSuppressions, unreadable: Any) -> None:
    assert reasons(live.load()) == ["seed"]
    assert unreadable()[0] == 0


def test_without_a_seed_either_nothing_is_suppressed() -> None:
    none = SeedParameter("", clients.ssm())
    assert LiveSuppressions(OUTPUT_BUCKET, KEY, clients.s3(), seed=none).load() == Suppressions()


def test_the_object_replaces_the_seed(live: LiveSuppressions) -> None:
    write(text("people"))
    assert reasons(live.load()) == ["people"]


def test_a_change_is_active_after_the_refresh_time_without_requests_before(
    live: LiveSuppressions, clock: Clock
) -> None:
    write(text("first"))
    first = live.load()
    write(text("second"))
    clock.now = REFRESH_SECONDS - 1
    assert live.load() is first
    clock.now = REFRESH_SECONDS
    assert reasons(live.load()) == ["second"]


def test_unchanged_suppressions_are_the_same_object(live: LiveSuppressions, clock: Clock) -> None:
    write(text("people"))
    first = live.load()
    clock.pass_a_discovery()
    assert live.load() is first


def test_an_unchanged_seed_is_the_same_object(live: LiveSuppressions, clock: Clock) -> None:
    first = live.load()
    clock.now = SEED_SECONDS + 1
    assert live.load() is first


@pytest.mark.parametrize("body", ["{", '{"suppressions": [{"reason": "all"}]}', " " * (MAX_BYTES + 1)])
def test_an_unreadable_object_leaves_the_last_valid_version_and_alarms_until_repaired(
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


def test_the_log_names_the_invalid_entry_and_the_reason(live: LiveSuppressions, unreadable: Any) -> None:
    write(json.dumps({"suppressions": [{"reason": "ours", "networks": ["10.0.0.1/8"]}]}))
    live.load()
    assert 'suppressions[0].networks is ["10.0.0.1/8"]' in unreadable()[1]


def test_an_entry_of_an_unknown_kind_is_reported_until_repaired_while_the_others_are_active(
    live: LiveSuppressions, clock: Clock, unreadable: Any
) -> None:
    unknown = {"reason": "old", "kinds": ["retired"]}
    write(json.dumps({"suppressions": [unknown, {"reason": "ours", "ports": [22]}]}))
    for _ in range(2):
        assert reasons(live.load()) == ["ours"]
        clock.pass_a_discovery()
    reports, problem = unreadable()
    assert (reports, problem[:38]) == (2, 'suppressions[0].kinds is ["retired"]; ')
    write(text("mended"))
    assert (reasons(live.load()), unreadable()[0]) == (["mended"], 0)


def test_an_object_that_was_never_readable_leaves_the_seed(live: LiveSuppressions, unreadable: Any) -> None:
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


def test_a_deleted_object_leaves_the_seed(live: LiveSuppressions, clock: Clock) -> None:
    write(text("people"))
    live.load()
    clients.s3().delete_object(Bucket=OUTPUT_BUCKET, Key=KEY)
    clock.pass_a_discovery()
    assert reasons(live.load()) == ["seed"]


def test_a_denied_object_leaves_the_last_valid_version_and_alarms(
    live: LiveSuppressions, clock: Clock, unreadable: Any
) -> None:
    write(text("people"))
    live.load()
    live.client = Denied()  # type: ignore[assignment]
    clock.pass_a_discovery()
    assert (reasons(live.load()), unreadable()[0]) == (["people"], 1)


def test_while_s3_is_unreachable_the_last_valid_version_is_active(live: LiveSuppressions, clock: Clock) -> None:
    write(text("people"))
    live.load()
    live.client = Unreachable()  # type: ignore[assignment]
    clock.pass_a_discovery()
    assert reasons(live.load()) == ["people"]


@pytest.mark.parametrize("part", ["s3", "ssm"])
def test_without_any_version_an_unreachable_s3_raises_retryable_error(live: LiveSuppressions, part: str) -> None:
    """A delivered alert cannot be taken back."""
    if part == "s3":
        live.client = Unreachable()  # type: ignore[assignment]
    else:
        live.seed.client = Unreachable()  # type: ignore[assignment]
    with pytest.raises(RetryableError):
        live.load()


def test_the_seed_is_written_once_as_an_indented_object(live: LiveSuppressions) -> None:
    assert live.seed_once()
    written = object_in(OUTPUT_BUCKET, KEY)
    assert reasons(Suppressions.of_json(written)) == ["seed"]
    assert len(written.splitlines()) > 5
    assert not live.seed_once()


def test_a_new_seed_does_not_change_an_existing_object(live: LiveSuppressions, clock: Clock) -> None:
    live.seed_once()
    write_seed(text("another seed"))
    clock.now = 10 * SEED_SECONDS
    assert not live.seed_once()
    assert reasons(live.load()) == ["seed"]


def test_an_existing_object_is_never_overwritten_even_when_unreadable(live: LiveSuppressions) -> None:
    write("{")
    assert not live.seed_once()
    assert object_in(OUTPUT_BUCKET, KEY) == b"{"


def test_of_two_runs_without_an_object_one_writes(live: LiveSuppressions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_is_there", lambda: False)
    write(text("people, meanwhile"))
    assert not live.seed_once()
    assert reasons(live.load()) == ["people, meanwhile"]
