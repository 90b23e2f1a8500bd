"""Many small sources -> typed records in few frames: the texts of one format are parsed as one text.

A text costs about a millisecond however short it is, and each later stage costs several for each frame. Where a line of
a joined text is no record, its texts are parsed one by one, so that each source answers for its own lines.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import polars as pl

from flowsentry.frames import LogChunk, LogTable, LogText, Parsed, ParsedSource, Records, RejectedLines, SmallSource
from flowsentry.parse.mixed import parse_mixed
from flowsentry.parse.table import parse_table
from flowsentry.parse.text import parse
from flowsentry.parse.unreadable import unreadable
from flowsentry.value import Value


class _Piece(NamedTuple):
    """The parsed lines of one chunk of a source, given by its position."""

    source: int
    parsed: Parsed


class _Frame(Value, frozen=True):
    """Pieces with the same columns, in the order of their sources; `whole` is all of them, where they were parsed as
    one.
    """

    pieces: Sequence[_Piece]
    whole: Parsed | None = None

    def without(self, left_out: Collection[int]) -> Parsed:
        """The pieces as one, but for those of some sources."""
        if self.whole and not left_out:
            return self.whole
        kept = [piece.parsed for piece in self.pieces if piece.source not in left_out]
        rejected = RejectedLines()
        for each in kept:
            rejected.add(each.rejected)
        records = pl.concat([each.records for each in kept], rechunk=True)
        return Parsed(Records(records), rejected, sum(each.lines for each in kept))

    def has_any_but(self, left_out: Collection[int]) -> bool:
        """Whether there is a piece of another source."""
        return any(piece.source not in left_out for piece in self.pieces)


def parse_together(sources: Sequence[SmallSource]) -> tuple[list[Parsed], list[ParsedSource]]:
    """The records of all readable sources, one result for each format, and what became of each source, in order.

    A result has the rows of its sources in their order. Lines of unreadable sources are in no result. Samples of
    rejected lines have the number that a line has in its own source. Never raises for the content of a line.
    """
    frames = [*_of_texts(sources), *_of_others(sources)]
    each = _by_source(frames, len(sources))
    left_out = {index for index, source in enumerate(each) if source.damage}
    return [frame.without(left_out) for frame in frames if frame.has_any_but(left_out)], each


def _of_texts(sources: Sequence[SmallSource]) -> Iterator[_Frame]:
    """A frame for each format that texts state."""
    texts: dict[tuple[str, ...], list[tuple[int, LogText]]] = defaultdict(list)
    for index, source in enumerate(sources):
        for chunk in source.chunks:
            if isinstance(chunk, LogText):
                texts[chunk.names].append((index, chunk))
    return (_of_one_format(names, placed) for names, placed in texts.items())


def _of_one_format(names: tuple[str, ...], texts: Sequence[tuple[int, LogText]]) -> _Frame:
    whole = parse(LogText(names, b"".join(text.text for _, text in texts), 1))
    if whole.rejected.total:
        return _Frame([_Piece(index, parse(text)) for index, text in texts])
    pieces, first = [], 0
    for index, text in texts:
        lines = text.text.count(b"\n")
        pieces.append(_Piece(index, Parsed(Records(whole.records[first : first + lines]), RejectedLines(), lines)))
        first += lines
    return _Frame(pieces, whole)


def _of_others(sources: Sequence[SmallSource]) -> Iterator[_Frame]:
    """A frame for each set of columns of the chunks that are no text of one format."""
    frames: dict[tuple[tuple[str, pl.DataType], ...], list[_Piece]] = defaultdict(list)
    for index, source in enumerate(sources):
        for parsed in (parsed for chunk in source.chunks for parsed in _of_other(chunk)):
            frames[tuple(parsed.records.schema.items())].append(_Piece(index, parsed))
    return map(_Frame, frames.values())


def _of_other(chunk: LogChunk) -> Iterator[Parsed]:
    if isinstance(chunk, LogTable):
        yield parse_table(chunk)
    elif not isinstance(chunk, LogText):
        yield from parse_mixed(chunk)


def _by_source(frames: Sequence[_Frame], sources: int) -> list[ParsedSource]:
    parts: list[list[Parsed]] = [[] for _ in range(sources)]
    for piece in (piece for frame in frames for piece in frame.pieces):
        parts[piece.source].append(piece.parsed)
    return list(map(_source_of, parts))


def _source_of(parts: Sequence[Parsed]) -> ParsedSource:
    lines, rejected = sum(part.lines for part in parts), RejectedLines()
    for part in parts:
        rejected.add(part.rejected)
    damage = unreadable(lines, rejected) if rejected.total else None
    return ParsedSource(lines, rejected, () if damage else [part.records for part in parts], damage)
