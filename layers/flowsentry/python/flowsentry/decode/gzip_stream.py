"""The gzip stream: blocks of bytes -> what is in them, inflated where they start as gzip does."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from isal import isal_zlib
from isal.igzip_lib import IsalError

from flowsentry.errors import CutOffError, PoisonError

# CloudWatch Logs sends gzip; what test tools make of its payloads is zlib at times, and costs nothing to take.
_GZIP_MAGIC, _ZLIB_MAGIC = b"\x1f\x8b", b"x"
_GZIP, _GZIP_OR_ZLIB = 31, 47


def inflated(blocks: Iterable[bytes], step_bytes: int) -> Iterator[bytes]:
    """The content of the blocks: inflated in pieces of at most `step_bytes`, or the blocks as they are.

    Raises PoisonError for a wrong checksum or damaged data, CutOffError at the end of what ends in the middle.
    """
    stream = (block for block in blocks if block)
    first = next(stream, b"")
    while len(first) < len(_GZIP_MAGIC) and (more := next(stream, b"")):
        first += more
    whole = chain([first], stream)
    return _gunzipped(whole, step_bytes) if first.startswith(_GZIP_MAGIC) else whole


def _gunzipped(blocks: Iterable[bytes], step_bytes: int) -> Iterator[bytes]:
    """Inflated content, member after member (gzip allows several: RFC 1952, 2.2).

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
            yield _inflated_step(member, pending, step_bytes)
            pending = member.unused_data if member.eof else member.unconsumed_tail
    while not member.eof and (rest := _inflated_step(member, b"", step_bytes)):
        yield rest
    if not member.eof:
        raise CutOffError("gzip-cut-off", "the gzip data ends in the middle; the lines before the cut were kept")


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
