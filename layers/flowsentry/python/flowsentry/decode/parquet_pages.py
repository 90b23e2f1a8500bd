"""The pages of a Parquet file: whether they are whole, and how much of them must be held at once.

A page is inflated as a whole, whichever of its rows are asked for, so a page is where a small file can hide much.
polars tells nothing of pages, and looks at no checksum.

https://parquet.apache.org/docs/file-format/
"""

from collections.abc import Iterator
from typing import NamedTuple

from isal import isal_zlib

from flowsentry.decode.thrift import Reader, Struct

MAGIC = b"PAR1"
TAIL_BYTES = 8
"""At the end of a file: four bytes that say how long the footer before them is, and the magic."""

# Numbers of fields in parquet.thrift: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
_ROW_GROUPS = 4
_COLUMNS = 1
_META_DATA = 3
_VALUES, _COMPRESSED, _DATA_OFFSET, _DICTIONARY_OFFSET = 5, 7, 9, 11
_PAGE_TYPE, _PAGE_BYTES, _PAGE_COMPRESSED, _CHECKSUM, _DATA_HEADER, _DATA_HEADER_V2 = 1, 2, 3, 4, 5, 8
_DICTIONARY_PAGE = 2


class Weight(NamedTuple):
    """What the rows of a file weigh, inflated: the bytes that any of them needs (of each column the dictionary and the
    largest page), and the bytes of one more row, at most.
    """

    fixed_bytes: int
    row_bytes: float


def heaviest(data: bytes) -> Weight:
    """What the rows of a Parquet file weigh, in the row group where they weigh most; nothing where it has none. The
    checksums of pages that have one are looked at.

    Raises LookupError, ValueError, TypeError or AttributeError for what is no such file.
    """
    footer_bytes = int.from_bytes(data[-TAIL_BYTES : -len(MAGIC)], "little")
    start = len(data) - TAIL_BYTES - footer_bytes
    if start < len(MAGIC):
        raise ValueError(f"its footer of {footer_bytes} bytes does not fit into it")
    footer = Reader(data, start).struct()
    groups = [_of_group(data, group) for group in footer[_ROW_GROUPS]]
    return Weight(max((g.fixed_bytes for g in groups), default=0), max((g.row_bytes for g in groups), default=0))


def _of_group(data: bytes, group: Struct) -> Weight:
    columns = [_of_column(data, column[_META_DATA]) for column in group[_COLUMNS]]
    return Weight(sum(each.fixed_bytes for each in columns), sum(each.row_bytes for each in columns))


def _of_column(data: bytes, column: Struct) -> Weight:
    dictionary_bytes = page_bytes = 0
    value_bytes = 0.0
    for page in _pages(data, column):
        size, values = page[_PAGE_BYTES], _values_in(page)
        if page[_PAGE_TYPE] == _DICTIONARY_PAGE:
            dictionary_bytes = size
        else:
            page_bytes, value_bytes = max(page_bytes, size), max(value_bytes, size / max(values, 1))
    return Weight(dictionary_bytes + page_bytes, value_bytes)


def _pages(data: bytes, column: Struct) -> Iterator[Struct]:
    """The headers of a column's pages in one row group."""
    offsets = (column.get(_DICTIONARY_OFFSET, 0), column[_DATA_OFFSET])
    reader = Reader(data, min(offset for offset in offsets if offset > 0))
    end = reader.place + column[_COMPRESSED]
    while reader.place < end:
        page = reader.struct()
        if min(page[_PAGE_COMPRESSED], page[_PAGE_BYTES]) < 0:
            raise ValueError("a page of less than no bytes")
        content = memoryview(data)[reader.place : reader.place + page[_PAGE_COMPRESSED]]
        if _CHECKSUM in page and isal_zlib.crc32(content) != page[_CHECKSUM] % (1 << 32):
            raise ValueError("a page with a wrong checksum")
        reader.place += len(content)
        yield page


def _values_in(page: Struct) -> int:
    header: Struct = page.get(_DATA_HEADER) or page.get(_DATA_HEADER_V2) or {}
    return int(header.get(1, 0))
