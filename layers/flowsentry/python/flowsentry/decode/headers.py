"""Splits lines at headers into chunks of one format each, without the header lines.

Concatenated files have a header wherever one of them began: the same one, or another.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain

from flowsentry.decode.line_chunks import in_parts
from flowsentry.errors import CutOffError, PoisonError
from flowsentry.frames import MAX_LINE_BYTES, LogText, MixedText
from flowsentry.line_count import lines_in
from flowsentry.records.field_spellings import name_of, names_of
from flowsentry.records.fields import BY_NAME

MIN_KNOWN_NAMES = 2
MAX_FIELDS = 512
"""Fields that a source may have, ten times as many as AWS has. More: each is a column, at a fixed cost for each chunk
and stage, and a line of 64 KB can name 30,000. Fewer: tables that were joined with more columns are refused."""
MAX_HEADERS = 5_000
"""Further headers with lines below them that a source may have, as concatenated files do. Each costs some 20 ms,
however few its lines. More: a small object that alternates headers and lines keeps a function busy until its timeout.
Fewer: concatenations of many small files are cut off."""
_MARK = b"l"
"""A letter that headers have (`protocol`, `log-status`, `flow-direction`), and lines up to version 5 do not, except for
those of Local Zones and the like. Searching for one byte takes 0.3 % of the time of decoding and parsing; examining the
start of each line, where it is found, 5 % (November 2026). So a further header without this letter counts as a line,
and is rejected.
"""
_OF_RECORD = re.compile(rb"\b(?:ACCEPT|REJECT|NODATA|SKIPDATA|OK)\b")
"""What a record without a header most likely has: a value of action or log-status."""
WITHOUT_HEADER = "; name the format of records without a header in log_formats (on the command line: --format)"
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")

Names = tuple[str, ...]


def by_format(chunks: Iterable[bytes], candidates: Sequence[Names]) -> Iterator[LogText | MixedText]:
    """The lines of the chunks, in order and numbered from 1, with the format that the header above them states; without
    a header, with the candidates. Header lines are left out, even those without lines below them.

    A header names any fields in any order, with `_` or `-`, in either case, including fields that AWS may add. Raises
    PoisonError when the first line is no header and there are no candidates, or when it names a field twice; and
    CutOffError after MAX_HEADERS further headers with lines below them.
    """
    first_header, number, formats, headers = b"", 1, candidates, 0
    for chunk in chunks:
        start = 0
        if number == 1 and (names := _names_in_first_header(line := chunk[: chunk.find(b"\n")], candidates)):
            first_header, start, number, formats = line.strip(), len(line) + 1, 2, (names,)
        for names, lines in _sections(chunk, start, first_header):
            if names:
                number, formats, headers = number + 1, (names,), headers + bool(lines)
                if not lines:
                    continue
            if headers > MAX_HEADERS:
                raise CutOffError(
                    "too-many-headers", f"more than {MAX_HEADERS} headers. The lines before were processed"
                )
            for part in in_parts(lines, count := lines_in(lines)):
                yield _of_format(formats, part, number)
                number += count if part is lines else lines_in(part)


def refuse_endless(start: bytes) -> None:
    """Raises PoisonError if the first line is too long for a header and does not begin with names of fields, so that
    the remainder need not be read.
    """
    line = start[: MAX_LINE_BYTES + 1]
    if len(line) > MAX_LINE_BYTES and b"\n" not in line and not are_known(_names_in(line)):
        raise PoisonError("no-header", _no_header(line))


def _no_header(line: bytes) -> str:
    return f"the first line is not a header of flow log fields: {_quoted(line, 80)}"


def _quoted(line: bytes, limit: int) -> str:
    """The start of a line for a message; of bytes that are no text, only that they are none."""
    try:
        text = line[: limit + 1].rstrip().decode()
    except UnicodeDecodeError as error:
        is_cut = error.start > limit - 4 and error.end > limit  # within a letter
        text = line[: error.start].decode() if is_cut else "\0"
    return f'"{text[:limit]}"' if text.isprintable() else "binary data"


def _of_format(formats: Sequence[Names], lines: bytes, number: int) -> LogText | MixedText:
    names, *others = formats
    return MixedText((names, *others), lines, number) if others else LogText(names, lines, number)


def _names_in_first_header(line: bytes, candidates: Sequence[Names]) -> Names:
    """The names in the first line of a source; none where it is a record of one of the candidates."""
    names = _names_in(line[:MAX_LINE_BYTES])
    if not (are_known(names) or (not candidates and _look_like_names(names))):
        if candidates:
            return ()
        advice = WITHOUT_HEADER if _OF_RECORD.search(line[:MAX_LINE_BYTES]) else ""
        raise PoisonError("no-header", _no_header(line) + advice)
    if not is_each_once(names):
        raise PoisonError("bad-header", f"the header names a field twice: {_quoted(line, 200)}")
    refuse_too_many(names)
    return names


def refuse_too_many(names: Sequence[str]) -> None:
    """Raises PoisonError for more than MAX_FIELDS."""
    if len(names) > MAX_FIELDS:
        raise PoisonError("bad-header", f"the source has {len(names)} fields, more than {MAX_FIELDS}")


def _names_in(line: bytes) -> Names:
    return names_of(line.decode("ascii", errors="replace").split())


def are_known(names: Sequence[str]) -> bool:
    """Whether words are names of fields: two of them, or the only one, are in the table."""
    return sum(name in BY_NAME for name in names) >= min(MIN_KNOWN_NAMES, max(len(names), 1))


def is_each_once(names: Sequence[str]) -> bool:
    return len(set(names)) == len(names)


def _look_like_names(names: Names) -> bool:
    """Whether all look like names of fields that AWS may add: most are hyphenated."""
    hyphenated = sum("-" in name for name in names)
    return len(names) > 1 and all(map(_NAME.fullmatch, names)) and hyphenated * 2 >= len(names)


def _sections(text: bytes, start: int, first_header: bytes) -> Iterator[tuple[Names, bytes]]:
    """The lines from `start` on, split at each header: the names in the header (none for the first lines), and the
    lines below it.
    """
    names: Names = ()
    if text.find(_MARK, start) >= 0 or (first_header and _MARK not in first_header):
        text = _with_headers_apart(text, first_header)
        later = (match.start() + 1 for match in _line_starts(first_header.split(b" ")[0]).finditer(text, start))
        for position in chain([start], later):
            end = text.find(b"\n", position) + 1
            if found := _further_names(text[position:end], first_header):
                yield names, text[start:position]
                names, start = found, end
    yield names, text[start:]


def _with_headers_apart(text: bytes, first_header: bytes) -> bytes:
    """The same text with each further header on a line of its own, also after a file without a newline at its end."""
    if b" " not in first_header:
        return text
    *parts, last = text.split(first_header)
    return first_header.join([*(part + b"\n" if _ends_in_a_record(part) else part for part in parts), last])


def _ends_in_a_record(part: bytes) -> bool:
    words = part[part.rfind(b"\n") + 1 :].split(maxsplit=1)
    return bool(words) and name_of(words[0].decode(errors="replace")) not in BY_NAME


@lru_cache(maxsize=8)
def _line_starts(word: bytes) -> re.Pattern[bytes]:
    """A pattern of the newline before a line that begins with the name of a field, or with this word."""
    names = sorted(re.escape(name).replace(r"\-", "[-_]").encode() for name in BY_NAME)
    return re.compile(rb"\n(?=[a-zA-Z])(?i:%s)(?=\s)" % b"|".join([*names, re.escape(word or b"version")]))


def _further_names(line: bytes, first_header: bytes) -> Names:
    """The names in a line after the first, if it is a header: the first header again, or another."""
    if len(line) > MAX_LINE_BYTES:
        return ()
    names = _names_in(line)
    is_header = line.strip() == first_header if first_header else False
    is_another = MIN_KNOWN_NAMES <= len(names) <= MAX_FIELDS and are_known(names) and is_each_once(names)
    return names if is_header or is_another else ()
