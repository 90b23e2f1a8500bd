"""Parses object events: notifications of new S3 objects, from S3, SNS or EventBridge, with or without a queue."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from flowsentry.aws.object_store import StoredObject
from flowsentry.errors import PoisonError
from flowsentry.value import Value

TEST_EVENT = "s3:TestEvent"
BUCKET_NAME = re.compile(r"[A-Za-z0-9._-]{3,255}")
"""Names of buckets, also of those from before today's rules. botocore sends any other name to another endpoint, or
fails in a dozen ways.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
MAX_KEY_BYTES = 1_024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""
CREATED = ("ObjectCreated:", "s3:ObjectCreated:", "Object Created")


class ObjectEvent(Value, frozen=True):
    """One object that a message names. `identity` is equal for a second event about the same content; `body` is a
    message about this object alone; `size` is in bytes, where the event states it.
    """

    source: StoredObject
    identity: str
    event_name: str
    body: str
    size: int | None = None

    @property
    def is_new_object(self) -> bool:
        return self.event_name.startswith(CREATED)


def is_queue_batch(event: object) -> bool:
    """Whether a Lambda event is a batch of an SQS queue, whose failures are reported per message."""
    match event:
        case {"Records": [{"eventSource": "aws:sqs"}, *_]}:
            return True
    return False


def direct_messages(event: object) -> list[str]:
    """The messages of an event that came without a queue, in the form they would have in it: from the dead-letter
    queue they can be redriven to it. SNS alone writes the keys of its records with a capital letter.
    """
    match event:
        case {"Records": [{"EventSource": "aws:sns"}, *_] as records}:
            return [json.dumps(record.get("Sns", record)) for record in records]
    return [json.dumps(event)]


def object_events(body: str) -> list[ObjectEvent]:
    """The object events in a message; empty for the test event that S3 sends when notifications are configured.

    Raises PoisonError for any other message: never retry.
    """
    try:
        message = _unwrapped(json.loads(body))
        if message.get("Event") == TEST_EVENT:
            return []
        if "detail" in message:
            return [_from_eventbridge(message, body)]
        return list(_from_s3(message, body))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PoisonError("not-an-object-event", f"the message is no event of an S3 object: {error!r}") from error


def _unwrapped(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message inside an SNS envelope (without raw message delivery); any other message unchanged."""
    if message.get("Type") == "Notification":
        inner: Mapping[str, Any] = json.loads(message["Message"])
        return inner
    return message


def _from_s3(message: Mapping[str, Any], body: str) -> Iterator[ObjectEvent]:
    records: list[dict[str, Any]] = message["Records"]
    if not records:
        raise ValueError("it has no records")
    for record in records:
        yield _from_record(record, body if len(records) == 1 else json.dumps({"Records": [record]}))


def _from_record(record: Mapping[str, Any], body: str) -> ObjectEvent:
    """S3's keys are URL-encoded, with `+` for a space. Events of Intelligent-Tiering name the object `get_object`.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    bucket, entry = record["s3"]["bucket"], record["s3"].get("get_object") or record["s3"]["object"]
    source = StoredObject(_text(bucket["name"]), unquote_plus(_text(entry["key"])), entry.get("versionId"))
    return _object_event(source, entry, record["eventName"], body, entry.get("eTag"))


def _from_eventbridge(message: Mapping[str, Any], body: str) -> ObjectEvent:
    """EventBridge's keys are not encoded.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    bucket, entry = message["detail"]["bucket"], message["detail"]["object"]
    source = StoredObject(_text(bucket["name"]), _text(entry["key"]), entry.get("version-id"))
    return _object_event(source, entry, message["detail-type"], body, entry.get("etag"))


def _object_event(
    source: StoredObject, entry: Mapping[str, Any], event_name: object, body: str, etag: str | None
) -> ObjectEvent:
    if not BUCKET_NAME.fullmatch(source.bucket):
        raise ValueError(f"{source.bucket[:100]!r} is not a bucket name")
    if len(source.key.encode()) > MAX_KEY_BYTES:
        raise ValueError(f"{source.key[:100]!r}… is longer than an object key can be")
    identity = "\n".join((source.bucket, source.key, source.version_id or etag or entry.get("sequencer") or ""))
    identity.encode()  # raises for half of a surrogate pair
    size = entry.get("size")
    return ObjectEvent(source, identity, _text(event_name), body, size if isinstance(size, int) else None)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is not a name")
    return value
