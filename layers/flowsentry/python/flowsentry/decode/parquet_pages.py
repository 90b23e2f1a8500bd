"""Checks the pages of a Parquet file, and computes how much of them must be held in memory at once.

A page is inflated as a whole, whichever of its rows are read, so a small file can hold very large pages. polars does
not expose pages, checks no checksum, and allocates memory for as many rows as a page claims to have.

https://parquet.apache.org/docs/file-format/
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from isal import isal_zlib

from flowsentry.decode.thrift import Reader, Struct

MAGIC = b"PAR1"
TAIL_BYTES = 8
"""The end of a file: the length of the footer before it, in four bytes, and the magic number."""

# Numbers of fields in parquet.thrift: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
_SCHEMA, _ROWS, _ROW_GROUPS = 2, 3, 4
_REPETITION, _CHILDREN = 3, 5
_REPEATED = 2
_COLUMNS, _GROUP_ROWS = 1, 3
_META_DATA = 3
_CODEC, _VALUES, _COMPRESSED, _DATA_OFFSET, _DICTIONARY_OFFSET = 4, 5, 7, 9, 11
_UNCOMPRESSED = 0
_PAGE_TYPE, _PAGE_BYTES, _PAGE_COMPRESSED, _CHECKSUM = 1, 2, 3, 4
_DATA_PAGE, _INDEX_PAGE, _DICTIONARY_PAGE, _DATA_PAGE_V2 = range(4)
_HEADERS = {_DATA_PAGE: 5, _INDEX_PAGE: 6, _DICTIONARY_PAGE: 7, _DATA_PAGE_V2: 8}
_PAGE_VALUES, _NULLS, _PAGE_ROWS, _LEVEL_BYTES = 1, 2, 3, (5, 6)


class Weight(NamedTuple):
    """The inflated size of the rows of a file: the bytes that reading any of them needs (the dictionary and the largest
    page of each column), the most bytes that one more row adds, and the number of rows.
    """

    fixed_bytes: int
    row_bytes: float
    rows: int


def heaviest(data: bytes) -> Weight:
    """The weight of the rows of a Parquet file, in its heaviest row group; zero without row groups. Checks that the
    footer and pages lie within the file and do not overlap, that the rows of groups, columns and pages add up, and the
    checksums of pages that have one.

    Raises LookupError, ValueError, TypeError, AttributeError or RecursionError for an invalid file, and
    TooManyValuesError for one with too large a footer or too many pages.
    """
    footer_bytes = int.from_bytes(data[-TAIL_BYTES : -len(MAGIC)], "little")
    end = len(data) - TAIL_BYTES - footer_bytes
    if end < len(MAGIC):
        raise ValueError(f"its footer of {footer_bytes} bytes does not fit into it")
    footer = Reader(data, end).struct()
    file = _File(data, end, _repeated(footer[_SCHEMA]), Reader(data, end))
    _refuse_unless(_size(footer[_ROWS]) == sum(_size(group[_GROUP_ROWS]) for group in footer[_ROW_GROUPS]), "rows")
    groups = [file.group(group) for group in footer[_ROW_GROUPS]]
    fixed_bytes, row_bytes = (max((each[number] for each in groups), default=0) for number in (0, 1))
    return Weight(int(fixed_bytes), row_bytes, footer[_ROWS])


def _repeated(schema: list[Struct]) -> list[bool]:
    """For each column, whether a row may have several values in it."""
    root, *elements = schema
    found: list[bool] = []
    waiting = [(_size(root.get(_CHILDREN, 0)), False)]
    for element in elements:
        left, is_repeated = waiting.pop()
        waiting += [(left - 1, is_repeated)] if left > 1 else []
        is_repeated |= element.get(_REPETITION) == _REPEATED
        if children := _size(element.get(_CHILDREN, 0)):
            waiting.append((children, is_repeated))
        else:
            found.append(is_repeated)
    _refuse_unless(not any(left for left, _ in waiting), "columns")
    return found


@dataclass
class _File:
    """A file, with the position of its footer, for each column whether it is repeated, and the reader of its page
    headers. The columns together have no more bytes than the file, so no byte is read twice.
    """

    data: bytes
    end: int
    repeated: list[bool]
    reader: Reader
    seen_bytes: int = 0

    def group(self, group: Struct) -> tuple[int, float]:
        """The fixed bytes and the bytes of a row, of one row group."""
        _refuse_unless(len(group[_COLUMNS]) == len(self.repeated), "columns")
        rows = group[_GROUP_ROWS]
        columns = zip(group[_COLUMNS], self.repeated, strict=True)
        weights = [self._column(column[_META_DATA], None if repeated else rows) for column, repeated in columns]
        return sum(fixed for fixed, _ in weights), sum(each for _, each in weights)

    def _column(self, column: Struct, rows: int | None) -> tuple[int, float]:
        """The same of a column, of which a row has one value where `rows` are given."""
        dictionary_bytes = page_bytes = values = 0
        value_bytes = 0.0
        for page in self._pages(column):
            kind, size, count = page[_PAGE_TYPE], page[_PAGE_BYTES], _values_in(page)
            if kind == _DICTIONARY_PAGE:
                _refuse_unless(count <= size, "values of a dictionary")
                dictionary_bytes = size
            elif kind != _INDEX_PAGE:
                values += count
                page_bytes, value_bytes = max(page_bytes, size), max(value_bytes, size / max(count, 1))
        _refuse_unless(values == column[_VALUES] == (values if rows is None else rows), "values")
        return dictionary_bytes + page_bytes, value_bytes

    def _pages(self, column: Struct) -> Iterator[Struct]:
        """The headers of a column's pages in one row group."""
        offsets = (column.get(_DICTIONARY_OFFSET) or 0, column[_DATA_OFFSET])
        start = min(offset for offset in offsets if offset > 0)
        end = start + _size(column[_COMPRESSED])
        self.seen_bytes += end - start
        _refuse_unless(end <= self.end and self.seen_bytes <= self.end, "bytes")
        self.reader.position = start
        while self.reader.position < end:
            page = self.reader.struct()
            _refuse_unless(_size(page[_PAGE_COMPRESSED]) <= end - self.reader.position, "bytes")
            self._check(page, column[_CODEC])
            self.reader.position += page[_PAGE_COMPRESSED]
            yield page

    def _check(self, page: Struct, codec: int) -> None:
        """Raises ValueError for a page that is not as its header says."""
        content = memoryview(self.data)[self.reader.position : self.reader.position + page[_PAGE_COMPRESSED]]
        if _CHECKSUM in page and isal_zlib.crc32(content) != page[_CHECKSUM] % (1 << 32):
            raise ValueError("a page with a wrong checksum")
        if codec == _UNCOMPRESSED:
            _refuse_unless(page[_PAGE_BYTES] == page[_PAGE_COMPRESSED], "bytes")
        if page[_PAGE_TYPE] == _DATA_PAGE_V2:
            header = page[_HEADERS[_DATA_PAGE_V2]]
            levels = sum(_size(header[place]) for place in _LEVEL_BYTES)
            _refuse_unless(levels <= min(_size(page[_PAGE_BYTES]), page[_PAGE_COMPRESSED]), "levels")
            _refuse_unless(max(_size(header[_NULLS]), _size(header[_PAGE_ROWS])) <= header[_PAGE_VALUES], "values")


def _values_in(page: Struct) -> int:
    _size(page[_PAGE_BYTES])
    header: Struct = page[_HEADERS[page[_PAGE_TYPE]]]
    return 0 if page[_PAGE_TYPE] == _INDEX_PAGE else _size(header[_PAGE_VALUES])


def _size(value: int) -> int:
    """The value, if it can be a number of bytes, values or rows."""
    if value < 0:
        raise ValueError(f"a size of {value}")
    return value


def _refuse_unless(holds: bool, what: str) -> None:  # noqa: FBT001 - it is all that this is about
    if not holds:
        raise ValueError(f"the {what} that it claims to have are not those that it has")
