"""Events → messages → notices of S3 objects: S3's own, those through SNS or from EventBridge, queued or not."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools.utilities.data_classes import S3Event
from aws_lambda_powertools.utilities.data_classes.s3_event import S3EventRecord

from flowsentry.aws.object_store import StoredObject
from flowsentry.errors import PoisonError

TEST_EVENT = "s3:TestEvent"
BUCKET_NAME = re.compile(r"[A-Za-z0-9._-]{3,255}")
"""Of old and new buckets; with any other botocore goes elsewhere, or fails in a dozen ways.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
MAX_KEY_BYTES = 1_024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""
CREATED = ("ObjectCreated:", "s3:ObjectCreated:", "Object Created")


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """One object that S3 tells of. `identity` is the same when the same content is told of again; `body` is a message
    that tells of this object alone.
    """

    source: StoredObject
    identity: str
    event_name: str
    body: str

    @property
    def is_new_object(self) -> bool:
        return self.event_name.startswith(CREATED)


def is_queue_batch(event: object) -> bool:
    """Whether an event is a batch of messages of a queue, which are answered for one by one."""
    match event:
        case {"Records": [{"eventSource": "aws:sqs"}, *_]}:
            return True
    return False


def direct_messages(event: object) -> list[str]:
    """The messages of an event that came without a queue, each as the queue would hold it had it been sent there: in
    the dead-letter queue they can be redriven. SNS begins the names of its keys with a capital, unlike all others.
    """
    match event:
        case {"Records": [{"EventSource": "aws:sns"}, *_] as records}:
            return [json.dumps(record.get("Sns", record)) for record in records]
    return [json.dumps(event)]


def object_events(body: str) -> list[ObjectEvent]:
    """The notices in a message; none for the test message that S3 sends when a notification is set up.

    Raises PoisonError for a message that is neither: never retry.
    """
    try:
        message = _unwrapped(json.loads(body))
        if message.get("Event") == TEST_EVENT:
            return []
        if "detail" in message:
            return [_from_eventbridge(message, body)]
        return list(_from_s3(message, body))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PoisonError("not-a-notice", f"the message is no notice of an S3 object: {error!r}") from error


def _unwrapped(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message inside an SNS envelope (no raw delivery); others as they are."""
    if message.get("Type") == "Notification":
        inner: Mapping[str, Any] = json.loads(message["Message"])
        return inner
    return message


def _from_s3(message: Mapping[str, Any], body: str) -> Iterator[ObjectEvent]:
    records = list(S3Event(dict(message)).records)
    if not records:
        raise ValueError("it has no records")
    for record in records:
        yield _from_record(record, body if len(records) == 1 else json.dumps({"Records": [record.raw_event]}))


def _from_record(record: S3EventRecord, body: str) -> ObjectEvent:
    """S3's keys are URL-encoded, with `+` for a space; Powertools hands this one on as it came.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    entry = record.s3.get_object
    source = StoredObject(_text(record.s3.bucket.name), unquote_plus(_text(entry.key)), entry.version_id)
    return _object_event(source, entry.etag or entry.get("sequencer"), record.event_name, body)


def _from_eventbridge(message: Mapping[str, Any], body: str) -> ObjectEvent:
    """EventBridge's keys are not encoded. Powertools would decode them all the same, and miss the objects whose keys
    have a `+` or a `%`.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    bucket, entry = message["detail"]["bucket"], message["detail"]["object"]
    source = StoredObject(_text(bucket["name"]), _text(entry["key"]), entry.get("version-id"))
    return _object_event(source, entry.get("etag") or entry.get("sequencer"), message["detail-type"], body)


def _object_event(source: StoredObject, content: str | None, event_name: object, body: str) -> ObjectEvent:
    if not BUCKET_NAME.fullmatch(source.bucket):
        raise ValueError(f"{source.bucket[:100]!r} is no bucket's name")
    if len(source.key.encode()) > MAX_KEY_BYTES:
        raise ValueError(f"{source.key[:100]!r}… is too long for a key")
    identity = "\n".join((source.bucket, source.key, source.version_id or content or ""))
    identity.encode()  # half of a surrogate pair is no text
    return ObjectEvent(source, identity, _text(event_name), body)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is no name")
    return value
