"""The rows of a Parquet file, some at a time, with the types of its writer."""

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import TypeVar

import polars as pl

from flowsentry.decode.headers import are_known, is_each_once, refuse_too_many
from flowsentry.decode.parquet_pages import MAGIC, TAIL_BYTES, Weight, heaviest
from flowsentry.decode.thrift import TooManyValuesError
from flowsentry.errors import PoisonError
from flowsentry.frames import LogTable
from flowsentry.records.field_spellings import name_of, names_of
from flowsentry.records.fields import BY_NAME

MAX_PARQUET_BYTES = 256 << 20
"""A larger file is refused: its columns can be read only once the whole file is in memory. AWS's files have at most
75 MB. Larger: more memory for each file. Smaller: merged files are refused."""
MAX_ROWS = 100_000_000
"""A file with more rows is refused: that many flow log records do not fit into MAX_PARQUET_BYTES, so its rows are
nearly empty. Larger: such a file keeps a function busy until its timeout. Smaller: real files are refused."""
MAX_FIXED_BYTES = 128 << 20
"""A file with larger pages is refused. For each column, a page and the dictionary are inflated for any rows that are
read, usually 1 to 2 MB a column. Larger: a small file can take much memory. Smaller: files whose writer makes one page
of all rows are refused."""
MAX_ROW_BYTES = 1 << 20
"""A file with larger rows is refused: no record comes near this size."""
MAX_WORK_BYTES = 64 << 30
"""A file whose pages add up to more, each counted as often as it is inflated, is refused; for each table the fixed
bytes count once. 3 M rows in one row group add up to 1 GB. More: a small file of few large values among many small ones
keeps a function busy until its timeout. Less: large files of large pages are refused."""
ROWS_AT_A_TIME = 125_000
"""Rows of a table, of up to CELLS_AT_A_TIME values and SLICE_BYTES. More: more memory, as three such tables are held.
Fewer: pages that two tables share are inflated twice: 3 M rows of 29 columns take 2.2 s instead of 1.2 s at 60,000
(gzip, November 2026)."""
CELLS_AT_A_TIME = 64 * ROWS_AT_A_TIME
SLICE_BYTES = 64 << 20
FIRST_LINE = 2
MESSAGE = "message"

Answer = TypeVar("Answer")
Trial = Callable[[bytes], Iterator[None]]
"""Reads a Parquet file where a crash does no harm, such as another process: one step for its schema and one for each
table. Raises instead of the reader when that fails."""


def tables(pieces: Iterable[bytes], trial: Trial | None = None) -> Iterator[LogTable] | Iterator[bytes]:
    """The rows of a Parquet file, with any compression and size of row groups; nothing for no rows. Where no column is
    a field and one is `message`, as Firehose writes lines, the lines of that column. Each part is read only after the
    trial, where there is one, has read it: a damaged file can end the process.

    Raises PoisonError for a file that is damaged, cut off (its footer is at its end) or too large, for one without
    columns of a flow log, and for one with a field in two columns or in a nested one. Other nested columns are left
    out.
    """
    data = _whole(pieces)
    weight = _weight(data)
    tried = trial(data) if trial else iter(())
    next(tried, None)
    scan = pl.scan_parquet(data)
    schema = _read(scan.collect_schema)
    columns = [MESSAGE] if (is_message := _is_message(schema)) else _columns(schema)
    rows = _read(scan.select(pl.len()).collect).item()
    step = max(1, min(ROWS_AT_A_TIME, CELLS_AT_A_TIME // len(columns), int(SLICE_BYTES / max(weight.row_bytes, 1))))
    if (work := -(-rows // step) * weight.fixed_bytes) > MAX_WORK_BYTES:
        raise _too_large(f"pages that have to be read over and over, {work} bytes")
    slices = _slices(scan.select(columns), range(0, rows, step), tried)
    if is_message:
        return (_lines(table[MESSAGE]) for _, table in slices)
    return (LogTable(table, first + FIRST_LINE) for first, table in slices)


def _slices(scan: pl.LazyFrame, firsts: range, tried: Iterator[None]) -> Iterator[tuple[int, pl.DataFrame]]:
    for first in firsts:
        next(tried, None)
        yield first, _read(scan.slice(first, firsts.step).collect)
    next(tried, None)


def _is_message(schema: pl.Schema) -> bool:
    return schema.get(MESSAGE) == pl.String() and not are_known(names_of(schema))


def _lines(messages: pl.Series) -> bytes:
    """Each message as one line; an empty line where it is null."""
    texts = messages.fill_null("").str.strip_chars_end("\r\n").str.replace_all("[\r\n]", " ")
    text: str = texts.str.join("\n").item()
    return f"{text}\n".encode()


def _whole(pieces: Iterable[bytes]) -> bytes:
    held = BytesIO()
    for piece in pieces:
        if held.tell() + len(piece) > MAX_PARQUET_BYTES:
            raise _too_large(f"more than {MAX_PARQUET_BYTES} bytes")
        held.write(piece)
    data = held.getvalue()
    if not data.endswith(MAGIC) or len(data) < len(MAGIC) + TAIL_BYTES:
        raise PoisonError("parquet-cut-off", "the Parquet file ends in the middle, without its footer")
    return data


def _weight(data: bytes) -> Weight:
    try:
        weight = heaviest(data)
    except TooManyValuesError as error:
        raise _too_large(f"a footer or pages of {error}") from error
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise PoisonError("parquet-corrupt", f"the Parquet file is damaged: {error!r}") from error
    if weight.rows > MAX_ROWS:
        raise _too_large(f"{weight.rows} rows, more than {MAX_ROWS}")
    if weight.fixed_bytes > MAX_FIXED_BYTES:
        raise _too_large(f"pages of {weight.fixed_bytes} bytes, more than {MAX_FIXED_BYTES}")
    if weight.row_bytes > MAX_ROW_BYTES:
        raise _too_large(f"rows of {weight.row_bytes:.0f} bytes, more than {MAX_ROW_BYTES}")
    return weight


def _too_large(what: str) -> PoisonError:
    return PoisonError("parquet-too-large", f"the Parquet file has {what}")


def _columns(schema: pl.Schema) -> list[str]:
    """The columns to read: those that are not nested."""
    names = names_of(schema)
    if not are_known(names):
        raise PoisonError("no-header", f"the Parquet file has no columns of flow log fields: {', '.join(schema)[:200]}")
    if not is_each_once(names):
        raise PoisonError("bad-header", f"the Parquet file has a column twice: {', '.join(schema)[:200]}")
    refuse_too_many(names)
    nested = [column for column, dtype in schema.items() if dtype.is_nested()]
    if known := [column for column in nested if name_of(column) in BY_NAME]:
        raise PoisonError("bad-header", f"the Parquet file has nested columns: {', '.join(known)}")
    return [column for column in schema if column not in nested]


def _read(read: Callable[[], Answer]) -> Answer:
    """The result of reading the file with polars, which panics on some damaged files and raises on the others."""
    try:
        return read()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise PoisonError("parquet-corrupt", f"the Parquet file is damaged: {error}") from error
