"""The records in JSON objects, one object a line: as their message (Firehose, log shippers), as the log events of
CloudWatch Logs envelopes, or as values with field names as keys.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

import polars as pl

from flowsentry.decode.envelope import event_lines
from flowsentry.decode.headers import are_known
from flowsentry.decode.json_fields import keys_in, texts_of
from flowsentry.decode.line_chunks import in_parts
from flowsentry.errors import PoisonError
from flowsentry.frames import LogText
from flowsentry.records.field_spellings import names_of

MESSAGE_KEYS = ("message", "@message")
"""The key that Firehose and most log shippers use, and that of CloudWatch Logs Insights."""
_ENVELOPE_KEYS = {"messageType", "logEvents"}


def lines_or_records(chunks: Iterable[bytes], *, is_format_known: bool) -> Iterator[bytes] | Iterator[LogText]:
    """Lines of records whose format is stated elsewhere; or, where the keys of the objects are field names, the records
    with these fields. The keys in the first chunk decide.

    Raises PoisonError for envelopes where no format is known, since envelopes state none.
    """
    stream = iter(chunks)
    first = next(stream, b"")
    keys = keys_in(first)
    parts = (part for chunk in chain([first], stream) for part in in_parts(chunk, chunk.count(b"\n")))
    if keys.keys() >= _ENVELOPE_KEYS:
        if not is_format_known:
            raise _format_is_missing()
        return map(event_lines, parts)
    key = next((key for key in MESSAGE_KEYS if key in keys), None)
    if are_known(names_of(keys)) and not (key and is_format_known) and len(keys) > 1:
        return texts_of(parts)
    return map(partial(_message_lines, key=key or MESSAGE_KEYS[0]), parts)


def _message_lines(chunk: bytes, key: str) -> bytes:
    """The message in each line, as one line. A line without a message stays as it is: parse rejects and samples it."""
    text = chunk if chunk.isascii() else chunk.decode(errors="replace").encode()
    lines = pl.read_lines(text).to_series()
    found = _messages(lines, key, may_have_breaks=b"\\" in chunk)
    return (found.str.join("\n").item() + "\n").encode() if len(found) else b""


def _messages(lines: pl.Series, key: str, *, may_have_breaks: bool) -> pl.Series:
    found = lines.str.json_path_match(f"$['{key}']" if "@" in key else f"$.{key}")
    if may_have_breaks:
        found = found.str.strip_chars_end("\r\n").str.replace_all("[\r\n]", " ")
    return found.fill_null(lines) if found.null_count() else found


def _format_is_missing() -> PoisonError:
    return PoisonError(
        "subscription-in-object",
        "the object holds CloudWatch Logs envelopes, as Firehose writes them for a subscription. They do not state the "
        "order of fields: name the format of their log group in log_formats (on the command line: --format)",
    )
