"""Rows of a Parquet file -> typed records.

AWS writes integers and strings. Tools that convert its files write ports as strings, account ids as integers, integers
as floats where any is missing, times as timestamps. A value is read by its content, not by its type in the file.
"""

from collections.abc import Iterator

import polars as pl

from flowsentry.frames import MAX_LINE_BYTES, LogTable, Parsed, RejectedLines
from flowsentry.parse.each_line import MAX_SAMPLE_CHARACTERS, MAX_SAMPLE_LINES, REPLACEMENT, rejected
from flowsentry.parse.values import bounded, finished, out_of_bounds
from flowsentry.records.field_spellings import name_of, names_of
from flowsentry.records.fields import BY_NAME, MISSING, MISSING_WORDS, Kind, column_of, dtype_of

_LONGEST_MISSING_WORD = max(map(len, MISSING_WORDS))
_ACCOUNT_ID_DIGITS = 12
_OF_TEXT = (pl.String, pl.Categorical, pl.Enum)


def parse_table(table: LogTable) -> Parsed:
    """The rows of a table as typed records, in their order; `len(records) + rejected.total == len(table.rows)`.

    Columns may have any spelling that field_spellings.name_of accepts. A value is read as its text would be, with the
    same type, range and shape; null, NaN and MISSING_WORDS are null. A boolean is invalid in every field. A row with an
    invalid value is rejected, with the reason that its line would have.
    """
    columns = table.rows.columns
    rows = table.rows.rename(dict(zip(columns, map(column_of, names_of(columns)), strict=True)))
    is_long = _too_long(rows)
    values = _values(rows if is_long is None else rows.with_columns(pl.when(~is_long).then(pl.all())))
    names = [name_of(column) for column in values.columns]
    records = values.select(map(_typed, names, rows.dtypes))
    if out_of_bounds(records, names) is not None:
        records = bounded(records, names)
    doubts = [*_long(is_long), *_lost(values), *_untyped(values, records)]
    if not doubts:
        return Parsed(finished(records, names), RejectedLines(), len(rows))
    reasons = values.select(pl.coalesce(doubts)).to_series()
    good = finished(records.filter(reasons.is_null()), names)
    return Parsed(good, _rejected(rows, reasons, table.first_line), len(rows))


def _too_long(rows: pl.DataFrame) -> pl.Series | None:
    """Which rows have more text than a line may have; None where none has. Reads only sizes, since a dictionary can
    repeat a long text in many rows at no cost.
    """
    sizes = [size for column in rows if (size := _size(pl.col(column.name), column.dtype)) is not None]
    if not sizes or not len(rows):
        return None
    is_long = rows.select(pl.sum_horizontal(size.cast(pl.Int64) for size in sizes) >= MAX_LINE_BYTES).to_series()
    return is_long if is_long.any() else None


def _size(column: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    if dtype == pl.Binary:
        return column.bin.size()
    if dtype == pl.String:
        return column.str.len_bytes()
    return column.cat.len_bytes() if isinstance(dtype, _OF_TEXT) else None


def _values(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns as whole numbers, where their fields are numbers, or as text; null where missing."""
    texts = pl.DataFrame(map(_without_bytes, rows))
    whole = _without_missing_words(texts)
    return texts.select(
        pl.col(column) if column in whole else _value(name_of(column), dtype) for column, dtype in texts.schema.items()
    )


def _without_missing_words(texts: pl.DataFrame) -> set[str]:
    """Columns of text in which every value is longer than any of MISSING_WORDS. To check that takes a twentieth of the
    time of a search for these words.
    """
    shortest = texts.select(pl.col(pl.String).str.len_bytes().min())
    return {column.name for column in shortest if (column.item() or 0) > _LONGEST_MISSING_WORD}


def _without_bytes(column: pl.Series) -> pl.Series:
    """A column of bytes, as which some writers store strings, as text; any other unchanged."""
    if column.dtype != pl.Binary:
        return column
    try:
        return column.cast(pl.String)
    except pl.exceptions.ComputeError:
        distinct = column.unique().drop_nulls()
        return column.replace_strict(distinct, [each.decode(errors="replace") for each in distinct])


def _value(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(column_of(name))
    if isinstance(dtype, _OF_TEXT):
        text = column.cast(pl.String)
        return pl.when(~text.is_in(MISSING_WORDS)).then(text)
    if isinstance(dtype, pl.Datetime) and name in BY_NAME and BY_NAME[name].kind == Kind.TIME:
        return column.dt.epoch("s")
    if dtype.is_integer() and dtype_of(name).is_numeric():
        return column
    if dtype.is_numeric():
        text = column.cast(pl.String) if dtype.is_integer() else _text_of_fractions(column)
        return text.str.zfill(_ACCOUNT_ID_DIGITS) if name.endswith("account-id") else text
    return column.dt.to_string() if isinstance(dtype, pl.Duration) else column.cast(pl.String)


def _text_of_fractions(column: pl.Expr) -> pl.Expr:
    """Numbers as text, whole ones without a fraction; null for NaN, which pandas writes for a missing integer."""
    number = column.cast(pl.Float64).fill_nan(None)
    whole = number.cast(pl.Int64, strict=False)
    return pl.when(whole == number).then(whole.cast(pl.String)).otherwise(number.cast(pl.String))


def _typed(name: str, dtype: pl.DataType) -> pl.Expr:
    """The values of a field in its type, null where invalid."""
    column = pl.col(column_of(name))
    if dtype == pl.Boolean and name in BY_NAME:
        column = pl.when(column.is_null()).then(column)
    return column.cast(dtype_of(name), strict=False)


def _long(is_long: pl.Series | None) -> Iterator[pl.Expr]:
    if is_long is not None:
        yield _because("line-too-long", pl.lit(is_long))


def _lost(values: pl.DataFrame) -> Iterator[pl.Expr]:
    """The reason of rows with text that was not UTF-8, here or in the tool that wrote it. Few files are not ASCII."""
    texts = values.select(pl.col(pl.String))
    sizes = [texts.select(size) for size in (pl.all().str.len_bytes().sum(), pl.all().str.len_chars().sum())]
    if not sizes[0].equals(sizes[1]):
        yield _because("not-utf-8", pl.any_horizontal(pl.col(pl.String).str.contains(REPLACEMENT, literal=True)))


def _untyped(values: pl.DataFrame, records: pl.DataFrame) -> Iterator[pl.Expr]:
    """The reasons of rows with an invalid value, in the order of the columns."""
    for column in values.columns:
        if records[column].null_count() > values[column].null_count():
            yield _because(f"bad-value {column}", pl.col(column).is_not_null() & pl.lit(records[column].is_null()))


def _because(reason: str, is_bad: pl.Expr) -> pl.Expr:
    return pl.when(is_bad).then(pl.lit(reason))


def _rejected(rows: pl.DataFrame, reasons: pl.Series, first_line: int) -> RejectedLines:
    """The rows with a reason; the sample has their values in the form of a line."""
    first = reasons.is_not_null().arg_true().head(MAX_SAMPLE_LINES)
    texts = pl.all().cast(pl.String).str.head(MAX_SAMPLE_CHARACTERS).fill_null(MISSING)
    lines = _values(rows[first]).select(pl.concat_str(texts, separator=" ")).to_series()
    return rejected(reasons, first + first_line, lines)
