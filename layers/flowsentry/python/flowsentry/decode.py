"""Bytes -> text: gzip, plain text and the CloudWatch Logs envelope. Knows containers, not fields."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from isal import isal_zlib
from isal.igzip_lib import IsalError

from flowsentry.errors import CutOffError, PoisonError
from flowsentry.fields import BY_NAME, names_in_log_format
from flowsentry.frames import MAX_LINE_BYTES, LogText, Subscription

CHUNK_BYTES = 16 << 20
"""Text handed on at a time. Larger: the fixed cost of a chunk, some 10 ms, is paid less often, and more memory is held.
Smaller: a million v5 records take a tenth longer at 8 MB (November 2026)."""
MAX_PAYLOAD_BYTES = 64 << 20
"""Inflated size at which a CloudWatch Logs payload is refused: an asynchronous invocation carries at most 1 MB."""
MIN_KNOWN_NAMES = 2

# CloudWatch Logs sends gzip; what test tools make of its payloads is zlib at times, and costs nothing to take.
_GZIP_MAGIC, _ZLIB_MAGIC = b"\x1f\x8b", b"x"
_GZIP, _GZIP_OR_ZLIB = 31, 47
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


def object_texts(blocks: Iterable[bytes], log_format: str | None = None) -> Iterator[LogText]:
    """The text of one S3 object as bounded chunks of whole lines, in order; nothing for an empty object.

    `blocks` are the object's bytes, plain or gzip (several members too), recognised by content. The order of the fields
    is that of the header, or of `log_format` for lines without one. Raises PoisonError for what is no flow log file or
    has a wrong checksum (what came before it must then have no effect), CutOffError where the object ends in the
    middle: all that was yielded before is good. Never retry either.
    """
    names = names_in_log_format(log_format) if log_format is not None else ()
    line_number = 1
    for text in _whole_lines(_inflated(blocks)):
        body = text
        if not names:
            header, _, body = text.partition(b"\n")
            names = _names_in_header(header)
            line_number += 1
        if body:
            yield LogText(names, body, line_number)
            line_number += body.count(b"\n")


def subscription(data: bytes) -> Subscription:
    """The log group, stream and lines of one CloudWatch Logs payload: `awslogs.data` after base64.

    One log event is one line, also when its message has line breaks inside (it is then rejected by parse). Raises
    PoisonError when it is no gzip of such JSON: never retry.
    """
    try:
        envelope = json.loads(_inflated_payload(data))
        lines = [_one_line(event["message"]) for event in envelope.get("logEvents", ())]
        return Subscription(
            owner=envelope["owner"],
            log_group=envelope["logGroup"],
            log_stream=envelope["logStream"],
            text="".join(lines).encode(errors="replace"),
            is_control=envelope["messageType"] == "CONTROL_MESSAGE",
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PoisonError("not-a-subscription", f"the payload is no CloudWatch Logs envelope: {error!r}") from error


def subscription_text(payload: Subscription, log_format: str) -> LogText:
    """The lines of a payload with the order of their fields, which CloudWatch Logs does not state: it is the LogFormat
    of the flow log that writes to this log group. Raises ValueError for what is no log format.
    """
    text = b"" if payload.is_control else payload.text
    return LogText(names_in_log_format(log_format), text, 1)


def _inflated(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The content of the blocks: inflated where they start as gzip does, else as they are."""
    stream = (block for block in blocks if block)
    first = next(stream, b"")
    while len(first) < len(_GZIP_MAGIC) and (more := next(stream, b"")):
        first += more
    if first.startswith(_GZIP_MAGIC):
        yield from _gunzipped(_chained(first, stream))
    else:
        yield from _chained(first, stream)


def _chained(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _gunzipped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Inflated text in pieces of at most CHUNK_BYTES, member after member (gzip allows several: RFC 1952, 2.2).

    Python's gzip.open raises at a cut and keeps back what it had already inflated, so this counts for itself.
    """
    member = isal_zlib.decompressobj(_GZIP)
    for block in blocks:
        pending = block
        while pending:
            if member.eof:
                if not pending.strip(b"\0"):
                    break  # padding of zeros after the last member, as tar and some uploaders leave it
                member = isal_zlib.decompressobj(_GZIP)
            yield _inflated_step(member, pending)
            pending = member.unused_data if member.eof else member.unconsumed_tail
    while not member.eof and (rest := _inflated_step(member, b"")):
        yield rest
    if not member.eof:
        raise CutOffError("gzip-cut-off", "the gzip data ends in the middle; the lines before the cut were kept")


def _inflated_step(member: Any, data: bytes) -> bytes:
    try:
        text: bytes = member.decompress(data, CHUNK_BYTES)
    except IsalError as error:  # type: ignore[misc]  # its stub declares the class as a value
        raise PoisonError("gzip-corrupt", f"the gzip data is damaged: {error}") from error
    return text


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same text in chunks of about CHUNK_BYTES that end with a newline; what follows the last newline of a source
    that was cut off is left out, since half a record is none. Each byte is copied once: at the pace of isal, copies
    took longer than inflating.
    """
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= CHUNK_BYTES:
                chunk, rest = _split_at_last_line(held)
                if chunk:
                    yield chunk
                held, size = [rest], len(rest)
    except CutOffError:
        chunk, _ = _split_at_last_line(held)
        if chunk:
            yield chunk
        raise
    if rest := b"".join(held):
        yield rest if rest.endswith(b"\n") else rest + b"\n"


def _split_at_last_line(held: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The whole lines of the pieces, and what follows them. A line longer than MAX_LINE_BYTES is cut to just more than
    that, so that memory is bounded and parse still rejects it.
    """
    *before, last = held or [b""]
    end = last.rfind(b"\n") + 1
    if not end and any(b"\n" in piece for piece in before):
        whole = b"".join(held)
        end = whole.rfind(b"\n") + 1
        return whole[:end], whole[end:]
    if not end:
        line = b"".join(held)
        return b"", line if len(line) <= CHUNK_BYTES else line[: MAX_LINE_BYTES + 1]
    return b"".join((*before, memoryview(last)[:end])), last[end:]


def _names_in_header(header: bytes) -> tuple[str, ...]:
    """The field names of a header line; `_` for `-` is accepted, as tools that rewrite the files spell them."""
    names = tuple(header.decode("ascii", errors="replace").strip().replace("_", "-").split())
    if not _is_header(names):
        raise PoisonError("no-header", f"the first line is no header of flow log fields: {header[:80]!r}")
    if len(set(names)) < len(names):
        raise PoisonError("bad-header", f"the header names a field twice: {header[:200]!r}")
    return names


def _is_header(names: tuple[str, ...]) -> bool:
    """Whether words are field names: some are known, or all look like names that AWS may add, mostly hyphenated."""
    is_known = sum(name in BY_NAME for name in names) >= min(MIN_KNOWN_NAMES, max(len(names), 1))
    return is_known or (len(names) > 1 and all(map(_NAME.fullmatch, names)) and _hyphenated(names) * 2 >= len(names))


def _hyphenated(names: tuple[str, ...]) -> int:
    return sum("-" in name for name in names)


def _inflated_payload(data: bytes) -> bytes:
    if not data.startswith((_GZIP_MAGIC, _ZLIB_MAGIC)):
        raise PoisonError("payload-not-gzip", f"the payload is not gzip: {data[:20]!r}")
    member = isal_zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        text: bytes = member.decompress(data, MAX_PAYLOAD_BYTES)
    except IsalError as error:  # type: ignore[misc]  # its stub declares the class as a value
        raise PoisonError("payload-not-gzip", f"the payload is not gzip: {error}") from error
    if not member.eof:
        reason = "payload-too-large" if len(text) >= MAX_PAYLOAD_BYTES else "payload-cut-off"
        raise PoisonError(reason, "the payload is cut off or larger than a payload can be")
    return text


def _one_line(message: str) -> str:
    return message.rstrip("\r\n").replace("\n", " ").replace("\r", " ") + "\n"
