"""Bytes -> text or rows: gzip, plain text, JSON lines, Parquet and the CloudWatch Logs envelope. Reads containers, not
the values of fields.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar, cast

from flowsentry.decode.envelope import subscription, subscription_text
from flowsentry.decode.exported import as_default_format, is_exported, is_permission_check, without_timestamps
from flowsentry.decode.gzip_stream import inflated
from flowsentry.decode.headers import Names, by_format, refuse_endless
from flowsentry.decode.json_documents import JSON_STARTS, one_object_per_line
from flowsentry.decode.json_lines import lines_or_records
from flowsentry.decode.leading_bytes import FOREIGN_REASONS, as_utf_8
from flowsentry.decode.line_chunks import in_chunks
from flowsentry.decode.parquet import Trial, tables
from flowsentry.decode.parquet_pages import MAGIC
from flowsentry.decode.separated import separator_of, with_spaces
from flowsentry.frames import LogChunk
from flowsentry.records.fields import DEFAULT_NAMES, names_in_log_format

__all__ = ["FOREIGN_REASONS", "object_texts", "subscription", "subscription_text"]

Part = TypeVar("Part")

CHUNK_BYTES = 16 << 20
"""Size of a chunk of text. Larger: the fixed cost of a chunk, some 10 ms, is paid less often, and more memory is held.
Smaller: a million v5 records take a tenth longer at 8 MB (November 2026). Inflated pieces have at most a quarter of
this, chunks of JSON a half, since JSON is held several times over: as lines, as messages and as their text.
"""
MAX_JSON_LINE_BYTES = 32 << 20
"""A JSON object longer than this is cut, and rejected. A record of Firehose has at most 1,000 KiB, so an envelope of
CloudWatch Logs inflates to some 10 MB. Larger: more memory for content that is no flow log. Smaller: envelopes are
lost."""


def object_texts(
    blocks: Iterable[bytes], log_formats: Sequence[str] = (), trial: Trial | None = None
) -> Iterator[LogChunk]:
    """The content of one S3 object in bounded chunks, in order; nothing for an empty object.

    `blocks` are the object's bytes. The container is recognised by content, not by the object's name: text with spaces,
    commas, tabs, semicolons or bars between values, in UTF-8 or with a byte order mark; an export of CloudWatch Logs;
    JSON in any layout, with a record as message, with envelopes of CloudWatch Logs or with fields as keys; Parquet with
    fields or messages as columns; each plain or in gzip (of several members, and gzip within gzip). The header, the
    columns or the keys state the order of the fields; without these, it is that of one of `log_formats`. Parquet is
    read in `trial` first, where one is given, since a damaged file can end the process that reads it.

    Raises PoisonError, with a reason that names the content, for what is no flow log file or is damaged: nothing that
    was yielded before may then have an effect. Raises CutOffError where the object ends in the middle: all that was
    yielded before is valid. Never retry either.
    """
    candidates = tuple(dict.fromkeys(map(names_in_log_format, log_formats)))
    start, pieces = as_utf_8(inflated(blocks, CHUNK_BYTES // 4))
    if start.startswith(MAGIC):
        yield from _formatted(tables(pieces, trial), candidates)
    elif start.lstrip().startswith(JSON_STARTS):
        lines = in_chunks(one_object_per_line(start, pieces), CHUNK_BYTES // 2, MAX_JSON_LINE_BYTES)
        yield from _formatted(lines_or_records(lines, is_format_known=bool(candidates)), candidates)
    else:
        if not candidates and not is_exported(start):
            refuse_endless(start)
        yield from _of_text(in_chunks(pieces, CHUNK_BYTES), candidates)


def _formatted(parts: Iterable[bytes] | Iterable[LogChunk], candidates: Sequence[Names]) -> Iterator[LogChunk]:
    """The parts; those that are lines with the format of the header above them, or with the candidates."""
    first, whole = _first_of(parts)
    if first is None or isinstance(first, bytes):
        return by_format(cast("Iterator[bytes]", whole), candidates)
    return cast("Iterator[LogChunk]", whole)


def _first_of(parts: Iterable[Part]) -> tuple[Part | None, Iterator[Part]]:
    """The first part, or None, and an iterator of all parts."""
    stream = iter(parts)
    first = next(stream, None)
    return first, chain([] if first is None else [first], stream)


def _of_text(chunks: Iterator[bytes], candidates: Sequence[Names]) -> Iterator[LogChunk]:
    first, whole = _first_of(chunks)
    if first is None or is_permission_check(first):
        return iter(())
    if is_exported(first):
        return as_default_format(
            by_format(without_timestamps(whole), candidates or [DEFAULT_NAMES]), is_known=bool(candidates)
        )
    if separator := separator_of(first, candidates):
        whole = with_spaces(whole, separator)
    return by_format(whole, candidates)
