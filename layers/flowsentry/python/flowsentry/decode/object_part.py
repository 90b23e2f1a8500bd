"""The part of an object that one run processes: from a line on, until the time or the size of a part is used up.

An object for which the time of a run is too short is no error: a run that nears its end stops reading, completes what
it has read as a source of its own, and records how far it came. The next run goes on from there. Lines are counted in
the inflated text, so each run inflates the object from its beginning, which takes a tenth of the time of processing it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from flowsentry.errors import RetryableError
from flowsentry.frames import LogChunk, LogTable
from flowsentry.line_count import lines_in

MAX_PART_LINES = 8_000_000
"""Lines of a part, some 200 MB of gzip. More: the enriched file of a part, up to 36 MB for a million rows, does not fit
into the 512 MB of /tmp beside databases of addresses. Fewer: large objects have more parts, and each one more inflates
the object again."""
SMALLER = 10
"""How many times smaller the parts of an object get with each run that ended while it was processed. Larger: fewer runs
end on an object that needs too much memory, and its parts are smaller than they need be. Smaller: such an object is
taken for one that ends the function whatever the size of its parts."""
KEPT_SHARE = 1 / 3
"""The part of the time left that is kept for what comes after reading: contacts, evidence, findings, the enriched
file. More: smaller parts. Less: the run is ended by its time-out, and what it did is done again."""


class Progress(NamedTuple):
    """How far earlier runs came: `next_line` is the first line that is not processed. The part that begins there has at
    most `part_lines`.
    """

    next_line: int = 1
    part_lines: int = MAX_PART_LINES

    def after(self, interruptions: int) -> "Progress":
        """With smaller parts, after so many runs that ended in the part that begins here."""
        return self._replace(part_lines=max(self.part_lines // SMALLER**interruptions, 1))


class UnfinishedError(RetryableError):
    """A part of an object was processed, the `rest` was not: retry at once, in another invocation. Nothing failed."""

    def __init__(self, source: str, rest: Progress) -> None:
        super().__init__(f"{source} is processed up to line {rest.next_line - 1}")
        self.rest = rest


@dataclass
class ObjectPart:
    """The lines of an object from `progress` on, in chunks, at least one. `rest` is where the next part begins, once
    all chunks were taken; None at the end of the object.
    """

    texts: Iterable[LogChunk]
    progress: Progress
    seconds_left: Callable[[], float]
    rest: Progress | None = field(default=None, init=False)

    def __iter__(self) -> Iterator[LogChunk]:
        lines, kept = 0, self.seconds_left() * KEPT_SHARE
        for chunk in self.texts:
            remainder = from_line(chunk, self.progress.next_line)
            count = lines_of(remainder)
            if lines and count and (lines >= self.progress.part_lines or self.seconds_left() < kept):
                self.rest = self.progress._replace(next_line=remainder.first_line)
                return
            lines += count
            if count:
                yield remainder

    def name(self, source: str) -> str:
        """The name of the part as a source, equal for parts that begin at the same line."""
        return source if self.progress.next_line == 1 else f"{source}#line={self.progress.next_line}"


def lines_of(chunk: LogChunk) -> int:
    """The number of lines, or of rows."""
    return len(chunk.rows) if isinstance(chunk, LogTable) else lines_in(chunk.text)


def bytes_of(chunk: LogChunk) -> int:
    """The size of the text, or of the rows in memory."""
    return int(chunk.rows.estimated_size()) if isinstance(chunk, LogTable) else len(chunk.text)


def held_within(max_bytes: int, chunks: Iterable[LogChunk]) -> tuple[LogChunk, ...] | None:
    """All chunks of a small object; None as soon as they have more bytes."""
    held, size = [], 0
    for chunk in chunks:
        size += bytes_of(chunk)
        if size > max_bytes:
            return None
        held.append(chunk)
    return tuple(held)


def from_line(chunk: LogChunk, line: int) -> LogChunk:
    """The chunk without the lines before this one, perhaps without any lines."""
    skipped = min(max(line - chunk.first_line, 0), lines_of(chunk))
    if not skipped:
        return chunk
    if isinstance(chunk, LogTable):
        return replace(chunk, rows=chunk.rows[skipped:], first_line=chunk.first_line + skipped)
    text = chunk.text.split(b"\n", skipped)[skipped]
    return replace(chunk, text=text, first_line=chunk.first_line + skipped)
