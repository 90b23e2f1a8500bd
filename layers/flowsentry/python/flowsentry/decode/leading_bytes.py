"""Recognises encodings and foreign containers by the first bytes of the content."""

import codecs
import re
from collections.abc import Iterable, Iterator

from flowsentry.errors import CutOffError, PoisonError

START_BYTES = 1 << 10
"""Bytes that are examined. Less: the first line of JSON over several lines may be incomplete."""
_UTF_8_MARK = codecs.BOM_UTF8
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32 first: its mark begins with that of UTF-16."""
_PRINTED = re.compile(rb"[\t\n\r -~]*")
_STEP_BYTES = 1 << 20
FOREIGN = {
    b"PK\x03\x04": ("zip", "a zip archive"),
    b"PK\x05\x06": ("zip", "an empty zip archive"),
    b"PK\x07\x08": ("zip", "a zip archive of several parts"),
    b"BZh": ("bzip2", "compressed by bzip2"),
    b"\xfd7zXZ\x00": ("xz", "compressed by xz"),
    b"\x28\xb5\x2f\xfd": ("zstd", "compressed by Zstandard"),
    b"7z\xbc\xaf\x27\x1c": ("7z", "a 7z archive"),
    b"\x04\x22\x4d\x18": ("lz4", "compressed by LZ4"),
    b"\xff\x06\x00\x00sNaPpY": ("snappy", "compressed by Snappy"),
    b"ORC": ("orc", "an ORC file"),
    b"Obj\x01": ("avro", "an Avro file"),
}
"""Containers that are not read (Firehose can write ZIP, Snappy and ORC): the first bytes, the reason, the name.
Python's zipfile reads an archive from its end, so all of it would have to be held; no service writes flow logs so by
default.

https://docs.aws.amazon.com/firehose/latest/dev/create-destination.html
"""
FOREIGN_REASONS = frozenset(reason for reason, _ in FOREIGN.values())


def peeked(pieces: Iterable[bytes], least_bytes: int) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes of the content, at least `least_bytes` if it has them, and an iterator of all of it. A
    CutOffError among them is raised by the iterator, after them.
    """
    stream, start, cut = iter(pieces), b"", None
    try:
        while len(start) < least_bytes:
            start += next(stream)
    except StopIteration:
        pass
    except CutOffError as error:
        cut = error
    return start, _all_of(start, stream, cut)


def _all_of(start: bytes, rest: Iterator[bytes], cut: CutOffError | None) -> Iterator[bytes]:
    if start:
        yield start
    if cut:
        raise cut
    yield from rest


def as_utf_8(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first START_BYTES of the content and an iterator of all of it, both without a byte order mark. Text in UTF-16
    or UTF-32 with such a mark is converted to UTF-8; invalid bytes in it become U+FFFD.

    Raises PoisonError for archives and other compressions, with their name as reason, and for UTF-16 without a mark,
    whose byte order would be a guess.
    """
    start, whole = peeked(pieces, START_BYTES)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return peeked(_decoded(whole, encoding), START_BYTES)
    _refuse(start)
    if start.startswith(_UTF_8_MARK):
        return start.removeprefix(_UTF_8_MARK), _without_mark(whole)
    return start, whole


def _refuse(start: bytes) -> None:
    for magic, (reason, what) in FOREIGN.items():
        if start.startswith(magic):
            raise PoisonError(
                reason, f"the object is {what}, which is not supported: unpack it, or write plain text or gzip"
            )
    if _is_utf_16(start):
        raise PoisonError(
            "utf-16", "the object is text in UTF-16 without a byte order mark: write it in UTF-8, or with the mark"
        )


def _is_utf_16(start: bytes) -> bool:
    """Whether every second byte is zero and the others are printable ASCII: a header or a record in UTF-16."""
    even, odd = start[:64:2], start[1:64:2]
    halves = ((even, odd), (odd, even))
    return len(even) > 1 and any(not any(zeros) and _PRINTED.fullmatch(text) for zeros, text in halves)


def _without_mark(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield next(pieces).removeprefix(_UTF_8_MARK)
    yield from pieces


def _decoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for piece in pieces:
        for position in range(0, len(piece), _STEP_BYTES):
            yield decoder.decode(piece[position : position + _STEP_BYTES]).encode(errors="replace")
    yield decoder.decode(b"", final=True).encode(errors="replace")
