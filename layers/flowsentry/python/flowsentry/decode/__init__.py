"""Bytes -> text or rows: gzip, plain text, JSON lines, Parquet and the CloudWatch Logs envelope. Knows containers, not
what fields hold.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from flowsentry.decode.envelope import subscription, subscription_text
from flowsentry.decode.gzip_stream import inflated
from flowsentry.decode.headers import by_format
from flowsentry.decode.json_lines import OPENING, messages, one_a_line
from flowsentry.decode.parquet import tables
from flowsentry.decode.parquet_pages import MAGIC
from flowsentry.decode.whole_lines import in_chunks
from flowsentry.fields import names_in_log_format
from flowsentry.frames import LogChunk

__all__ = ["object_texts", "subscription", "subscription_text"]

CHUNK_BYTES = 16 << 20
"""Text handed on at a time. Larger: the fixed cost of a chunk, some 10 ms, is paid less often, and more memory is held.
Smaller: a million v5 records take a tenth longer at 8 MB (November 2026). What is inflated comes in a quarter of it at
most, JSON in a half: its text is held several times over, as lines, as messages and as their text.
"""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def object_texts(blocks: Iterable[bytes], log_formats: Sequence[str] = ()) -> Iterator[LogChunk]:
    """The content of one S3 object in bounded chunks, in order; nothing for an empty object.

    `blocks` are the object's bytes; what they hold is recognised by content, whatever its name says: text, JSON lines
    with a record as their message, or Parquet, each plain or in gzip (of several members too). The fields are in the
    order that the header states, or Parquet's columns; where there is none, in that of one of `log_formats`. Raises
    PoisonError for what is no flow log file or is damaged (what came before it must then have no effect), CutOffError
    where the object ends in the middle: all that was yielded before is good. Never retry either.
    """
    candidates = tuple(dict.fromkeys(map(names_in_log_format, log_formats)))
    start, pieces = _opened(inflated(blocks, CHUNK_BYTES // 4))
    if start.startswith(MAGIC):
        yield from tables(pieces)
    elif start.startswith(OPENING):
        lines = in_chunks(one_a_line(pieces), CHUNK_BYTES // 2)
        yield from by_format(messages(lines), candidates)
    else:
        yield from by_format(in_chunks(pieces, CHUNK_BYTES), candidates)


def _opened(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Enough of the content to know what it is, and all of it; both without a byte order mark."""
    start = b""
    for piece in pieces:
        start += piece
        if len(start) > len(_BYTE_ORDER_MARK):
            break
    start = start.removeprefix(_BYTE_ORDER_MARK)
    return start, chain([start], pieces)
