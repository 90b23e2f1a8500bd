"""Rewrites text separated by commas, tabs, semicolons or bars to lines separated by spaces, as in flow logs.

Whole chunks are rewritten, not cells, so that the handling of lines (headers anywhere, several formats, reasons of
rejection) applies to these, too. polars' read_csv and Python's csv accept a line break inside quotes, so that one quote
too many would swallow the lines below it, and neither reports the line number of a row.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from flowsentry.decode.headers import Names, are_known
from flowsentry.frames import MAX_LINE_BYTES
from flowsentry.records.field_spellings import names_of
from flowsentry.records.fields import MISSING, PANDAS_MISSING_WORDS

SEPARATORS = (b",", b"\t", b";", b"|")
"""Commas, tabs, semicolons (Excel, where the comma is the decimal sign) and bars (database shells)."""
_MISSING = MISSING.encode()
_DATABASE_MISSING_WORDS = ("null", "NULL", "\\N")
_ANY_MISSING_WORD = "|".join(map(re.escape, (*PANDAS_MISSING_WORDS, *_DATABASE_MISSING_WORDS))).encode()
_MISSING_WORD = re.compile(rb"(?<![^ \n])(?:%s)(?![^ \r\n])" % _ANY_MISSING_WORD)
_WHOLE = re.compile(rb"(?<![^ \n])([0-9]+)\.0(?![^ \r\n])")
"""A whole number with a fraction, as pandas writes integers of a column in which one is missing."""
_QUOTED = re.compile(rb'"([^"\n]*(?:""[^"\n]*)*)"')


def separator_of(chunk: bytes, candidates: Sequence[Names]) -> bytes | None:
    """The separator of a text that begins with this chunk; None for spaces. A header of fields shows it; without a
    header, it is the one that gives the first line as many values as one of the candidates has fields.
    """
    line, _, rest = chunk.partition(b"\n")
    line = line[:MAX_LINE_BYTES].strip(b" \r")
    for separator in SEPARATORS:
        if separator in line:
            if are_known(_names_in(line, separator)):
                return separator if separator in rest[: rest.find(b"\n") + 1] or separator != b"\t" else None
            if b" " not in line and line.count(separator) + 1 in map(len, candidates) and line[:1] not in b"{[":
                return separator
    return None


def _names_in(line: bytes, separator: bytes) -> Names:
    words = line.decode("ascii", errors="replace").split(separator.decode())
    return names_of(word.strip(' "') for word in words)


def with_spaces(chunks: Iterable[bytes], separator: bytes) -> Iterator[bytes]:
    """The same lines with a space between values, and `-` for a missing value. A quoted text is one value; a space in a
    value becomes `%20`, as AWS encodes it in tags.
    """
    return map(partial(_spaced, separator=separator), chunks)


def _spaced(chunk: bytes, separator: bytes) -> bytes:
    text = chunk.replace(b"\r\n", b"\n") if b"\r" in chunk else chunk
    if b'"' in text:
        text = _unquoted(text, separator)
    if b" " in text:
        text = re.sub(rb"(?<! ) *%s *" % re.escape(separator), separator, text)
    text = _filled(text.replace(b" ", b"%20"), separator)
    if b".0 " in text or b".0\n" in text:
        text = _WHOLE.sub(rb"\1", text)
    return _MISSING_WORD.sub(_MISSING, text) if any(word in text for word in (b"N", b"nan", b"null")) else text


def _filled(text: bytes, separator: bytes) -> bytes:
    """The lines with spaces for separators, and `-` for an empty value."""
    for _ in range(2):
        text = text.replace(separator * 2, separator + _MISSING + separator)
    text = text.replace(separator + b"\n", separator + _MISSING + b"\n").replace(b"\n" + separator, b"\n-" + separator)
    text = _MISSING + text if text.startswith(separator) else text
    return text.replace(separator, b" ")


def _unquoted(text: bytes, separator: bytes) -> bytes:
    """The lines without quotes. Where every value is quoted and none contains quotes, as in results of Athena (every
    separator is between two quotes), all are removed at once; otherwise value by value.
    """
    between = b'"%s"' % separator
    if (
        b" " not in text
        and text.count(separator) == text.count(between)
        and text.count(b'""') == _empties(text, between)
    ):
        return text.replace(b'"', b"")
    return _QUOTED.sub(partial(_value, separator=separator), text)


def _empties(text: bytes, between: bytes) -> int:
    """The number of empty values, where all values are quoted."""
    doubled = text.count(between[:-1] + b'""' + between[1:])
    return doubled + text.count(b'\n""' + between[1:]) + text.count(between[:-1] + b'""\n')


def _value(match: re.Match[bytes], separator: bytes) -> bytes:
    """A value without its quotes, with separators and spaces in it percent-encoded."""
    value: bytes = match[1].replace(b'""', b'"')
    return value.replace(separator, b"%%%02X" % separator[0]).replace(b" ", b"%20") if value else b""
