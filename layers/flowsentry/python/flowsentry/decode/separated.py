"""Text whose values other signs than spaces separate -> the same lines with spaces, as flow logs have them.

Whole chunks are rewritten, not cells: then all that is known of lines (headers anywhere, several formats, what is wrong
with a line) holds for these too. polars' read_csv and Python's csv take a quoted line break for a value, so that one
quote too many would swallow the lines below it, and neither tells which line a row is from.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from flowsentry.decode.headers import Names, are_known
from flowsentry.frames import MAX_LINE_BYTES
from flowsentry.records.field_spellings import names_of
from flowsentry.records.fields import MISSING, PANDAS_MISSING_WORDS

SEPARATORS = (b",", b"\t", b";", b"|")
"""Commas, tabs; semicolons as Excel writes them where the comma is a decimal sign; bars as database shells do."""
_MISSING = MISSING.encode()
_DATABASE_MISSING_WORDS = ("null", "NULL", "\\N")
_ANY_MISSING_WORD = "|".join(map(re.escape, (*PANDAS_MISSING_WORDS, *_DATABASE_MISSING_WORDS))).encode()
_MISSING_WORD = re.compile(rb"(?<![^ \n])(?:%s)(?![^ \r\n])" % _ANY_MISSING_WORD)
_WHOLE = re.compile(rb"(?<![^ \n])([0-9]+)\.0(?![^ \r\n])")
"""A whole number with a fraction, as pandas writes integers of a column in which one is missing."""
_QUOTED = re.compile(rb'"([^"\n]*(?:""[^"\n]*)*)"')


def separator_of(chunk: bytes, candidates: Sequence[Names]) -> bytes | None:
    """What separates the values of a text that begins with this chunk: as a header of fields shows it, or, where there
    is none, that the first line has as many values as a format that is given has fields. None for spaces.
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
    """The same lines with a space between values and `-` for one that is missing. What is quoted is one value; a space
    in a value becomes `%20`, as AWS writes it in tags.
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
    """The lines with spaces for separators, and `-` wherever nothing stands between two, or at an end of a line."""
    for _ in range(2):
        text = text.replace(separator * 2, separator + _MISSING + separator)
    text = text.replace(separator + b"\n", separator + _MISSING + b"\n").replace(b"\n" + separator, b"\n-" + separator)
    text = _MISSING + text if text.startswith(separator) else text
    return text.replace(separator, b" ")


def _unquoted(text: bytes, separator: bytes) -> bytes:
    """The lines without quotes. Where every value has them and none has more inside, as Athena writes its results, they
    are taken off at once; that is known where each separator stands between two. Else value by value.
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
    """How many values of the lines are quoted and empty, where all are quoted."""
    doubled = text.count(between[:-1] + b'""' + between[1:])
    return doubled + text.count(b'\n""' + between[1:]) + text.count(between[:-1] + b'""\n')


def _value(match: re.Match[bytes], separator: bytes) -> bytes:
    """A value without its quotes, with signs that would end it percent-encoded."""
    value: bytes = match[1].replace(b'""', b'"')
    return value.replace(separator, b"%%%02X" % separator[0]).replace(b" ", b"%20") if value else b""
