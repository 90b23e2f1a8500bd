"""Parses doubtful lines one by one: a record, or the reason why the line is none."""

from collections import Counter
from collections.abc import Sequence

import polars as pl

from flowsentry.frames import MAX_LINE_BYTES, RejectedLines
from flowsentry.parse.values import typed
from flowsentry.records.fields import MISSING, column_of

MAX_SAMPLE_CHARACTERS = 512
MAX_SAMPLE_LINES = 20
"""Rejected lines of one chunk that are kept as a sample, each cut at MAX_SAMPLE_CHARACTERS."""
LINES_AT_A_TIME = 16_384
"""Lines parsed together. More: their columns of text take more memory. Fewer: the fixed cost is paid more often."""
_BLOCK = MAX_LINE_BYTES // 2
REPLACEMENT = "\ufffd"
"""The character in place of bytes that are not UTF-8."""


def readable(text: bytes) -> bytes:
    """The same lines as UTF-8; lines that are too long are cut at MAX_LINE_BYTES, so that they still are."""
    if not text.isascii():
        text = text.decode(errors="replace").encode()
    return _with_long_lines_cut(text) if has_long_line(text) else text


def has_long_line(text: bytes) -> bool:
    """Whether a line may be longer than MAX_LINE_BYTES: it would cover a block of half that without a newline."""
    return any(text.find(b"\n", start, start + _BLOCK) < 0 for start in range(0, len(text) - _BLOCK, _BLOCK))


def _with_long_lines_cut(text: bytes) -> bytes:
    """The same lines, each cut at MAX_LINE_BYTES, the length from which on a line is too long."""
    return b"".join(line[:MAX_LINE_BYTES] + b"\n" for line in text.split(b"\n")[:-1])


def read_each(names: Sequence[str], line_texts: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    """The records among the lines, and for each line the reason why it is none; null where it is a record."""
    is_short = short_among(line_texts, len(names))
    if not is_short.any():
        return _read_in_parts(names, line_texts)
    records, longer = _read_in_parts(names, line_texts.filter(~is_short))
    reasons = _facts(line_texts).select(_reason(len(names), {})).to_series()
    return records, reasons.scatter((~is_short).arg_true(), longer)


def short_among(line_texts: pl.Series, fields: int) -> pl.Series:
    """Which lines have too few separators for this number of fields, so that their values need not be parsed."""
    return _separators_in(line_texts) < fields - 1


def _read_in_parts(names: Sequence[str], line_texts: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    firsts = range(0, max(len(line_texts), 1), LINES_AT_A_TIME)
    parts = [_read_some(names, line_texts[first : first + LINES_AT_A_TIME]) for first in firsts]
    return pl.concat([records for records, _ in parts]), pl.concat([reasons for _, reasons in parts])


def _read_some(names: Sequence[str], line_texts: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    values = _values(names, line_texts)
    records = typed(values, names)
    untyped = [name for name in names if _has_untyped(values[column_of(name)], records[column_of(name)])]
    bad = {name: (values[column_of(name)] != MISSING) & records[column_of(name)].is_null() for name in untyped}
    reasons = _facts(line_texts).select(_reason(len(names), bad)).to_series()
    return records.filter(reasons.is_null()), reasons


def _facts(line_texts: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"line": line_texts, "separators": _separators_in(line_texts)})


def _values(names: Sequence[str], line_texts: pl.Series) -> pl.DataFrame:
    """The values of the lines as text, null where missing."""
    schema = dict.fromkeys((*map(column_of, names), "__rest"), pl.String())
    text = "\n".join((" ".join(schema), line_texts.str.join("\n").item() or "", ""))
    values = pl.read_csv(
        text.encode(),
        separator=" ",
        quote_char=None,
        schema=schema,
        truncate_ragged_lines=True,
        n_rows=len(line_texts),
    )
    return values.drop("__rest")


def _has_untyped(values: pl.Series, records: pl.Series) -> bool:
    return records.null_count() > values.null_count() + int((values == MISSING).sum())


def _separators_in(line_texts: pl.Series) -> pl.Series:
    """The number of separators between the fields of each line, without spaces at its end."""
    return line_texts.str.strip_chars_end(" \r").str.count_matches(" ", literal=True)


def _reason(fields: int, bad: dict[str, pl.Series]) -> pl.Expr:
    """The reason why a line is no record, else null. `bad` has the lines of each field with an invalid value."""
    line = pl.col("line")
    reason = (
        pl.when(line.str.len_bytes() >= MAX_LINE_BYTES)
        .then(pl.lit("line-too-long"))
        .when(pl.col("separators") >= fields)
        .then(pl.lit("too-many-fields"))
        .when(line.str.contains(REPLACEMENT, literal=True))
        .then(pl.lit("not-utf-8"))
        .when(line.str.strip_chars(" \r") == "")
        .then(pl.lit("empty-line"))
        .when(pl.col("separators") < fields - 1)
        .then(pl.lit("too-few-fields"))
    )
    for name, is_bad in bad.items():
        reason = reason.when(pl.lit(is_bad)).then(pl.lit(f"bad-value {column_of(name)}"))
    return reason.otherwise(None).alias("reason")


def rejected_among(line_texts: pl.Series, doubts: pl.Series, reasons: pl.Series, first_line: int) -> RejectedLines:
    """The lines with a reason. `doubts` marks the lines that `reasons` belong to."""
    first = doubts.arg_true().filter(reasons.is_not_null()).head(MAX_SAMPLE_LINES)
    return rejected(reasons, first + first_line, line_texts[first])


def rejected(reasons: pl.Series, numbers: pl.Series, texts: pl.Series) -> RejectedLines:
    """The rejected lines: counts by the first word of the reason, so that they stay few, and a sample with whole
    reasons, of the first lines, whose numbers and texts are given.
    """
    given = reasons.drop_nulls()
    counts = given.str.split(" ").list.first().value_counts()
    shown = texts.str.strip_chars_end("\r").str.head(MAX_SAMPLE_CHARACTERS)
    return RejectedLines(
        Counter(dict(counts.iter_rows())), list(zip(numbers, given.head(len(texts)), shown, strict=True))
    )
