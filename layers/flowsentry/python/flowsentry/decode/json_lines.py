"""JSON lines as Firehose and log shippers write them: `{"message": "<record>"}` -> the records, one a line.

Firehose puts nothing between the records that it is given, so objects may run together: `}{`.
"""

from collections.abc import Iterable, Iterator

import polars as pl

from flowsentry.decode.whole_lines import in_parts
from flowsentry.errors import CutOffError, PoisonError

OPENING = b"{"
_RUN_TOGETHER, _APART = b'}{"', b'}\n{"'
_ENVELOPE_KEYS = ("messageType", "logEvents")


def one_a_line(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes with a line break between objects that run together. Inside a value `}{"` can't be, but where the
    value ends with it: a quote in a value is escaped.
    """
    held = b""
    try:
        for piece in pieces:
            whole = (held + piece).replace(_RUN_TOGETHER, _APART)
            end = max(0, len(whole) - len(_RUN_TOGETHER) + 1)
            yield whole[:end]
            held = whole[end:]
    except CutOffError:
        yield held
        raise
    yield held


def messages(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The message in each line, as one line; a line without one as it is: parse rejects it, and the sample shows it.

    Raises PoisonError for what Firehose makes of a CloudWatch Logs subscription: its envelopes.
    """
    parts = (part for chunk in chunks for part in in_parts(chunk, chunk.count(b"\n")))
    for number, chunk in enumerate(parts):
        text = chunk if chunk.isascii() else chunk.decode(errors="replace").encode()
        lines = pl.read_lines(text).to_series()
        if not number:
            _refuse_envelope(lines[:1])
        yield (_messages(lines, may_have_breaks=b"\\" in chunk).str.join("\n").item() + "\n").encode()


def _messages(lines: pl.Series, *, may_have_breaks: bool) -> pl.Series:
    found = lines.str.json_path_match("$.message")
    if may_have_breaks:
        found = found.str.strip_chars_end("\r\n").str.replace_all("[\r\n]", " ")
    return found.fill_null(lines) if found.null_count() else found


def _refuse_envelope(line: pl.Series) -> None:
    if all(line.str.json_path_match(f"$.{key}").null_count() == 0 for key in _ENVELOPE_KEYS):
        raise PoisonError(
            "subscription-in-object",
            "the object holds CloudWatch Logs envelopes, as Firehose writes them for a subscription: let Firehose "
            "decompress them and extract the messages, or subscribe the stream processor to the log group",
        )
