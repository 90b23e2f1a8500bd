"""Lines of text -> typed records.

polars accepts most invalid lines: it cuts long ones and fills short ones with null. So one column more than the format
has reveals a long line, and the last column, the only one whose `-` stays text, reveals a short one. A chunk is parsed
by column, all lines at once; then only doubtful lines are parsed again, so that a few invalid lines do not slow down
the valid ones.
"""

from codecs import BOM_UTF8
from collections.abc import Mapping
from typing import TypedDict

import polars as pl

from flowsentry.frames import MAX_LINE_BYTES, LogText, Parsed, Records, RejectedLines
from flowsentry.line_count import lines_in
from flowsentry.parse.each_line import REPLACEMENT, has_long_line, read_each, readable, rejected_among, short_among
from flowsentry.parse.values import as_typed, finished, out_of_bounds
from flowsentry.records.fields import DTYPES, MISSING, Kind, column_of, dtype_of

EXTRA = "__extra"
_SPARED = {pl.Categorical(), *(DTYPES[kind] for kind in (Kind.PORT, Kind.PROTOCOL, Kind.COUNT))}
"""Types that polars reads directly even where values may be invalid: it makes those null. At an invalid value of an
Enum it would stop."""


def parse(text: LogText) -> Parsed:
    """The lines of a text as typed records, in their order; `len(records) + rejected.total == lines`.

    `-` is null and so is an empty value between two spaces; times are in seconds, tags are percent-decoded. Never
    raises for the content of a line: a line with too few or too many fields, a value outside its field's type or range,
    bytes that are not UTF-8, an empty line or one over 64 KiB is counted in `rejected` by that reason. Spaces at the
    end of a line are ignored.
    """
    lines = lines_in(text.text)
    if not lines:
        return Parsed(_no_records(text.names), RejectedLines(), 0)
    is_in_doubt = _is_crowded(text, lines) or has_long_line(text.text) or _has_lost_bytes(text.text)
    records = None if is_in_doubt else _read_strictly(text)
    if records is not None and len(records) == lines:
        return Parsed(finished(records, text.names), RejectedLines(), lines)
    return _parse_with_doubts(text, lines)


def _no_records(names: tuple[str, ...]) -> Records:
    return Records(pl.DataFrame(schema={column_of(name): dtype_of(name) for name in names}))


def _read_strictly(text: LogText) -> pl.DataFrame | None:
    """The records, or None where any line is doubtful. polars takes the number of columns from the first line, and
    refuses a text where that is not the format's, or where a later line has more.
    """
    if text.text.startswith(BOM_UTF8):
        return None  # polars would skip it
    last = column_of(text.names[-1])
    schema = {column_of(name): dtype_of(name) for name in text.names} | {last: pl.String()}
    try:
        read = pl.read_csv(text.text, has_header=False, schema=schema, null_values=_nulls(schema), **_SEPARATED)
        if read[last].null_count():
            return None
        records = read.rechunk().with_columns(as_typed(text.names[-1], strict=True))
    except pl.exceptions.PolarsError:
        return None
    return records if out_of_bounds(records, text.names) is None else None


class _Separated(TypedDict):
    separator: str
    quote_char: None


_SEPARATED: _Separated = {"separator": " ", "quote_char": None}


def _nulls(schema: Mapping[str, pl.DataType]) -> dict[str, str]:
    """`-` is null in all columns but the last of the format."""
    return dict.fromkeys(list(schema)[:-1], MISSING)


def _read(text: LogText, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """The text by column, with one more column than the format has; null for invalid values."""
    header = " ".join((*schema, EXTRA)).encode() + b"\n"
    return pl.read_csv(
        header + text.text,
        schema=schema | {EXTRA: pl.String()},
        null_values=_nulls(schema),
        ignore_errors=True,
        truncate_ragged_lines=True,
        **_SEPARATED,
    )


def _parse_with_doubts(text: LogText, lines: int) -> Parsed:
    """The records of the valid lines, and of the doubtful lines that turn out to be valid."""
    whole = readable(text.text)
    line_texts = pl.read_lines(whole).to_series()
    if _is_crowded(text, lines) and (is_short := short_among(line_texts, len(text.names))).any():
        read, doubts = _read_longer(text.names, line_texts, is_short)
    else:
        read, doubts = _read_tolerantly(LogText(text.names, whole, text.first_line))
        doubts |= _doubtful(line_texts)
        read = read.filter(~doubts)
    del whole
    again, reasons = read_each(text.names, line_texts.filter(doubts))
    rejected = rejected_among(line_texts, doubts, reasons, text.first_line)
    return Parsed(finished(_in_order(read, again, doubts, reasons.is_null()), text.names), rejected, lines)


def _is_crowded(text: LogText, lines: int) -> bool:
    """Whether there are more lines than the text has room for: a record has at least a character for each field and a
    space between two. Then most lines are too short, and parsing them by column takes memory out of proportion: a
    header of 500 fields above 1 MB of newlines would make 500 million values.
    """
    return lines * (2 * len(text.names) - 1) > len(text.text)


def _read_longer(names: tuple[str, ...], line_texts: pl.Series, is_short: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    """The records of the lines that are long enough and valid, and which of all lines are doubtful."""
    longer = line_texts.filter(~is_short)
    if longer.is_empty():
        return _no_records(names), is_short
    read, doubts = _read_tolerantly(LogText(names, f"{longer.str.join(chr(10)).item()}\n".encode(), 1))
    doubts |= _doubtful(longer)
    return read.filter(~doubts), is_short.scatter((~is_short).arg_true(), doubts)


def _in_order(good: pl.DataFrame, again: pl.DataFrame, doubts: pl.Series, is_good: pl.Series) -> pl.DataFrame:
    """The rows that were never doubtful and those that turned out to be valid, in the order of the lines."""
    if again.is_empty():
        return good
    positions = pl.int_range(len(doubts), dtype=pl.UInt32, eager=True)
    order = pl.concat([positions.filter(~doubts), positions.filter(doubts).filter(is_good)]).arg_sort()
    return pl.concat([good, again])[order]


def _read_tolerantly(text: LogText) -> tuple[pl.DataFrame, pl.Series]:
    """The records with null for invalid values, and which rows are doubtful."""
    *names, last = text.names
    as_text = [name for name in names if dtype_of(name) not in _SPARED]
    schema = {column_of(name): pl.String() if name in as_text else dtype_of(name) for name in names}
    read = _read(text, schema | {column_of(last): pl.String()})
    records = read.drop(EXTRA).with_columns(as_typed(name) for name in (*as_text, last))
    unsure = [pl.col(column).is_null() for column, dtype in schema.items() if dtype.is_numeric()]
    lost = [
        records[column].is_null() & (read[column] != MISSING).fill_null(value=False)
        for column in map(column_of, (*as_text, last))
    ]
    number_of_fields = read[column_of(last)].is_null() | read[EXTRA].is_not_null()
    doubts = records.select(pl.any_horizontal(*unsure, *map(pl.lit, (*lost, number_of_fields)))).to_series()
    bad = out_of_bounds(records, text.names)
    return records, doubts if bad is None else doubts | bad


def _doubtful(line_texts: pl.Series) -> pl.Series:
    """Which lines are doubtful for a reason that no column shows: an empty value, lost bytes, too long."""
    has_gap, is_damaged = (line_texts.str.contains(text, literal=True) for text in ("  ", REPLACEMENT))
    return has_gap | is_damaged | (line_texts.str.len_bytes() >= MAX_LINE_BYTES)


def _has_lost_bytes(text: bytes) -> bool:
    """Whether the text has the replacement character, so that a sender has lost bytes that were not UTF-8."""
    return not text.isascii() and REPLACEMENT.encode() in text
