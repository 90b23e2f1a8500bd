"""The event in Lambda's record of an invocation that failed for good, which its failure destination puts in S3.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from json import JSONDecoder
from typing import Any

from flowsentry.errors import PoisonError

MAX_RECORD_BYTES = 16 << 20
"""The event of an asynchronous invocation has at most 1 MB, a batch of a stream 6 MB, which grow when they are escaped;
more is no such record."""
MAX_RECORD_VALUES = 1_000_000
"""More values are no such record: its payloads are texts, and a value of two letters takes 70 bytes once it is read."""
RECORD_KEYS = ("requestPayload", "KinesisBatchInfo")
"""Either is in every such record: the one of an asynchronous invocation, the other of a batch of a stream."""


def failed_event(blocks: Iterable[bytes]) -> tuple[Any, Iterator[bytes]]:
    """The event in such a record, and no blocks; for any other object none, and its blocks.

    Recognised by content, since logs may be JSON too: by the keys of the first document. Raises PoisonError for a
    record without an event.
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
    """The next blocks, as many as may belong to a record of which `size` bytes are there."""
    while size <= MAX_RECORD_BYTES and (block := next(blocks, b"")):
        size += len(block)
        yield block


def _first_document(text: bytes) -> dict[str, Any] | None:
    """The JSON object that a text starts with; None where it starts with none, or with half of one."""
    if sum(map(text.count, (b",", b"{", b"["))) > MAX_RECORD_VALUES:
        return None
    try:
        return dict(JSONDecoder().raw_decode(text.decode(errors="replace"))[0])
    except (ValueError, RecursionError):
        return None


def _event(record: dict[str, Any]) -> Any:
    """`requestPayload` is the event of an asynchronous invocation; `payload` that of a stream's batch, as JSON text."""
    try:
        if "requestPayload" in record:
            return record["requestPayload"]
        return json.loads(record["payload"]) if isinstance(record["payload"], str) else record["payload"]
    except (ValueError, KeyError, RecursionError) as error:
        sentence = f"the object is JSON, and no record of a failed invocation: {error!r}"
        raise PoisonError("not-a-failed-invocation", sentence) from error
