"""The gzip stream: blocks of bytes -> what is in them, inflated where they start as gzip does."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from isal import isal_zlib
from isal.igzip_lib import IsalError

from flowsentry.decode.leading_bytes import peeked
from flowsentry.errors import CutOffError, PoisonError

# CloudWatch Logs sends gzip; what test tools make of its payloads is zlib at times, and costs nothing to take.
_GZIP_MAGIC, _ZLIB_MAGIC = b"\x1f\x8b", b"x"
_GZIP, _GZIP_OR_ZLIB = 31, 47
_PADDING = re.compile(rb"[\0\n]*")
"""What may stand behind a member: zeros, as tar and some uploaders leave them, and the delimiter that Firehose can put
between records."""

MAX_DEPTH = 3
"""How often an object is inflated. Once is as AWS writes it, twice is what a second compression by mistake makes of it.
More: each time a small object can hide a thousand times as much. Fewer: such objects are set aside."""
MAX_NESTED_BYTES = 2 << 30
"""Where gzip within gzip is cut off. More: 4 MB can keep a function busy for its whole time. Less: real logs that were
compressed twice are cut; AWS closes a file at 75 MB of gzip, which hold less than 1 GB of records."""
MAX_INFLATED_BYTES = 16 << 30
"""Where gzip is cut off. More: a large object of zeros keeps a function busy for its whole time, again and again. Less:
the largest object that is read, of real records, holds 4 GB."""
MAX_PACKED_BYTES = 256 << 20
"""The same for what is in gzip within gzip while it is still packed: the largest object that is read."""
_WHOLE = 1 << 62
"""More than any block has."""
FIRST_WINDOW_BYTES = 4 << 10
"""What a further member is given first, then four times as much, and so on. Larger: an object of many members of next
to nothing takes longer, 20 s for 10 MB where each is given all. Smaller: more steps for those that hold something."""
MAX_SMALL_MEMBERS = 100_000
LEAST_MEMBER_BYTES = 32
"""Of more members than that, each must hold so much on average. A member takes 3 to 10 µs whatever it holds, and 13
million of them fit into the largest object, or 50 kB of gzip within gzip. More, or less: such an object keeps a
function busy for minutes. The other way: one record a member, of 100 bytes, is still read."""


def inflated(blocks: Iterable[bytes], step_bytes: int) -> Iterator[bytes]:
    """The content of the blocks: inflated in pieces of at most `step_bytes`, or the blocks as they are. What is in gzip
    once more, as where Firehose compresses what CloudWatch Logs has compressed, is inflated once more.

    Raises PoisonError for a wrong checksum, damaged data or more than MAX_DEPTH of gzip within gzip, CutOffError at the
    end of what ends in the middle, or beyond MAX_INFLATED_BYTES or MAX_NESTED_BYTES.
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
            f"the object is gzip within gzip, more than {MAX_DEPTH} deep: put what is in it in its place",
        )
    return pieces


def _bounded(pieces: Iterable[bytes], most_bytes: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most_bytes:
            is_nested = most_bytes < MAX_INFLATED_BYTES
            what = "gzip within gzip" if is_nested else "gzip"
            sentence = f"the object is {what} that inflates to more than {most_bytes} bytes: split it"
            reason = "gzip-within-gzip" if is_nested else "gzip-too-large"
            raise CutOffError(reason, f"{sentence}; the lines before that were kept")
        yield piece


def _gunzipped(blocks: Iterable[bytes], step_bytes: int) -> Iterator[bytes]:
    """Inflated content, member after member (gzip allows several: RFC 1952, 2.2).

    Python's gzip.open raises at a cut and keeps back what it had already inflated, so this counts for itself. What a
    member leaves of what it is given is copied: so those after the first are given little, and then more and more.
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
        raise CutOffError("gzip-cut-off", "the gzip data ends in the middle; the lines before the cut were kept")


def _refuse_crumbs(members: int, size: int) -> None:
    if members > MAX_SMALL_MEMBERS and size < members * LEAST_MEMBER_BYTES:
        raise PoisonError("gzip-corrupt", f"the gzip data is {members} members or more of next to nothing each")


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
    """What a payload holds. Raises PoisonError for what is no gzip, is cut off or inflates to `most_bytes` or more."""
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
