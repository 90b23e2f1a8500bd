"""Lines that are in doubt, looked at one by one: a record, or the reason why not."""

from collections import Counter
from collections.abc import Sequence

import polars as pl

from flowsentry.fields import MISSING, column_of
from flowsentry.frames import MAX_LINE_BYTES, RejectedLines
from flowsentry.parse.values import typed

MAX_SAMPLE_CHARACTERS = 512
MAX_SAMPLE_LINES = 20
"""Rejected lines of one chunk that are kept as a sample, each cut at MAX_SAMPLE_CHARACTERS."""
REPLACEMENT = "\ufffd"
"""What stands for bytes that were no UTF-8."""

_SEPARATORS = " *\r?$"


def read_each(names: Sequence[str], line_texts: pl.Series, text: bytes | None = None) -> tuple[pl.DataFrame, pl.Series]:
    """A row for each line, null where it has no value of its field, and why it is no record; null where it is one.

    `text` are the same lines as one text, where that is at hand.
    """
    values = _values(names, line_texts, text)
    records = typed(values, names)
    facts = pl.DataFrame({"line": line_texts, "separators": separators_in(line_texts)})
    untyped = [name for name in names if _has_untyped(values[column_of(name)], records[column_of(name)])]
    bad = {name: (values[column_of(name)] != MISSING) & records[column_of(name)].is_null() for name in untyped}
    return records, facts.select(_reason(len(names), bad)).to_series()


def _values(names: Sequence[str], line_texts: pl.Series, text: bytes | None) -> pl.DataFrame:
    """The values of the lines as text, null where there is none."""
    schema = dict.fromkeys((*map(column_of, names), "__rest"), pl.String())
    lines = text if text is not None else f"{line_texts.str.join(chr(10)).item() or ''}\n".encode()
    values = pl.read_csv(
        " ".join(schema).encode() + b"\n" + lines,
        separator=" ",
        quote_char=None,
        schema=schema,
        truncate_ragged_lines=True,
        n_rows=len(line_texts),
    )
    return values.drop("__rest")


def _has_untyped(values: pl.Series, records: pl.Series) -> bool:
    return records.null_count() > values.null_count() + int((values == MISSING).sum())


def separators_in(line_texts: pl.Series) -> pl.Series:
    """The number of separators between the fields of each line; spaces at its end are none."""
    return line_texts.str.strip_chars_end(" \r").str.count_matches(" ", literal=True)


def _reason(fields: int, bad: dict[str, pl.Series]) -> pl.Expr:
    """Why a line is no record. `bad` tells of each field, where any line has a value that is none, which lines do."""
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


def rejected_among(line_texts: pl.Series, reasons: pl.Series, first_line: int) -> RejectedLines:
    """The lines with a reason, counted by its first word, so that counts stay few; the sample has the whole reason."""
    bad = reasons.is_not_null().arg_true()
    counts = reasons[bad].str.split(" ").list.first().value_counts()
    first = bad.head(MAX_SAMPLE_LINES)
    texts = line_texts[first].str.strip_chars_end("\r").str.head(MAX_SAMPLE_CHARACTERS)
    return RejectedLines(
        Counter(dict(counts.iter_rows())), list(zip(first + first_line, reasons[first], texts, strict=True))
    )
