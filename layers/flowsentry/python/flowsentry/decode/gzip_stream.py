"""Inflates blocks of bytes that start with the magic number of gzip; other blocks stay as they are."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from isal import isal_zlib
from isal.igzip_lib import IsalError

from flowsentry.decode.leading_bytes import peeked
from flowsentry.errors import CutOffError, PoisonError

# CloudWatch Logs sends gzip. Some test tools make payloads with zlib, which costs nothing to accept.
_GZIP_MAGIC, _ZLIB_MAGIC = b"\x1f\x8b", b"x"
_GZIP, _GZIP_OR_ZLIB = 31, 47
_PADDING = re.compile(rb"[\0\n]*")
"""What may follow a member: zeros, which tar and some uploaders append, and the delimiter that Firehose can put between
records."""

MAX_DEPTH = 3
"""Layers of gzip that are inflated. AWS writes one; a second compression by mistake makes two. More: with each layer a
small object can hold a thousand times as much. Fewer: objects compressed by mistake are refused."""
MAX_NESTED_BYTES = 2 << 30
"""Inflated size at which gzip within gzip is cut off. More: 4 MB can keep a function busy until its timeout. Less: real
logs that were compressed twice are cut; AWS closes a file at 75 MB of gzip, which hold less than 1 GB of records."""
MAX_INFLATED_BYTES = 16 << 30
"""Inflated size at which gzip is cut off. More: a large object of zeros keeps a function busy until its timeout, at
every retry. Less: real logs are cut; the largest object that is read, of real records, holds 4 GB."""
MAX_PACKED_BYTES = 256 << 20
"""The same for gzip inside gzip, in compressed bytes: the largest object that is read."""
_WHOLE = 1 << 62
"""More than any block has."""
FIRST_WINDOW_BYTES = 4 << 10
"""Bytes that a member after the first is given at first; then four times as many, and so on. Larger: an object of many
nearly empty members takes longer, 20 s for 10 MB where each is given everything. Smaller: more steps for members with
content."""
MAX_SMALL_MEMBERS = 100_000
LEAST_MEMBER_BYTES = 32
"""An object of more than MAX_SMALL_MEMBERS must have LEAST_MEMBER_BYTES a member on average. A member takes 3 to 10 µs
whatever it holds, and 13 million of them fit into the largest object, or into 50 kB of gzip within gzip. More members,
or fewer bytes: such an object keeps a function busy for minutes. Fewer members, or more bytes: objects with one record
a member, of 100 bytes, must still be read."""


def inflated(blocks: Iterable[bytes], step_bytes: int) -> Iterator[bytes]:
    """The content of the blocks, inflated in pieces of at most `step_bytes`; blocks that are not gzip stay as they are.
    Gzip within gzip, as when Firehose compresses what CloudWatch Logs has compressed, is inflated too.

    Raises PoisonError for a wrong checksum, damaged data or more than MAX_DEPTH layers of gzip; CutOffError where the
    data ends in the middle, or beyond MAX_INFLATED_BYTES or MAX_NESTED_BYTES.
    """
    start, pieces = peeked((block for block in blocks if block), len(_GZIP_MAGIC))
    for depth in range(MAX_DEPTH):
        if not start.startswith(_GZIP_MAGIC):
            return pieces
        content = _gunzipped(_bounded(pieces, MAX_PACKED_BYTES) if depth else pieces, step_bytes)
        start, pieces = peeked(_bounded(content, MAX_NESTED_BYTES if depth else MAX_INFLATED_BYTES), len(_GZIP_MAGIC))
    if start.startswith(_GZIP_MAGIC):
        raise PoisonError(
            "gzip-within-gzip",
            f"the object is compressed by gzip more than {MAX_DEPTH} times: replace it by its content",
        )
    return pieces


def _bounded(pieces: Iterable[bytes], most_bytes: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most_bytes:
            is_nested = most_bytes < MAX_INFLATED_BYTES
            what = "gzip within gzip" if is_nested else "gzip"
            sentence = f"the object is {what} that inflates to more than {most_bytes} bytes; split it"
            reason = "gzip-within-gzip" if is_nested else "gzip-too-large"
            raise CutOffError(reason, f"{sentence}. The lines up to that size were processed")
        yield piece


def _gunzipped(blocks: Iterable[bytes], step_bytes: int) -> Iterator[bytes]:
    """Inflated content, member after member (gzip allows several: RFC 1952, 2.2).

    Python's gzip.open raises at a cut and withholds what it has already inflated, so this uses the decompressor itself.
    Input that a member does not consume is copied, so members after the first are given little input first, and then
    more and more.
    """
    member = isal_zlib.decompressobj(_GZIP)
    window, members, size = _WHOLE, 1, 0
    for block in blocks:
        position = 0
        while position < len(block):
            if member.eof:
                position = _PADDING.match(block, position).end()  # type: ignore[union-attr]  # it matches nothing, too
                if position == len(block):
                    break
                member, window, members = isal_zlib.decompressobj(_GZIP), FIRST_WINDOW_BYTES, members + 1
                _refuse_crumbs(members, size)
            part = block[position : position + window]
            position, window = position + len(part), min(4 * window, _WHOLE)
            for content in _inflated_steps(member, part, step_bytes):
                size += len(content)
                yield content
            position -= len(member.unused_data)
    while not member.eof and (rest := _inflated_step(member, b"", step_bytes)):
        yield rest
    if not member.eof:
        raise CutOffError("gzip-cut-off", "the gzip data ends in the middle. The lines before the cut were processed")


def _refuse_crumbs(members: int, size: int) -> None:
    if members > MAX_SMALL_MEMBERS and size < members * LEAST_MEMBER_BYTES:
        raise PoisonError("gzip-corrupt", f"the gzip data has {members} or more members that are nearly empty")


def _inflated_steps(member: Any, data: bytes, step_bytes: int) -> Iterator[bytes]:
    while data:
        yield _inflated_step(member, data, step_bytes)
        data = member.unconsumed_tail


def _inflated_step(member: Any, data: bytes, step_bytes: int) -> bytes:
    try:
        content: bytes = member.decompress(data, step_bytes)
    except IsalError as error:  # type: ignore[misc]  # its stub declares the class as a value
        raise PoisonError("gzip-corrupt", f"the gzip data is damaged: {error}") from error
    return content


def inflated_payload(data: bytes, most_bytes: int) -> bytes:
    """The content of a payload. Raises PoisonError unless it is whole gzip that inflates to less than `most_bytes`."""
    if not data.startswith((_GZIP_MAGIC, _ZLIB_MAGIC)):
        raise PoisonError("payload-not-gzip", f"the payload is not gzip: {data[:20]!r}")
    member = isal_zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        content: bytes = member.decompress(data, most_bytes)
    except IsalError as error:  # type: ignore[misc]  # its stub declares the class as a value
        raise PoisonError("payload-not-gzip", f"the payload is not gzip: {error}") from error
    if not member.eof:
        reason = "payload-too-large" if len(content) >= most_bytes else "payload-cut-off"
        raise PoisonError(reason, "the payload is cut off or larger than a payload can be")
    return content
