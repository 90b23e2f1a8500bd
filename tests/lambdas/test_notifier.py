"""notifier: the handler and its channels. The tests of the outbox are in tests/aws."""

import json
import time
from types import ModuleType
from typing import Any

import pytest
from msgspec.structs import force_setattr

from flowsentry.aws import clients
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.upkeep.canary_run import FIRST_SECONDS
from flowsentry.errors import RetryableError
from flowsentry.findings.finding import Finding
from flowsentry.settings import SUPPRESSIONS_KEY
from tests.lambdas.conftest import NOW, Invocation, LoadHandler, World, metrics_in, recorded, subscribe, total
from tests.moto_world import (
    FINDINGS_TABLE,
    LOG_BUCKET,
    OUTPUT_BUCKET,
    REGION,
    items_of,
    keys_in,
    make_queue,
    messages_in,
    object_in,
)

HOUR = 3_600


class Clock:
    """The current time for the notifier and its table."""

    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def handler(load_handler: LoadHandler, clock: Clock) -> ModuleType:
    loaded = load_handler("notifier")
    put_recorded()
    at(loaded, clock)
    return loaded


def at(handler: ModuleType, clock: Clock) -> None:
    force_setattr(handler.outbox(), "clock", clock)
    handler.outbox().findings.clock = clock


def put_recorded() -> None:
    """Stores an urgent finding and one for the digest."""
    records = recorded("notifier_findings_stream")["Records"]
    found = [Finding.from_json(record["dynamodb"]["NewImage"]["finding"]["S"]) for record in records]
    FindingTable(FINDINGS_TABLE, clients.dynamodb(), clock=lambda: NOW).put_new(found)


def unpublished() -> list[str]:
    return sorted(item["id"]["S"] for item in items_of(FINDINGS_TABLE) if "unpublished" in item)


def delivered(queue_url: str) -> list[dict[str, Any]]:
    envelopes = [json.loads(message["Body"]) for message in messages_in(queue_url)]
    return [json.loads(envelope["Message"]) for envelope in envelopes]


def topic_and_queue(name: str) -> tuple[str, str]:
    topic, queue_url = clients.sns().create_topic(Name=name)["TopicArn"], make_queue(name)
    subscribe(topic, queue_url)
    return topic, queue_url


def test_the_stream_sends_alerts_and_leaves_background_to_the_digest(
    handler: ModuleType, invocation: Invocation, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    handler.lambda_handler(recorded("notifier_findings_stream"), invocation)
    (message,) = messages_in(world.subscriber)
    envelope = json.loads(message["Body"])
    assert envelope["Subject"].startswith("[high] web-1 (10.0.1.5)")
    assert json.loads(envelope["Message"])["id"] == "5c1f2e8a90b1c2d3e4f50617"
    attributes = {name: value["Value"] for name, value in envelope["MessageAttributes"].items()}
    assert (attributes["kind"], attributes["severity"], attributes["audience"]) == ("host_sweep", "high", "urgent")
    assert unpublished() == ["00ff2e8a90b1c2d3e4f50617"]
    assert total(metrics_in(capsys.readouterr().out), "AlertsPublished") == 1


def test_changes_of_existing_findings_send_nothing(handler: ModuleType, invocation: Invocation, world: World) -> None:
    event = recorded("notifier_findings_stream")
    for record in event["Records"]:
        record["eventName"] = "MODIFY"
    handler.lambda_handler(event, invocation)
    assert messages_in(world.subscriber) == []


def test_an_outage_of_the_topic_delays_an_alert_and_never_drops_it(
    handler: ModuleType, invocation: Invocation, world: World, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = handler.outbox().channels.people[0]
    real = topic.client

    class Down:
        def publish(self, **_: Any) -> None:
            answer: Any = {"Error": {"Code": "InternalError"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
            raise real.exceptions.ClientError(answer, "Publish")

    force_setattr(topic, "client", Down())
    with pytest.raises(RetryableError, match="1 alerts stay in the outbox"):
        handler.lambda_handler(recorded("notifier_findings_stream"), invocation)
    assert total(metrics_in(capsys.readouterr().out), "AlertsFailed") == 1
    force_setattr(topic, "client", real)
    clock.now += 3 * 24 * HOUR
    handler.lambda_handler(recorded("notifier_schedule"), invocation)
    assert [message["type"] for message in delivered(world.subscriber)] == ["finding", "digest"]
    assert unpublished() == []


def test_the_digest_goes_to_its_own_topic_where_there_is_one(
    load_handler: LoadHandler, invocation: Invocation, world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, queue_url = topic_and_queue("digests")
    monkeypatch.setenv("DIGEST_TOPIC_ARN", topic)
    handler = load_handler("notifier")
    put_recorded()
    at(handler, clock)
    clock.now += HOUR
    handler.lambda_handler(recorded("notifier_schedule"), invocation)
    assert [message["type"] for message in delivered(world.subscriber)] == ["finding"]
    assert [message["type"] for message in delivered(queue_url)] == ["digest"]
    assert unpublished() == []


def test_an_alert_is_delivered_to_every_channel_in_the_settings(
    load_handler: LoadHandler, invocation: Invocation, world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, queue_url = topic_and_queue("chat")
    clients.event_bridge().create_event_bus(Name="security")
    clients.security_hub().enable_security_hub()  # type: ignore[attr-defined]
    for name, value in {
        "CHAT_TOPIC_ARN": topic,
        "EVENT_BUS": "security",
        "SECURITY_HUB": "true",
        "ACCOUNT_ID": "123456789012",
    }.items():
        monkeypatch.setenv(name, value)
    handler = load_handler("notifier")
    put_recorded()
    at(handler, clock)
    handler.lambda_handler(recorded("notifier_findings_stream"), invocation)
    assert len(delivered(world.subscriber)) == 1
    assert [message["source"] for message in delivered(queue_url)] == ["custom"]
    assert len(clients.security_hub().get_findings()["Findings"]) == 1  # type: ignore[attr-defined]
    assert unpublished() == ["00ff2e8a90b1c2d3e4f50617"]


def test_a_deployed_stack_makes_a_canary_due_and_later_sweeps_write_it(
    load_handler: LoadHandler, invocation: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"CANARY_AFTER_DEPLOY": "true", "LOG_BUCKET": LOG_BUCKET, "ACCOUNT_ID": "123456789012"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    handler = load_handler("notifier")
    handler.lambda_handler(recorded("notifier_stack_deployed"), invocation)
    handler.lambda_handler(recorded("notifier_schedule"), invocation)
    assert keys_in(LOG_BUCKET) == []
    force_setattr(handler.upkeep().canary.item, "clock", lambda: time.time() + FIRST_SECONDS)
    handler.lambda_handler(recorded("notifier_schedule"), invocation)
    assert ["_fl-canary_" in key for key in keys_in(LOG_BUCKET)] == [True]


def test_a_pause_in_the_table_holds_the_alerts_of_the_stream(
    load_handler: LoadHandler, invocation: Invocation, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = load_handler("notifier")
    put_recorded()
    handler.upkeep().pause.begin(int(time.time()) + HOUR, "alice")
    handler.lambda_handler(recorded("notifier_findings_stream"), invocation)
    handler.lambda_handler(recorded("notifier_schedule"), invocation)
    assert messages_in(world.subscriber) == []
    assert total(metrics_in(capsys.readouterr().out), "AlertsPaused") == 1


def test_links_in_messages_follow_the_settings(load_handler: LoadHandler, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ACCOUNT_ID": "123456789012",
        "LOG_GROUPS": "one,two",
        "VPCS_IN_S3": "vpc-3",
        "ATHENA_TABLE": "flowsentry.flows",
        "DEPLOYMENT_NAME": "prod",
        "MAX_URGENT_AN_HOUR": "7",
    }.items():
        monkeypatch.setenv(name, value)
    outbox = load_handler("notifier").outbox()
    assert outbox.max_urgent_an_hour == 7
    assert (outbox.resources.region, outbox.resources.partition, outbox.resources.deployment) == (REGION, "aws", "prod")
    assert (outbox.resources.log_groups, outbox.resources.athena_table) == (("one", "two"), "flowsentry.flows")
    assert outbox.resources.vpcs_in_s3 == ("vpc-3",)


def test_the_schedule_creates_the_suppressions_object_once(
    load_handler: LoadHandler, invocation: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    first: dict[str, list[str]] = {"suppressions": []}
    clients.ssm().put_parameter(Name="/flowsentry/suppressions", Value=json.dumps(first), Type="String")
    monkeypatch.setenv("SUPPRESSIONS_PARAMETER", "/flowsentry/suppressions")
    load_handler("notifier").lambda_handler(recorded("notifier_schedule"), invocation)
    assert json.loads(object_in(OUTPUT_BUCKET, SUPPRESSIONS_KEY)) == first
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=SUPPRESSIONS_KEY, Body=b"edited")
    load_handler("notifier").lambda_handler(recorded("notifier_schedule"), invocation)
    assert object_in(OUTPUT_BUCKET, SUPPRESSIONS_KEY) == b"edited"
