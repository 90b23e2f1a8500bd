"""Values as text -> values of their field's type, and what holds for every typed column."""

from collections.abc import Iterable, Sequence
from urllib.parse import unquote_to_bytes

import polars as pl

from flowsentry.fields import (
    BY_NAME,
    MILLISECONDS_FROM,
    MISSING,
    Kind,
    column_of,
    dtype_of,
    largest_of,
)
from flowsentry.frames import Records

ADDRESS_SHAPE = BY_NAME["srcaddr"].shape or ""


def typed(values: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The values of these fields, given as text with `-` for a missing one, in their types; null for what is missing or
    is no value of its field.
    """
    return bounded(values.select(as_typed(name) for name in names), names)


def as_typed(name: str, *, strict: bool = False) -> pl.Expr:
    """The column of a field, given as text, in its type; null for `-`, and (unless `strict`) for what is none."""
    column = pl.col(column_of(name))
    return pl.when(column != MISSING).then(column).cast(dtype_of(name), strict=strict)


def bounded(records: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """The records with null for what is out of range, or is no address."""
    kept = [pl.when(_is_in_range(name)).then(column_of(name)).alias(column_of(name)) for name in names if _range(name)]
    wrong = {name: bad for name in names if len(bad := not_addresses(records, name))}
    kept += [
        pl.when(~pl.col(column_of(name)).is_in(bad.implode())).then(column_of(name)).alias(column_of(name))
        for name, bad in wrong.items()
    ]
    return records.with_columns(kept)


def out_of_bounds(records: pl.DataFrame, names: Iterable[str]) -> pl.Series | None:
    """Whether a row has a value that is out of range, or is no address; None where no row has."""
    ranged = [name for name in names if _range(name)]
    checks = [~_is_in_range(name) for name in ranged if not _all_in_range(records, name)]
    wrong = {name: bad for name in names if len(bad := not_addresses(records, name))}
    checks += [pl.col(column_of(name)).is_in(bad.implode()) for name, bad in wrong.items()]
    if not checks:
        return None
    return records.select(pl.any_horizontal(check.fill_null(value=False) for check in checks)).to_series()


def not_addresses(records: pl.DataFrame, name: str) -> pl.Series:
    """The distinct values of a field of addresses that are none; empty for any other field."""
    field = BY_NAME.get(name)
    if not field or field.kind != Kind.ADDRESS:
        return pl.Series(dtype=pl.Categorical())
    distinct = records[column_of(name)].unique().drop_nulls()
    return distinct.filter(~distinct.cast(pl.String).str.contains(f"^(?:{ADDRESS_SHAPE})$"))


def _range(name: str) -> int | None:
    return largest_of(name)


def _is_in_range(name: str) -> pl.Expr:
    return pl.col(column_of(name)).is_between(0, largest_of(name))


def _all_in_range(records: pl.DataFrame, name: str) -> bool:
    return bool(records.select(_is_in_range(name).all()).item())


def finished(records: pl.DataFrame, names: Iterable[str]) -> Records:
    """The typed records with times in seconds and the values of tags percent-decoded."""
    return Records(_with_tags_decoded(_in_seconds(records), names))


def _in_seconds(records: pl.DataFrame) -> pl.DataFrame:
    """Contra the documentation, start and end may be in milliseconds:
    https://github.com/obsrvbl-oss/flowlogs-reader/blob/master/flowlogs_reader/flowlogs_reader.py.
    """
    times = [name for name in ("start", "end") if name in records.columns]
    late = [name for name in times if (records[name] >= MILLISECONDS_FROM).any()]
    seconds = (pl.when(pl.col(name) >= MILLISECONDS_FROM).then(pl.col(name) // 1000).otherwise(name) for name in late)
    return records.with_columns(time.alias(name) for time, name in zip(seconds, late, strict=True))


def _with_tags_decoded(records: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """Tag values come percent-encoded, as a record has no other way to hold a space. Few are distinct."""
    tags = [column_of(name) for name in names if (field := BY_NAME.get(name)) and field.kind == Kind.TAG]
    decoded = {column: _decoded(records[column]) for column in tags}
    return records.with_columns(
        pl.col(column).cast(pl.String).replace(values).cast(pl.Categorical()).alias(column)
        for column, values in decoded.items()
        if values
    )


def _decoded(tags: pl.Series) -> dict[str, str]:
    """The encoded ones among distinct values, decoded; what is no UTF-8 then stays as it is."""
    encoded = (text for text in tags.unique().drop_nulls().cast(pl.String) if "%" in text)
    return {text: value for text in encoded if (value := _as_text(unquote_to_bytes(text))) is not None}


def _as_text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
