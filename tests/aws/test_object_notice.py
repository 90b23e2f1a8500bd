"""Notices of new objects, in every wrapping they come in."""

import json
from pathlib import Path
from typing import Any

import pytest

from flowsentry.aws.log_store import StoredObject
from flowsentry.aws.object_notice import object_notices
from flowsentry.errors import PoisonError

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
KEY = "AWSLogs/aws-account-id%3D123456789012/a+b%2Blog.gz"


def record(key: str = KEY, event_name: str = "ObjectCreated:Put", **entry: str) -> dict[str, Any]:
    return {
        "eventSource": "aws:s3",
        "eventName": event_name,
        "s3": {"bucket": {"name": "flow-logs"}, "object": {"key": key, "size": 10, "eTag": "e1", **entry}},
    }


def body_of(*records: dict[str, Any]) -> str:
    return json.dumps({"Records": records})


def test_a_key_is_url_decoded() -> None:
    (notice,) = object_notices(body_of(record()))
    assert notice.source == StoredObject("flow-logs", "AWSLogs/aws-account-id=123456789012/a b+log.gz")
    assert notice.is_new_object


def test_the_same_content_has_the_same_identity_and_other_content_another() -> None:
    def identity(**entry: str) -> str:
        return object_notices(body_of(record(**entry)))[0].identity

    assert identity() == identity(sequencer="later")
    assert len({identity(), identity(eTag="e2"), identity(versionId="v1"), identity(key="other")}) == 4


def test_a_test_event_tells_of_no_object() -> None:
    assert object_notices(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "flow-logs"})) == []


def test_a_deleted_object_is_no_new_object() -> None:
    (notice,) = object_notices(body_of(record(event_name="ObjectRemoved:Delete")))
    assert not notice.is_new_object


def test_one_object_of_many_is_told_of_alone() -> None:
    body = body_of(record("a"), record("b"))
    first, second = object_notices(body)
    assert object_notices(first.body)[0].source.key == "a"
    assert object_notices(second.body)[0].source.key == "b"


def test_the_only_object_of_a_message_keeps_its_message() -> None:
    body = body_of(record())
    assert object_notices(body)[0].body == body


def test_an_sns_envelope_is_opened() -> None:
    body = json.dumps({"Type": "Notification", "Message": body_of(record())})
    (notice,) = object_notices(body)
    assert notice.source.bucket == "flow-logs"
    assert notice.body == body


def test_an_eventbridge_key_is_taken_as_it_is() -> None:
    entry = {"key": "a+b%3D.gz", "size": 1, "etag": "e1", "version-id": "v1"}
    detail = {"bucket": {"name": "flow-logs"}, "object": entry}
    (notice,) = object_notices(json.dumps({"detail-type": "Object Created", "detail": detail}))
    assert notice.source == StoredObject("flow-logs", "a+b%3D.gz", "v1")
    assert notice.is_new_object


@pytest.mark.parametrize("body", ["", "hello", "[]", "7", "null", "{}", '{"Records": [{}]}', '{"Records": 5}'])
def test_anything_else_is_poison(body: str) -> None:
    with pytest.raises(PoisonError) as poison:
        object_notices(body)
    assert poison.value.reason == "not-a-notice"


@pytest.mark.parametrize(
    "name", ["powertools-python/s3SqsEvent.json", "datadog/sqs_s3.json", "datadog/sqs_sns_s3.json"]
)
def test_recorded_messages_of_other_projects_are_understood(name: str) -> None:
    if not (SAMPLES / name).exists():
        pytest.skip("the samples of other projects are not here")
    for message in json.loads((SAMPLES / name).read_text())["Records"]:
        assert all(notice.is_new_object for notice in object_notices(message["body"]))


@pytest.mark.parametrize(
    "name",
    [
        "lambda-promtail-events/events_s3-event.json",
        "aws-lambda-go/s3-event.json",
        "powertools-python/s3Event.json",
        "lambda-promtail-events/events_s3-test-event.json",
        "powertools-python/s3EventBridgeNotificationObjectCreatedEvent.json",
        "lambda-promtail-events/eventbridge-s3-event.json",
    ],
)
def test_recorded_s3_events_of_other_projects_are_understood_as_bodies(name: str) -> None:
    if not (SAMPLES / name).exists():
        pytest.skip("the samples of other projects are not here")
    notices = object_notices((SAMPLES / name).read_text())
    assert all(notice.is_new_object for notice in notices)
