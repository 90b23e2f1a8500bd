"""Replaces numbers in records with words, for `flowsentry parse --readable`."""

from collections.abc import Callable

import polars as pl

from flowsentry.frames import Records
from flowsentry.records.code_names import (
    encryption_status_in_words,
    protocol_name,
    tcp_flags_in_words,
    traffic_path_in_words,
)
from flowsentry.records.fields import BY_NAME, Kind

IN_WORDS: dict[str, Callable[[int], str]] = {
    "protocol": protocol_name,
    "tcp-flags": tcp_flags_in_words,
    "traffic-path": traffic_path_in_words,
    "encryption-status": encryption_status_in_words,
}
"""Field → function that returns the word for one of its values."""


def readable(records: Records) -> pl.DataFrame:
    """The same rows and columns, with protocols, flags, paths and encryption as words, and times as ISO 8601 in UTC."""
    words = [_in_words(records[BY_NAME[name].column], word) for name, word in IN_WORDS.items() if _has(records, name)]
    times = [name for name, field in BY_NAME.items() if field.kind is Kind.TIME and _has(records, name)]
    return records.with_columns(*words, *map(_as_moment, times))


def _has(records: Records, name: str) -> bool:
    return BY_NAME[name].column in records.columns


def _in_words(values: pl.Series, word: Callable[[int], str]) -> pl.Series:
    """The values as words; each distinct value is converted once."""
    distinct = values.unique().drop_nulls()
    words = pl.Series([word(value) for value in distinct], dtype=pl.String)
    return values.replace_strict(distinct, words, default=None, return_dtype=pl.String)


def _as_moment(name: str) -> pl.Expr:
    return pl.from_epoch(pl.col(BY_NAME[name].column)).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
