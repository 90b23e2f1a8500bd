"""Text -> typed records: every line becomes a record or is counted as rejected, with its reason."""

import re
from collections import Counter

import polars as pl

from flowsentry.fields import DEFAULT_NAMES, MILLISECONDS_FROM, MISSING, column_of, dtype_of, largest_of
from flowsentry.frames import MAX_LINE_BYTES, Flows, LogText, Parsed, Records, RejectedLines

MAX_SAMPLE_BYTES = 512
MAX_SAMPLE_LINES = 20
"""Rejected lines of one chunk that are kept as a sample, each cut at MAX_SAMPLE_BYTES."""

_EXTRA = "__extra"
_EMPTY = "\x01"
_BLOCK = MAX_LINE_BYTES // 2


def parse(text: LogText) -> Parsed:
    """The lines of a text as typed records, in their order; `len(records) + rejected.total == lines`.

    `-` is null, and times are in seconds. Never raises for what a line holds: a line with too few or too many fields, a
    value that is not of its field's type or range, bytes that are no UTF-8, an empty line or one over 64 KiB is counted
    in `rejected` by that reason. Spaces at the end of a line are no field.

    polars does not fail on most of this: it cuts long lines and fills short ones with null. So one more column than
    the format has shows a long line, and the last column, the only one whose `-` stays text, shows a short one.
    """
    lines = text.text.count(b"\n")
    if not lines:
        return Parsed(_no_records(text.names), RejectedLines(), 0)
    columns = tuple(column_of(name) for name in text.names)
    records = None if _has_long_line(text.text) or _has_lost_bytes(text.text) else _read_clean(columns, text)
    if records is not None and len(records) == lines:
        return Parsed(_in_seconds(records), RejectedLines(), lines)
    return _read_each(columns, text, lines)


def flows_of(records: Records) -> Flows:
    """The records that tell of traffic, in their order, with every field of version 2 as a column. NODATA and SKIPDATA
    say that there was none, or that some was not recorded.
    """
    flows: pl.DataFrame = records
    if count_status(records, "NODATA") or count_status(records, "SKIPDATA"):
        flows = flows.filter(pl.col("log_status").is_null() | (pl.col("log_status") == "OK"))
    missing = [name for name in DEFAULT_NAMES if column_of(name) not in flows.columns]
    return Flows(flows.with_columns(pl.lit(None, dtype_of(name)).alias(column_of(name)) for name in missing))


def count_status(records: Records, log_status: str) -> int:
    """How many records have this log status."""
    return int((records["log_status"] == log_status).sum()) if "log_status" in records.columns else 0


def _no_records(names: tuple[str, ...]) -> Records:
    return Records(pl.DataFrame(schema={column_of(name): dtype_of(name) for name in names}))


def _read(columns: tuple[str, ...], text: bytes, schema: dict[str, pl.DataType], **options: object) -> pl.DataFrame:
    header = " ".join((*columns, _EXTRA)).encode() + b"\n"
    return pl.read_csv(header + text, separator=" ", quote_char=None, schema=schema, **options)  # type: ignore[arg-type]


def _read_clean(columns: tuple[str, ...], text: LogText) -> pl.DataFrame | None:
    """The fast path: the records, or None where any line is not clean."""
    *_, last = columns
    schema = {column_of(name): dtype_of(name) for name in text.names} | {last: pl.String(), _EXTRA: pl.String()}
    nulls = dict.fromkeys(columns[:-1], MISSING)
    try:
        records = _read(columns, text.text, schema, null_values=nulls)
        if records[last].null_count() or records[_EXTRA].null_count() < len(records):
            return None
        typed = records.drop(_EXTRA).with_columns(_typed(text.names[-1], strict=True))
        return typed if _is_in_range(typed, text.names) else None
    except pl.exceptions.PolarsError:
        return None


def _typed(name: str, *, strict: bool) -> pl.Expr:
    column = pl.col(column_of(name))
    return pl.when(column != MISSING).then(column).cast(dtype_of(name), strict=strict)


def _bounded(names: tuple[str, ...]) -> dict[str, int]:
    return {column_of(name): largest for name in names if (largest := largest_of(name)) is not None}


def _is_in_range(records: pl.DataFrame, names: tuple[str, ...]) -> bool:
    within = [pl.col(column).is_between(0, largest).all() for column, largest in _bounded(names).items()]
    return all(records.select(within).row(0)) if within else True


def _in_range(records: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """The records with null for what is out of range."""
    return records.with_columns(
        pl.when(pl.col(column).is_between(0, largest)).then(column) for column, largest in _bounded(names).items()
    )


def _in_seconds(records: pl.DataFrame) -> Records:
    """Contra the documentation, start and end may be in milliseconds:
    https://github.com/obsrvbl-oss/flowlogs-reader/blob/master/flowlogs_reader/flowlogs_reader.py.
    """
    times = [name for name in ("start", "end") if name in records.columns]
    late = [name for name in times if (records[name] >= MILLISECONDS_FROM).any()]
    seconds = (pl.when(pl.col(name) >= MILLISECONDS_FROM).then(pl.col(name) // 1000).otherwise(name) for name in late)
    return Records(records.with_columns(time.alias(name) for time, name in zip(seconds, late, strict=True)))


def _read_each(columns: tuple[str, ...], text: LogText, lines: int) -> Parsed:
    """The slow path, 2 to 3 times the fast one: every value as text first, so that bad ones can be told from `-`."""
    schema: dict[str, pl.DataType] = {name: pl.String() for name in (*columns, _EXTRA)}
    body = _with_empty_values_marked(_with_long_lines_cut(text.text))
    nulls = dict.fromkeys(columns, _EMPTY)
    values = _read(columns, body, schema, null_values=nulls, truncate_ragged_lines=True, encoding="utf8-lossy")
    if len(values) != lines:
        raise AssertionError(f"{lines} lines were read as {len(values)} rows")
    typed = _in_range(values.select(_typed(name, strict=False) for name in text.names), text.names)
    untyped = [name for name in columns if typed[name].null_count() > (values[name] == MISSING).sum()]
    reasons = values.select(_reason(columns, values, typed.select(untyped), is_ascii=body.isascii())).to_series()
    records = typed.filter(reasons.is_null())
    return Parsed(_in_seconds(records), _rejected(reasons, text), lines)


def _reason(columns: tuple[str, ...], values: pl.DataFrame, untyped: pl.DataFrame, *, is_ascii: bool) -> pl.Expr:
    """Why each line is no record; null where it is one. `untyped` are the columns with a value that is not of its
    type, or is not there.
    """
    reason = (
        pl.when(pl.col(_EXTRA).is_not_null())
        .then(pl.lit("too-many-fields"))
        .when(pl.col(columns[0]).str.len_bytes() >= MAX_LINE_BYTES)
        .then(pl.lit("line-too-long"))
        .when(pl.lit(value=False) if is_ascii else _has_replacement(values.columns))
        .then(pl.lit("not-utf-8"))
        .when(pl.col(columns[-1]).is_null())
        .then(
            pl.when(pl.all_horizontal(pl.all().is_null()))
            .then(pl.lit("empty-line"))
            .otherwise(pl.lit("too-few-fields"))
        )
    )
    for column in untyped.iter_columns():
        is_bad = pl.lit(column).is_null() & (pl.col(column.name) != MISSING)
        reason = reason.when(is_bad).then(pl.lit(f"bad-value {column.name}"))
    return reason.otherwise(None).alias("reason")


def _has_replacement(columns: list[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(columns).str.contains("\ufffd", literal=True).fill_null(value=False))


def _has_lost_bytes(text: bytes) -> bool:
    """Whether the text has the character that stands for bytes that were no UTF-8: whatever sent it lost them."""
    return not text.isascii() and "\ufffd".encode() in text


def _has_long_line(text: bytes) -> bool:
    """Whether a line may be over MAX_LINE_BYTES: such a line covers a whole block of half that without a newline."""
    return any(text.find(b"\n", start, start + _BLOCK) < 0 for start in range(0, len(text) - _BLOCK, _BLOCK))


def _with_long_lines_cut(text: bytes) -> bytes:
    """The same lines, each longer one replaced by a single value that is too long: no half of it can pass."""
    if not _has_long_line(text):
        return text
    long = b"x" * MAX_LINE_BYTES
    return b"".join((long if len(line) > MAX_LINE_BYTES else line) + b"\n" for line in text.split(b"\n")[:-1])


def _with_empty_values_marked(text: bytes) -> bytes:
    """The same lines without spaces at their end, and a mark between each two spaces that follow each other: polars
    drops all that comes after the extra column, and would not show that this column is there but empty.
    """
    if b" \n" in text or b" \r" in text:
        text = re.sub(rb"(?<! ) +(?=\r?\n)", b"", text)
    return re.sub(rb" (?= )", f" {_EMPTY}".encode(), text) if b"  " in text else text


def _rejected(reasons: pl.Series, text: LogText) -> RejectedLines:
    """Counts by the reason's first word, so that they stay few; the sample has the whole reason."""
    bad = reasons.is_not_null()
    counts = reasons.filter(bad).str.split(" ").list.first().value_counts()
    indices = bad.arg_true().head(MAX_SAMPLE_LINES).to_list()
    lines = text.text.split(b"\n") if indices else []
    sample = [
        (text.first_line + index, reasons[index], lines[index][:MAX_SAMPLE_BYTES].decode(errors="replace"))
        for index in indices
    ]
    return RejectedLines(Counter(dict(counts.iter_rows())), sample)
