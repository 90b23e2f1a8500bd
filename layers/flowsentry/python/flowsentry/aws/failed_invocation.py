"""The event in Lambda's record of an invocation that failed for good, which its failure destination puts in S3.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from flowsentry.errors import PoisonError

MAX_RECORD_BYTES = 16 << 20
"""The event of an asynchronous invocation has at most 1 MB, a batch of a stream 6 MB, which grow when they are escaped;
more is no such record."""


def failed_event(blocks: Iterable[bytes]) -> tuple[Any, Iterator[bytes]]:
    """The event in such a record, and no blocks; for any other object none, and its blocks.

    Recognised by content: no flow log starts with a brace. Raises PoisonError for JSON that is no such record.
    """
    stream = (block for block in blocks if block)
    first = next(stream, b"")
    if not first.startswith(b"{"):
        return None, chain([first], stream)
    return _event(_all(chain([first], stream))), iter(())


def _all(blocks: Iterable[bytes]) -> bytes:
    record = bytearray()
    for block in blocks:
        record += block
        if len(record) > MAX_RECORD_BYTES:
            raise PoisonError("not-a-failed-invocation", "the object is JSON, and too large for a failed invocation")
    return bytes(record)


def _event(record: bytes) -> Any:
    """`requestPayload` is the event of an asynchronous invocation; `payload` that of a stream's batch, as JSON text."""
    try:
        told = json.loads(record)
        if "requestPayload" in told:
            return told["requestPayload"]
        return json.loads(told["payload"]) if isinstance(told["payload"], str) else told["payload"]
    except (ValueError, KeyError, TypeError) as error:
        sentence = f"the object is JSON, and no record of a failed invocation: {error!r}"
        raise PoisonError("not-a-failed-invocation", sentence) from error
