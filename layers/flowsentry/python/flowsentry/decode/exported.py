"""Exports of CloudWatch Logs to S3, whose lines begin with the time of their event.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html
"""

import re
from collections.abc import Iterable, Iterator

from flowsentry.frames import LogChunk, LogText, MixedText
from flowsentry.records.fields import DEFAULT_NAMES

PERMISSION_CHECK = b"Permission Check Successful"
"""The content of the object `aws-logs-write-test`, which an export writes first; its key may have been changed.

https://github.com/miztiik/serverless-cloudwatch-logs-exporter/issues/1
"""
_TIME = rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z[ \t]"
_FIRST = re.compile(_TIME)
_EACH = re.compile(rb"^" + _TIME, re.MULTILINE)


def is_permission_check(chunk: bytes) -> bool:
    return chunk.strip() == PERMISSION_CHECK


def is_exported(chunk: bytes) -> bool:
    """Whether a text that begins with this chunk is an export. No field of a flow log looks like such a time."""
    return _FIRST.match(chunk) is not None


def without_timestamps(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines without the time at their start; a line without a time stays as it is."""
    return (_EACH.sub(b"", chunk) for chunk in chunks)


def as_default_format(chunks: Iterable[LogChunk], *, is_known: bool) -> Iterator[LogChunk]:
    """The same lines. Where no format is known, they have the default one; a line is then a record only when every
    value has the shape of its field's values and its version is 2, so that no field of a later version is among them.

    Wrong for a flow log of the same 14 fields in another order in which two fields of the same kind are swapped.
    """
    for chunk in chunks:
        if isinstance(chunk, LogText) and chunk.names == DEFAULT_NAMES and not is_known:
            yield MixedText((chunk.names,), chunk.text, chunk.first_line)
        else:
            yield chunk
