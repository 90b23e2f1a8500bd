"""Groups small log files that follow each other, so that what a frame costs whatever its size is paid once for many.

AWS writes a file for each flow log and five minutes, so an archive has thousands with some hundred lines each.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Self

from flowsentry.aws.ingest.parquet_trial import tried
from flowsentry.decode import object_texts
from flowsentry.decode.object_part import held_within, lines_of
from flowsentry.errors import PoisonError
from flowsentry.frames import LogChunk, LogTable, LogText, SmallSource
from local.log_files import LogSource
from local.reading.read_ahead import HeldSource, read_ahead

SMALL_FILE_BYTES, SMALL_TEXT_BYTES = 1 << 18, 1 << 21
"""Bytes of a file, and of its content, up to which it is read with others. Larger: more memory, since the content of a
whole group is held. Smaller: files whose fixed cost still weighs are read alone."""
START, MOST_DIGITS = "start", 18
"""The field with the start of a record, and the digits of what is one: `int` refuses thousands of them."""


@dataclass(frozen=True)
class SmallFile:
    """A file whose content is held."""

    source: LogSource
    content: SmallSource

    @cached_property
    def lines(self) -> int:
        """Its lines, and one for a file without any, so that a limit of lines is one of files too."""
        return max(1, sum(map(lines_of, self.content.chunks)))

    @cached_property
    def begins(self) -> int | None:
        """The start of its first record (Unix seconds), if that can be read."""
        return next((start for start in map(_first_start, self.content.chunks) if start is not None), None)


class Limits(NamedTuple):
    """Lines of a group, and seconds between the first records of its files."""

    lines: int
    seconds: float


@dataclass
class Group:
    """Small files that are read as one, in their order: the `lines` of all, and the earliest and the latest start of
    their first records (Unix seconds).
    """

    files: list[SmallFile] = field(default_factory=list)
    lines: int = 0
    first: float = math.inf
    last: float = -math.inf

    @classmethod
    def of(cls, files: Iterable[SmallFile]) -> Self:
        group = cls()
        for file in files:
            group.add(file)
        return group

    def add(self, file: SmallFile) -> None:
        """Adds a file at the end."""
        self.files.append(file)
        self.lines += file.lines
        self.first, self.last = self._with(file)

    def has_room_for(self, file: SmallFile, limits: Limits) -> bool:
        """Whether a further file keeps within the limits. A group without files has room for any."""
        first, last = self._with(file)
        return not self.files or (self.lines + file.lines <= limits.lines and last - first <= limits.seconds)

    def _with(self, file: SmallFile) -> tuple[float, float]:
        if file.begins is None:
            return self.first, self.last
        return min(self.first, file.begins), max(self.last, file.begins)

    def halves(self) -> tuple["Group", "Group"]:
        """The first and the second half of the files."""
        middle = len(self.files) // 2
        return Group.of(self.files[:middle]), Group.of(self.files[middle:])

    @property
    def contents(self) -> list[SmallSource]:
        return [file.content for file in self.files]


def grouped(sources: Iterable[LogSource], log_formats: Sequence[str], limits: Limits) -> Iterator[Group | LogSource]:
    """The sources in their order: as groups of small files, and as they are where one is large or can't be read whole;
    its own error then shows when it is read alone.
    """
    group = Group()
    for source in read_ahead(sources):
        file = _small_file(source, log_formats) if isinstance(source, HeldSource) else None
        if group.files and not (file and group.has_room_for(file, limits)):
            yield group
            group = Group()
        if file:
            group.add(file)
        else:
            yield source
    if group.files:
        yield group


def _small_file(source: HeldSource, log_formats: Sequence[str]) -> SmallFile | None:
    """The file; None if it is large or holds too much for a small one, or is damaged."""
    if source.size > SMALL_FILE_BYTES:
        return None
    try:
        chunks = held_within(SMALL_TEXT_BYTES, object_texts([source.content], log_formats, tried))
    except PoisonError:
        return None
    return None if chunks is None else SmallFile(source, SmallSource(source.name, chunks))


def _first_start(chunk: LogChunk) -> int | None:
    """The start of the first record; None where it is no number, and where several formats are possible."""
    if isinstance(chunk, LogTable):
        start = chunk.rows[START][0] if START in chunk.rows.columns and len(chunk.rows) else None
        return start if isinstance(start, int) else None
    if not isinstance(chunk, LogText) or START not in chunk.names:
        return None
    values = chunk.text[: chunk.text.find(b"\n")].split(b" ")
    at = chunk.names.index(START)
    return int(values[at]) if at < len(values) and values[at].isdigit() and len(values[at]) <= MOST_DIGITS else None
