"""Queue messages → notices of new S3 objects, however they came: from S3 itself, through SNS, or from EventBridge."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from flowsentry.aws.log_store import StoredObject
from flowsentry.errors import PoisonError

TEST_EVENT = "s3:TestEvent"
CREATED = ("ObjectCreated:", "s3:ObjectCreated:", "Object Created")


@dataclass(frozen=True, slots=True)
class ObjectNotice:
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


def object_notices(body: str) -> list[ObjectNotice]:
    """The notices in a message; none for the test message that S3 sends when a notification is set up.

    Raises PoisonError for a message that is neither: never retry.
    """
    try:
        message = _unwrapped(json.loads(body))
        if message.get("Event") == TEST_EVENT:
            return []
        if "detail" in message:
            return [_from_eventbridge(message, body)]
        return list(_from_s3(message["Records"], body))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PoisonError("not-a-notice", f"the message is no notice of an S3 object: {error!r}") from error


def _unwrapped(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message inside an SNS envelope (no raw delivery); others as they are."""
    if message.get("Type") == "Notification":
        inner: Mapping[str, Any] = json.loads(message["Message"])
        return inner
    return message


def _from_s3(records: list[Mapping[str, Any]], body: str) -> Iterator[ObjectNotice]:
    """S3's keys are URL-encoded, with `+` for a space.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    for record in records:
        entry = record["s3"]["object"]
        source = StoredObject(record["s3"]["bucket"]["name"], unquote_plus(entry["key"]), entry.get("versionId"))
        alone = body if len(records) == 1 else json.dumps({"Records": [record]})
        yield _notice(source, entry.get("eTag"), record["eventName"], alone)


def _from_eventbridge(message: Mapping[str, Any], body: str) -> ObjectNotice:
    """EventBridge's keys are not encoded.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    entry = message["detail"]["object"]
    source = StoredObject(message["detail"]["bucket"]["name"], entry["key"], entry.get("version-id"))
    return _notice(source, entry.get("etag"), message["detail-type"], body)


def _notice(source: StoredObject, etag: str | None, event_name: str, body: str) -> ObjectNotice:
    identity = "\n".join((source.bucket, source.key, source.version_id or etag or ""))
    return ObjectNotice(source, identity, event_name, body)
