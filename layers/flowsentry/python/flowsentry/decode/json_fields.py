"""JSON objects with field names as keys, one a line -> lines with a value for each name."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

import polars as pl

from flowsentry.decode.line_chunks import in_parts
from flowsentry.frames import LogText
from flowsentry.records.field_spellings import name_of, names_of
from flowsentry.records.fields import BY_NAME, MISSING, MISSING_WORDS

MAX_UNKNOWN_KEYS = 16
"""Unknown keys that are kept, as fields that AWS may have added. More: keys that log shippers add (host, agent) are
kept too. Fewer: of several new fields, some are lost until this version knows them."""
MAX_KEYS = 4_096
"""Different keys that are examined in a chunk. More: an object of a million keys takes longer. Fewer: fields after that
many other keys are not found."""
MAX_COLUMNS = 128
"""Keys of fields, in all spellings, that a source may have: twice as many as there are fields. More: each is looked up
in every object. Fewer: where objects spell fields in several ways, some fields are lost."""
MAX_CELLS = 1 << 23
"""Values that are looked up at a time, which bounds the number of objects: 1 MB of `{}` would otherwise make 40
million. More: more memory, at least 16 bytes a value even where it is missing. Fewer: the fixed cost is paid more
often."""
_WINDOW_BYTES, _OVERLAP_BYTES = 1 << 20, 256
_KEY = re.compile(rb'"([A-Za-z@][A-Za-z0-9_@-]{0,63})"\s*:(?=\s*["0-9tfn-])')
"""A key whose value is no object or array. Inside a string, a quote would have a backslash before it."""
_LOOKS_LIKE_A_FIELD = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")
_ENVELOPE_KEY = re.compile(rb'"(messageType|logEvents)"\s*:')
_ACCOUNT_ID_DIGITS = 12


_NO_KEYS = ("version",)
"""The keys that are looked up where a part of the text has none: none of its lines is a record then."""


def keys_in(text: bytes) -> dict[str, None]:
    """The keys with a simple value in the objects of a text, and the keys of envelopes, in order; at most MAX_KEYS."""
    found: dict[bytes, None] = {}
    for pattern in (_ENVELOPE_KEY, _KEY):
        for start in range(0, len(text), _WINDOW_BYTES):
            if len(found) >= MAX_KEYS:
                break
            found |= dict.fromkeys(pattern.findall(text, start, start + _WINDOW_BYTES + _OVERLAP_BYTES))
    return dict.fromkeys(key.decode() for key in islice(found, MAX_KEYS))


def texts_of(parts: Iterable[bytes]) -> Iterator[LogText]:
    """A line of values for each object. Fields are in the order in which their keys first occur; later keys are added.
    A line that is no such object stays one line, which parse rejects.
    """
    keys: dict[str, None] = {}
    number = 1
    for part in parts:
        seen = keys_in(part)
        further = (key for key in seen if key not in keys and name_of(key) in BY_NAME)
        keys |= dict.fromkeys(islice(further, MAX_COLUMNS - len(keys)))
        unknown = [key for key in seen if key not in keys and _LOOKS_LIKE_A_FIELD.fullmatch(name_of(key))]
        asked = [*keys, *unknown[:MAX_UNKNOWN_KEYS]] or list(_NO_KEYS)
        for some in in_parts(part, part.count(b"\n"), MAX_CELLS // len(asked)):
            columns = _one_a_field(_columns(some, asked))
            found = [key for key in columns.columns if key in keys or columns[key].null_count() < len(columns)]
            kept = found or asked[:1]
            yield LogText(names_of(kept), _lines(columns.select(kept), some), number)
            number += len(columns)


def _columns(part: bytes, keys: list[str]) -> pl.DataFrame:
    """The values as text, null where missing. Where a line is invalid JSON, or nests, keys are looked up one by one."""
    lines = _line_texts(part)
    try:
        return lines.str.json_decode(pl.Struct(dict.fromkeys(keys, pl.String()))).struct.unnest()
    except pl.exceptions.PolarsError:
        return pl.DataFrame([lines.str.json_path_match(f"$['{key}']").alias(key) for key in keys])


def _one_a_field(columns: pl.DataFrame) -> pl.DataFrame:
    """The same columns; where several are spellings of one field, as in files of several log shippers, only the first,
    with the values of the others where it has none.
    """
    spelled: dict[str, list[str]] = {}
    for key in columns.columns:
        spelled.setdefault(name_of(key), []).append(key)
    if len(spelled) == columns.width:
        return columns
    return columns.select(pl.coalesce(keys).alias(keys[0]) for keys in spelled.values())


def _line_texts(part: bytes) -> pl.Series:
    return pl.read_lines(part if part.isascii() else part.decode(errors="replace").encode()).to_series()


def _lines(columns: pl.DataFrame, part: bytes) -> bytes:
    values = columns.with_columns(_value(key) for key in columns.columns)
    joined = values.select(pl.concat_str(pl.all().fill_null(MISSING), separator=" ")).to_series()
    is_object = columns.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    if not is_object.all():
        joined = joined.zip_with(is_object, _line_texts(part).str.replace_all(r"\s", ""))
    text: str = joined.str.join("\n").item()
    return f"{text}\n".encode()


def _value(key: str) -> pl.Expr:
    """A value as in a line: account ids with the leading zeros that a number lacks, whole numbers without a fraction,
    spaces percent-encoded.
    """
    text = pl.col(key)
    if name_of(key).endswith("account-id"):
        text = pl.when(text.str.contains("^[0-9]{1,11}$")).then(text.str.zfill(_ACCOUNT_ID_DIGITS)).otherwise(text)
    is_number = name_of(key) in BY_NAME and BY_NAME[name_of(key)].is_number
    text = text.str.replace(r"^([0-9]+)\.0$", "$1") if is_number else text.str.replace_all(r"\s", "%20")
    return pl.when(~text.is_in(MISSING_WORDS)).then(text).alias(key)
