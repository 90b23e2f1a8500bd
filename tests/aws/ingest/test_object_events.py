"""Object events in every envelope in which they are sent."""

import json
from typing import Any

import pytest

from flowsentry.aws.ingest.object_events import direct_messages, is_queue_batch, object_events
from flowsentry.aws.object_store import StoredObject
from flowsentry.errors import PoisonError

KEY = "AWSLogs/aws-account-id%3D123456789012/a+b%2Blog.gz"


def record(key: str = KEY, event_name: str = "ObjectCreated:Put", **entry: str) -> dict[str, Any]:
    return {
        "eventSource": "aws:s3",
        "eventName": event_name,
        "s3": {"bucket": {"name": "flow-logs"}, "object": {"key": key, "size": 10, "eTag": "e1", **entry}},
    }


def body_of(*records: dict[str, Any]) -> str:
    return json.dumps({"Records": records})


def envelope(message: str, **more: str) -> dict[str, str]:
    """The envelope of SNS around a message."""
    return {
        "Type": "Notification",
        "TopicArn": "arn:aws:sns:eu-central-1:123456789012:notices",
        "Message": message,
        **more,
    }


def from_eventbridge(key: str, detail_type: str = "Object Created", **entry: str) -> dict[str, Any]:
    detail = {"bucket": {"name": "flow-logs"}, "object": {"key": key, "size": 1, "etag": "e1", **entry}}
    return {"detail-type": detail_type, "source": "aws.s3", "detail": detail}


def test_a_key_is_url_decoded() -> None:
    (object_event,) = object_events(body_of(record()))
    assert object_event.source == StoredObject("flow-logs", "AWSLogs/aws-account-id=123456789012/a b+log.gz")
    assert object_event.is_new_object


def test_the_same_content_has_the_same_identity_and_other_content_another() -> None:
    def identity(**entry: str) -> str:
        return object_events(body_of(record(**entry)))[0].identity

    assert identity() == identity(sequencer="later")
    assert len({identity(), identity(eTag="e2"), identity(versionId="v1"), identity(key="other")}) == 4


def test_without_an_etag_each_write_has_an_identity_of_its_own() -> None:
    first, second = (object_events(body_of(record(eTag="", sequencer=text)))[0].identity for text in ("0A", "0B"))
    assert first != second


def test_an_object_has_one_identity_whichever_service_sends_the_event() -> None:
    bodies = (
        body_of(record("a+b", versionId="")),
        json.dumps(envelope(body_of(record("a+b")))),
        json.dumps(from_eventbridge("a b")),
    )
    assert len({object_event.identity for body in bodies for object_event in object_events(body)}) == 1


TEST_EVENT = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "flow-logs"}


@pytest.mark.parametrize(
    "message", [TEST_EVENT, envelope(json.dumps(TEST_EVENT), Subject="Amazon S3 Notification")], ids=["S3", "SNS"]
)
def test_a_test_event_names_no_object(message: dict[str, str]) -> None:
    assert object_events(json.dumps(message)) == []
    assert [object_events(body) for body in direct_messages(message)] == [[]]


@pytest.mark.parametrize(
    "event_name",
    [
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "ObjectRestore:Post",
        "ObjectRestore:Completed",
        "ObjectTagging:Put",
        "LifecycleExpiration:Delete",
        "Replication:OperationReplicatedAfterThreshold",
        "ReducedRedundancyLostObject",
    ],
)
def test_an_event_about_an_existing_object_is_no_new_object(event_name: str) -> None:
    (object_event,) = object_events(body_of(record(event_name=event_name)))
    assert not object_event.is_new_object


@pytest.mark.parametrize(
    "event_name",
    [
        "ObjectCreated:Put",
        "ObjectCreated:Post",
        "ObjectCreated:Copy",
        "ObjectCreated:CompleteMultipartUpload",
        "s3:ObjectCreated:Put",
    ],
)
def test_an_object_is_new_however_it_was_written(event_name: str) -> None:
    (object_event,) = object_events(body_of(record(event_name=event_name)))
    assert object_event.is_new_object


@pytest.mark.parametrize(
    "detail_type",
    ["Object Deleted", "Object Restore Initiated", "Object Restore Completed", "Object Access Tier Changed"],
)
def test_an_eventbridge_event_about_an_existing_object_is_no_new_object(detail_type: str) -> None:
    (object_event,) = object_events(json.dumps(from_eventbridge("a", detail_type)))
    assert not object_event.is_new_object


def test_an_intelligent_tiering_event_with_other_keys_is_ignored() -> None:
    event = record(event_name="IntelligentTiering")
    event["s3"]["get_object"] = event["s3"].pop("object")
    (object_event,) = object_events(body_of(event))
    assert not object_event.is_new_object


def test_each_of_several_objects_gets_a_message_of_its_own() -> None:
    body = body_of(record("a"), record("b"))
    first, second = object_events(body)
    assert object_events(first.body)[0].source.key == "a"
    assert object_events(second.body)[0].source.key == "b"


def test_the_only_object_of_a_message_keeps_its_message() -> None:
    body = body_of(record())
    assert object_events(body)[0].body == body


@pytest.mark.parametrize("more", [{}, {"SequenceNumber": "10000000000000004000"}], ids=["standard", "FIFO"])
def test_an_sns_envelope_is_unwrapped(more: dict[str, str]) -> None:
    body = json.dumps(envelope(body_of(record()), **more))
    (object_event,) = object_events(body)
    assert object_event.source.bucket == "flow-logs"
    assert object_event.body == body


def test_an_eventbridge_key_is_not_decoded() -> None:
    (object_event,) = object_events(json.dumps(from_eventbridge("a+b%3D.gz", **{"version-id": "v1"})))
    assert object_event.source == StoredObject("flow-logs", "a+b%3D.gz", "v1")
    assert object_event.is_new_object


def test_an_eventbridge_event_may_come_through_sns() -> None:
    (object_event,) = object_events(json.dumps(envelope(json.dumps(from_eventbridge("a+b")))))
    assert object_event.source == StoredObject("flow-logs", "a+b")


def test_only_messages_of_a_queue_are_a_batch() -> None:
    assert is_queue_batch({"Records": [{"eventSource": "aws:sqs", "body": ""}]})
    others: list[object] = [{"Records": [record()]}, {"Records": []}, {"Records": 5}, {}, [], "aws:sqs", None]
    assert not any(map(is_queue_batch, others))


def test_an_event_of_s3_without_a_queue_is_one_message() -> None:
    (message,) = direct_messages({"Records": [record("a"), record("b")]})
    assert [object_event.source.key for object_event in object_events(message)] == ["a", "b"]


def test_an_event_of_sns_without_a_queue_has_the_messages_that_a_queue_would_get() -> None:
    keys = ("a", "b")
    records = [{"EventSource": "aws:sns", "Sns": envelope(body_of(record(key)))} for key in keys]
    messages = direct_messages({"Records": records})
    assert messages == [json.dumps(each["Sns"]) for each in records]
    assert [object_event.source.key for message in messages for object_event in object_events(message)] == ["a", "b"]


def test_an_event_of_eventbridge_without_a_queue_is_one_message() -> None:
    (message,) = direct_messages(from_eventbridge("a+b"))
    assert [object_event.source.key for object_event in object_events(message)] == ["a+b"]


@pytest.mark.parametrize(
    "event", [{}, [], "hello", None, {"Records": []}, {"Records": [{"EventSource": "aws:sns"}]}, {"detail": {}}]
)
def test_an_event_of_another_service_is_one_message_that_raises_poison(event: object) -> None:
    (message,) = direct_messages(event)
    with pytest.raises(PoisonError, match="is no event of an S3 object"):
        object_events(message)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "[]",
        "7",
        "null",
        "{}",
        '{"Records": [{}]}',
        '{"Records": 5}',
        '{"Records": []}',
        '{"Type": "Notification", "Message": "hello"}',
        '{"Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe", "Token": "t"}',
        body_of(record("")),
        body_of(record(event_name="")),
        json.dumps(from_eventbridge("")),
        json.dumps({**from_eventbridge("a"), "detail": []}),
        json.dumps(from_eventbridge("a")).replace('"a"', "5"),
    ],
)
def test_any_other_message_raises_poison(body: str) -> None:
    with pytest.raises(PoisonError) as poison:
        object_events(body)
    assert poison.value.reason == "not-an-object-event"


def test_a_message_nested_too_deeply_raises_poison() -> None:
    with pytest.raises(PoisonError, match="is no event of an S3 object"):
        object_events("[" * 100_000)
