"""notifier: new findings within seconds, what was left over and digests on schedule; nothing is dropped."""

import json
from types import ModuleType
from typing import Any

import pytest

from flowsentry.aws import clients
from flowsentry.aws.finding_table import FindingTable
from flowsentry.aws.outbox import LEFT_OVER_SECONDS, MAX_MESSAGES
from flowsentry.errors import RetryableError
from flowsentry.findings import Finding, Severity
from tests.lambdas.conftest import NOW, Invocation, LoadHandler, World, metrics_in, recorded, total
from tests.moto_world import FINDINGS_TABLE, items_of, messages_in

HOUR = 3_600


class Clock:
    """What the notifier and its table take for now."""

    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def handler(load_handler: LoadHandler, clock: Clock) -> ModuleType:
    loaded = load_handler("notifier")
    object.__setattr__(loaded.outbox(), "clock", clock)
    return loaded


def finding(name: str, severity: Severity = Severity.HIGH, subject: str = "10.0.1.5") -> Finding:
    relation = "outside_background" if severity is Severity.BACKGROUND else "inside_to_inside"
    details = {"relation": relation, "hosts": 12, "ports": 1}
    return Finding(name, "host_sweep", severity, "Sweep", subject, "vpc-1", NOW - 60, NOW, 12, details)


def put(clock: Clock, *findings: Finding, at: float = NOW) -> None:
    FindingTable(FINDINGS_TABLE, clients.dynamodb(), clock=lambda: at).put_new(findings)
    clock.now = max(clock.now, int(at))


def put_recorded(clock: Clock) -> None:
    records = recorded("notifier_findings_stream")["Records"]
    put(clock, *(Finding.from_json(record["dynamodb"]["NewImage"]["finding"]["S"]) for record in records))


def unpublished() -> list[str]:
    return sorted(item["id"]["S"] for item in items_of(FINDINGS_TABLE) if "unpublished" in item)


def delivered(world: World) -> list[dict[str, Any]]:
    envelopes = [json.loads(message["Body"]) for message in messages_in(world.subscriber)]
    return [json.loads(envelope["Message"]) for envelope in envelopes]


def test_the_stream_sends_alerts_and_leaves_background_to_the_digest(
    handler: ModuleType, invocation: Invocation, world: World, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    put_recorded(clock)
    handler.lambda_handler(recorded("notifier_findings_stream"), invocation)
    (message,) = messages_in(world.subscriber)
    envelope = json.loads(message["Body"])
    assert envelope["Subject"] == "[high] web-1 (10.0.1.5) is searching your network: it tried 1 port on 12 hosts"
    assert json.loads(envelope["Message"])["id"] == "5c1f2e8a90b1c2d3e4f50617"
    attributes = {name: value["Value"] for name, value in envelope["MessageAttributes"].items()}
    assert attributes == {
        "kind": "host_sweep",
        "severity": "high",
        "scope": "vpc-0123456789abcdef0",
        "subject": "10.0.1.5",
    }
    assert unpublished() == ["00ff2e8a90b1c2d3e4f50617"]
    assert total(metrics_in(capsys.readouterr().out), "AlertsPublished") == 1


def test_a_record_delivered_twice_is_one_message(
    handler: ModuleType, invocation: Invocation, world: World, clock: Clock
) -> None:
    put_recorded(clock)
    handler.lambda_handler(recorded("notifier_findings_stream"), invocation)
    handler.lambda_handler(recorded("notifier_findings_stream"), invocation)
    assert len(messages_in(world.subscriber)) == 1


def test_changes_that_are_no_new_finding_send_nothing(
    handler: ModuleType, invocation: Invocation, world: World, clock: Clock
) -> None:
    put_recorded(clock)
    event = recorded("notifier_findings_stream")
    for record in event["Records"]:
        record["eventName"] = "MODIFY"
    handler.lambda_handler(event, invocation)
    assert messages_in(world.subscriber) == []


def test_people_read_text_and_machines_json(handler: ModuleType, invocation: Invocation, clock: Clock) -> None:
    published: list[dict[str, Any]] = []

    class Recording:
        def publish(self, **arguments: Any) -> None:
            published.append(arguments)

    put_recorded(clock)
    object.__setattr__(handler.outbox().topic, "client", Recording())
    handler.lambda_handler(recorded("notifier_findings_stream"), invocation)
    forms = json.loads(published[0]["Message"])
    assert forms["default"] == forms["email"]
    assert forms["email"].startswith("web-1 (instance i-0123456789abcdef0, 10.0.1.5) is searching your network")
    assert json.loads(forms["sqs"]) == json.loads(forms["lambda"]) == json.loads(forms["https"])


def test_the_schedule_sends_what_the_stream_left_over(
    handler: ModuleType, invocation: Invocation, world: World, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    put(clock, finding("old"), at=NOW - LEFT_OVER_SECONDS)
    put(clock, finding("just-found"), at=NOW - LEFT_OVER_SECONDS + 1)
    handler.lambda_handler(recorded("notifier_schedule"), invocation)
    assert [message["id"] for message in delivered(world)] == ["old"]
    assert unpublished() == ["just-found"]
    assert total(metrics_in(capsys.readouterr().out), "OldestAlertSeconds") == LEFT_OVER_SECONDS


def test_an_outage_of_the_topic_delays_an_alert_and_never_drops_it(
    handler: ModuleType, invocation: Invocation, world: World, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    put_recorded(clock)
    real = handler.outbox().topic.client

    class Down:
        def publish(self, **_: Any) -> None:
            answer: Any = {"Error": {"Code": "InternalError"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
            raise real.exceptions.ClientError(answer, "Publish")

    object.__setattr__(handler.outbox().topic, "client", Down())
    with pytest.raises(RetryableError, match="1 alerts stay in the outbox"):
        handler.lambda_handler(recorded("notifier_findings_stream"), invocation)
    assert total(metrics_in(capsys.readouterr().out), "AlertsFailed") == 1
    object.__setattr__(handler.outbox().topic, "client", real)
    clock.now += 3 * 24 * HOUR
    handler.lambda_handler(recorded("notifier_schedule"), invocation)
    assert [message["type"] for message in delivered(world)] == ["finding", "digest"]
    assert unpublished() == []


def test_one_alert_that_fails_holds_up_no_other(
    handler: ModuleType, invocation: Invocation, world: World, clock: Clock
) -> None:
    put(clock, finding("first"), finding("second"), finding("third"), at=NOW - HOUR)
    real = handler.outbox().topic.client

    class Picky:
        def publish(self, **arguments: Any) -> None:
            if '"second' in arguments["Message"] or "second" in arguments["Message"]:
                answer: Any = {"Error": {"Code": "InvalidParameter"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
                raise real.exceptions.ClientError(answer, "Publish")
            real.publish(**arguments)

    object.__setattr__(handler.outbox().topic, "client", Picky())
    with pytest.raises(RetryableError, match="second"):
        handler.lambda_handler(recorded("notifier_schedule"), invocation)
    assert sorted(message["id"] for message in delivered(world)) == ["first", "third"]
    assert unpublished() == ["second"]


def test_background_is_one_digest_once_the_oldest_has_waited_a_window(
    handler: ModuleType, invocation: Invocation, world: World, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    put(clock, *(finding(f"a{n}", Severity.BACKGROUND, f"203.0.113.{n}") for n in range(3)), at=NOW)
    put(clock, finding("b", Severity.BACKGROUND), at=NOW + HOUR - 1)
    handler.lambda_handler(recorded("notifier_schedule"), invocation)
    assert delivered(world) == []
    clock.now = NOW + HOUR
    handler.lambda_handler(recorded("notifier_schedule"), invocation)
    (digest,) = delivered(world)
    assert (digest["type"], digest["count"]) == ("digest", 4)
    assert unpublished() == []
    assert total(metrics_in(capsys.readouterr().out), "DigestsPublished") == 1


def test_there_is_at_most_one_digest_a_window(
    handler: ModuleType, invocation: Invocation, world: World, clock: Clock
) -> None:
    for minute in range(0, 180, 5):
        put(clock, finding(f"{minute:03}", Severity.BACKGROUND), at=NOW + 60 * minute)
        handler.lambda_handler(recorded("notifier_schedule"), invocation)
    assert len(delivered(world)) == 2


def test_a_burst_is_bounded_a_run_and_the_rest_follows(
    handler: ModuleType, invocation: Invocation, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    put(clock, *(finding(f"{n:04}") for n in range(MAX_MESSAGES + 20)), at=NOW - HOUR)
    handler.lambda_handler(recorded("notifier_schedule"), invocation)
    assert total(metrics_in(capsys.readouterr().out), "AlertsPublished") == MAX_MESSAGES
    assert len(unpublished()) == 20
    handler.lambda_handler(recorded("notifier_schedule"), invocation)
    assert unpublished() == []
