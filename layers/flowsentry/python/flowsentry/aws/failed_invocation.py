"""Reads the event from the record of a failed invocation, which Lambda's on-failure destination writes to S3; writes
such a record for payloads of a stream that no retry can help.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from json import JSONDecoder
from typing import Any

from flowsentry.errors import PoisonError

MAX_RECORD_BYTES = 16 << 20
"""A larger object is no such record: the event of an asynchronous invocation has at most 1 MB and a batch of a stream
6 MB, before escaping. Higher: more of a large JSON log is held in memory before it is read as a log. Lower: the record
of a full batch is taken for a log."""
MAX_RECORD_VALUES = 1_000_000
"""An object with more JSON values is no such record, whose payloads are text. Higher: more memory, since a parsed value
of two letters takes 70 bytes. Lower: the record of a batch with very many records is taken for a log."""
RECORD_KEYS = ("requestPayload", "KinesisBatchInfo")
"""Every such record has one of them: the first after an asynchronous invocation, the second for a batch of a stream."""

REFUSED_PREFIX = "aws/lambda/refused-payloads/"
"""Beginning of the keys of records that the function writes by itself, beside those of Lambda."""


def record_of(event: Any, positions: Sequence[int]) -> tuple[str, bytes]:
    """The key and content of a record with some records of a stream's batch, equal for the same ones."""
    records = [event["Records"][each] for each in positions]
    stated = "".join(f"{record.get('eventSourceARN')} {record.get('eventID')}\n" for record in records)
    digest = hashlib.blake2b(stated.encode(), digest_size=16).hexdigest()
    info = {"batchSize": len(records), "streamArn": records[0].get("eventSourceARN")}
    return f"{REFUSED_PREFIX}{digest}", json.dumps(
        {"KinesisBatchInfo": info, "payload": json.dumps({"Records": records})}
    ).encode()


def failed_event(blocks: Iterable[bytes]) -> tuple[Any, Iterator[bytes]]:
    """The event in such a record, and no blocks; for any other object None, and its blocks.

    The record is recognised by the keys of its first JSON document, since logs may be JSON too. Raises PoisonError for
    a record without an event.
    """
    stream = (block for block in blocks if block)
    first = next(stream, b"")
    if not first.startswith(b"{"):
        return None, chain([first], stream)
    held = [first]
    document = _first_document(first)
    if document is None:
        held += _up_to_a_record(stream, len(first))
        document = _first_document(b"".join(held))
    if document is not None and any(key in document for key in RECORD_KEYS):
        return _event(document), iter(())
    return None, chain(held, stream)


def _up_to_a_record(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The next blocks, until the record would be larger than MAX_RECORD_BYTES; `size` bytes are already read."""
    while size <= MAX_RECORD_BYTES and (block := next(blocks, b"")):
        size += len(block)
        yield block


def _first_document(text: bytes) -> dict[str, Any] | None:
    """The JSON object at the start of a text; None when there is none or it is incomplete."""
    if sum(map(text.count, (b",", b"{", b"["))) > MAX_RECORD_VALUES:
        return None
    try:
        return dict(JSONDecoder().raw_decode(text.decode(errors="replace"))[0])
    except (ValueError, RecursionError):
        return None


def _event(record: dict[str, Any]) -> Any:
    """`requestPayload` is the event of an asynchronous invocation; `payload` is a stream's batch as JSON text."""
    try:
        if "requestPayload" in record:
            return record["requestPayload"]
        return json.loads(record["payload"]) if isinstance(record["payload"], str) else record["payload"]
    except (ValueError, KeyError, RecursionError) as error:
        sentence = f"the object is JSON, but not the record of a failed invocation: {error!r}"
        raise PoisonError("not-a-failed-invocation", sentence) from error
