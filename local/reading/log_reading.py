"""The records of log files, with what they cover and what could not be read of them."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from flowsentry.errors import PoisonError
from flowsentry.frames import Parsed, Records
from flowsentry.inventory.inventory import SECONDS_A_DAY
from flowsentry.parse import parse_together
from local.log_files import LogSource, all_sources
from local.query.time_range import TimeRange
from local.reading.parsed_source import parsed_chunks
from local.reading.progress import Progress
from local.reading.small_files import Group, Limits, grouped
from local.terminal.complaints import complain

TOGETHER = Limits(lines=50_000, seconds=math.inf)
"""Lines of files that are read as one. More: more memory. Fewer: the fixed cost of a frame is paid more often."""


NO_LOGS = (
    "no flow logs were found in the given paths; of a folder, files are read that have the names that AWS gives, or "
    "that end in .log, .txt, .gz or .parquet"
)

NO_LINES = "no line was read: what was given is empty"
NO_LOGS_THEN = (
    "no flow logs were found in the given paths that, by the time in their names, may have records of the time between "
    "--since and --until"
)


def nothing_found(times: TimeRange) -> str:
    """Why no file was read."""
    return NO_LOGS if times == TimeRange() else NO_LOGS_THEN


@dataclass
class Coverage:
    """The time that records cover, those without traffic too. `first` and `last` are Unix seconds, None without any."""

    first: int | None = None
    last: int | None = None
    covered_days: set[int] = field(default_factory=set)

    def add(self, records: Records) -> None:
        """Adds the times of these records, if their format has any."""
        for name in ("start", "end"):
            if name in records.columns and (span := _span(records[name])):
                self.first = span[0] if self.first is None else min(self.first, span[0])
                self.last = span[1] if self.last is None else max(self.last, span[1])
                self.covered_days.update(_days_in(records[name], span))

    def merge(self, other: "Coverage") -> None:
        """Adds the times of another one."""
        moments = [each for each in (self.first, self.last, other.first, other.last) if each is not None]
        if moments:
            self.first, self.last = min(moments), max(moments)
        self.covered_days |= other.covered_days

    @property
    def days_left_out(self) -> int:
        """Whole days (UTC) between the first and the last record of which there is no record."""
        if self.first is None or self.last is None:
            return 0
        return self.last // SECONDS_A_DAY - self.first // SECONDS_A_DAY + 1 - len(self.covered_days)

    @property
    def days(self) -> float:
        """The days from the first to the last record, without those of which there is no record; 0 without any."""
        if self.first is None or self.last is None:
            return 0.0
        return max((self.last - self.first) / SECONDS_A_DAY - self.days_left_out, 0.0)


def _span(times: pl.Series) -> tuple[int, int] | None:
    """The first and the last of these times; None without any."""
    first, last = times.min(), times.max()
    return (first, last) if isinstance(first, int) and isinstance(last, int) else None


def _days_in(times: pl.Series, span: tuple[int, int]) -> list[int]:
    """The days (since 1970) of these times; most chunks are of one."""
    first, last = (moment // SECONDS_A_DAY for moment in span)
    return [first] if first == last else (times // SECONDS_A_DAY).drop_nulls().unique().to_list()


@dataclass
class LogReading:
    """Reads log files. `sources` counts files, `unread` those and paths that could not be read or of which most lines
    are no records, `rejected` lines that are no records, and `skipped` SKIPDATA records.
    """

    log_formats: Sequence[str] = ()
    sources: int = 0
    unread: int = 0
    rejected: int = 0
    skipped: int = 0
    coverage: Coverage = field(default_factory=Coverage)
    progress: Progress = field(default_factory=Progress)

    def records_at(self, paths: Iterable[str]) -> Iterator[Records]:
        """The records of all files there, a chunk at a time; small files that follow each other are read as one. What
        is wrong with a file is printed on stderr; what came before is kept.
        """
        found, missing = all_sources(paths, self._complain)
        self.unread += missing
        for part in grouped(self.progress.over(found), self.log_formats, TOGETHER):
            yield from self._records_of_group(part) if isinstance(part, Group) else self._records_of(part)
        self.progress.hide()

    def _records_of_group(self, group: Group) -> Iterator[Records]:
        parsed, each = parse_together(group.contents)
        yield from map(self._counted, parsed)
        for file, result in zip(group.files, each, strict=True):
            if result.damage:
                yield from self._records_of(file.source)
            else:
                self._count_source()

    def _records_of(self, source: LogSource) -> Iterator[Records]:
        try:
            yield from map(self._counted, parsed_chunks(source, self.log_formats))
        except (PoisonError, OSError) as error:
            self.unread += self._complain(f"{source.name}: {error}")
        self._count_source()

    def _count_source(self) -> None:
        self.sources += 1
        self.progress.add(0, 1)

    def _counted(self, parsed: Parsed) -> Records:
        self.rejected += parsed.rejected.total
        self._count(parsed.records)
        self.progress.add(len(parsed.records))
        return parsed.records

    def _complain(self, message: object) -> int:
        self.progress.hide()
        return complain(message)

    def _count(self, records: Records) -> None:
        self.coverage.add(records)
        if "log_status" in records.columns:
            self.skipped += int((records["log_status"] == "SKIPDATA").sum() or 0)

    @property
    def nothing(self) -> str | None:
        """Why there is nothing to report, or None."""
        if not (self.sources or self.unread):
            return NO_LOGS
        return "no record was read" if self.coverage.first is None else None

    def gaps(self) -> Iterator[str]:
        """What is missing in the records, a sentence each."""
        if self.coverage.days_left_out:
            yield f"there is no record of {self.coverage.days_left_out:,} days between the first and the last one"
        if self.rejected:
            yield f"{self.rejected:,} lines are no valid records: flowsentry parse prints them"
        if self.skipped:
            yield f"AWS skipped records {self.skipped:,} times (SKIPDATA): what they had is in no sum"
