"""Values as text -> values of their field's type and range; times in seconds, decoded tags."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from urllib.parse import unquote_to_bytes

import polars as pl

from flowsentry.frames import Records
from flowsentry.records.fields import (
    BY_NAME,
    FIELDS,
    MILLISECONDS_FROM,
    MISSING,
    Kind,
    column_of,
    dtype_of,
    largest_of,
)
from flowsentry.records.ipv4_numbers import MAX_KNOWN_ADDRESSES, MAX_KNOWN_LETTERS
from flowsentry.records.lookup_cache import LookupCache

_ADDRESSES = frozenset(field.name for field in FIELDS if field.kind == Kind.ADDRESS)
_ADDRESS_FORM = re.compile(BY_NAME["srcaddr"].shape or "")
_ADDRESS = f"^(?:{BY_NAME['srcaddr'].shape})$"
MAX_UNCACHED_TEXTS = 500
"""Texts that are checked one by one. More: the same addresses are checked repeatedly. Fewer: a small payload pays for
the plans of a cache."""
_SEEN = LookupCache()
"""Which texts are addresses. That never changes, so each text is checked once a process. Checking the distinct texts of
each chunk took an eighth of the time of parsing (November 2026)."""


def typed(values: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The values of these fields, given as text with `-` for a missing one, in their types; null where missing or
    invalid.
    """
    return bounded(values.select(as_typed(name) for name in names), names)


def as_typed(name: str, *, strict: bool = False) -> pl.Expr:
    """The column of a field, given as text, in its type; null for `-`, and (unless `strict`) for invalid values."""
    column = pl.col(column_of(name))
    return pl.when(column != MISSING).then(column).cast(dtype_of(name), strict=strict)


def bounded(records: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """The records with null for values out of range and invalid addresses."""
    return records.with_columns(
        pl.when(is_good).then(column_of(name)).alias(column_of(name)) for name, is_good in _goods(records, names)
    )


def out_of_bounds(records: pl.DataFrame, names: Sequence[str]) -> pl.Series | None:
    """Whether a row has a value out of range or an invalid address; None where no row has."""
    if all(_are_good(records[column_of(name)], name) for name in _distinct(records, names)):
        return None
    goods = [is_good for _, is_good in _goods(records, names)]
    return records.select(pl.any_horizontal((~is_good).fill_null(value=False) for is_good in goods)).to_series()


def _distinct(records: pl.DataFrame, names: Sequence[str]) -> Iterator[str]:
    """The fields without the addresses of packets that are those of interfaces, as they mostly are."""
    for name in names:
        interface = name.removeprefix("pkt-")
        is_same = interface != name and interface in names and name in _ADDRESSES
        if not is_same or not records[column_of(name)].equals(records[column_of(interface)]):
            yield name


def _are_good(values: pl.Series, name: str) -> bool:
    """Whether all values of a field are in its range, or are addresses."""
    if name in _ADDRESSES:
        few = len(values) <= MAX_UNCACHED_TEXTS
        return all(map(_is_one_address, values.to_list())) if few else bool(_is_address(values).all())
    if (largest := largest_of(name)) is None:
        return True
    least, most = values.min(), values.max()
    return not (isinstance(least, int) and isinstance(most, int)) or (least >= 0 and most <= largest)


def _is_one_address(text: str | None) -> bool:
    """Whether the text is an address, or missing. `_is_address` is the same function for columns."""
    if text is None or len(text) <= MAX_KNOWN_LETTERS:
        return _is_known_address(text)
    return _ADDRESS_FORM.fullmatch(text) is not None


@lru_cache(MAX_KNOWN_ADDRESSES)
def _is_known_address(text: str | None) -> bool:
    return text is None or _ADDRESS_FORM.fullmatch(text) is not None


def _goods(records: pl.DataFrame, names: Iterable[str]) -> Iterator[tuple[str, pl.Expr]]:
    """The fields whose type allows invalid values, and whether each value is valid; null for null."""
    for name in names:
        if (largest := largest_of(name)) is not None:
            yield name, pl.col(column_of(name)).is_between(0, largest).alias(name)
        elif name in _ADDRESSES:
            yield name, pl.lit(_is_address(records[column_of(name)])).alias(name)


def _is_address(texts: pl.Series) -> pl.Series:
    if len(texts) <= MAX_UNCACHED_TEXTS:
        return texts.alias("text").to_frame().select(pl.col("text").cast(pl.String).str.contains(_ADDRESS)).to_series()
    return _SEEN.facts("", texts, lambda unseen: unseen.cast(pl.String).str.contains(_ADDRESS).to_frame("is_address"))[
        "is_address"
    ]


def finished(records: pl.DataFrame, names: Iterable[str]) -> Records:
    """The typed records with times in seconds and the values of tags percent-decoded."""
    return Records(_with_tags_decoded(_in_seconds(records), names))


def _in_seconds(records: pl.DataFrame) -> pl.DataFrame:
    """Contrary to the documentation, start and end may be in milliseconds:
    https://github.com/obsrvbl-oss/flowlogs-reader/blob/master/flowlogs_reader/flowlogs_reader.py.
    """
    times = [name for name in ("start", "end") if name in records.columns]
    late = [name for name in times if (records[name] >= MILLISECONDS_FROM).any()]
    seconds = (pl.when(pl.col(name) >= MILLISECONDS_FROM).then(pl.col(name) // 1000).otherwise(name) for name in late)
    if not late:
        return records
    return records.with_columns(time.alias(name) for time, name in zip(seconds, late, strict=True))


def _with_tags_decoded(records: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """Values of tags are percent-encoded, since a record can't contain a space otherwise. Few are distinct."""
    tags = [column_of(name) for name in names if (field := BY_NAME.get(name)) and field.kind == Kind.TAG]
    decoded = {column: _decoded(records[column]) for column in tags}
    if not any(decoded.values()):
        return records
    return records.with_columns(
        pl.col(column).cast(pl.String).replace(values).cast(pl.Categorical()).alias(column)
        for column, values in decoded.items()
        if values
    )


def _decoded(tags: pl.Series) -> dict[str, str]:
    """The decoded text of each distinct encoded value; a value that is not UTF-8 after decoding is left out."""
    encoded = (text for text in tags.unique().drop_nulls().cast(pl.String) if "%" in text)
    return {text: value for text in encoded if (value := _as_text(unquote_to_bytes(text))) is not None}


def _as_text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
