"""flowsentry parse: prints typed records as JSON lines, and rejected lines on stderr."""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

import typer

from flowsentry.errors import PoisonError
from flowsentry.frames import RejectedLines
from flowsentry.records.fields import names_in_log_format
from local.log_files import LogSource, all_sources
from local.readable import readable
from local.reading.log_reading import NO_LOGS
from local.reading.parsed_source import parsed_chunks
from local.reading.progress import Progress
from local.terminal.command import Command, Options
from local.terminal.complaints import complain, remark
from local.terminal.screen import is_terminal, screen

RECORDS = "Which records"
"""A group of options in --help."""


def _log_format(text: str) -> str:
    """The same text. Raises BadParameter with the reason when it is not a log format."""
    try:
        names_in_log_format(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return text


@dataclass(frozen=True, kw_only=True)
class FormatOptions(Options):
    """The format of lines without a header."""

    formats: Annotated[
        list[str],
        typer.Option(
            "--format",
            parser=_log_format,
            metavar="FORMAT",
            rich_help_panel=RECORDS,
            help="LogFormat of lines without a header: '${version} …'; may be given several times",
        ),
    ] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ParseOptions(FormatOptions):
    """Of flowsentry parse."""

    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="flow logs: text, CSV, JSON, exports of CloudWatch Logs, Parquet, plain or gzip; - for standard input",
        ),
    ]
    readable: Annotated[
        bool,
        typer.Option("--readable", help="print protocols, flags, paths, encryption and times as words"),
    ] = False


def run(options: ParseOptions) -> int:
    """Exit code: 0 when every file was read, even with rejected lines; 1 when one, or most of its lines, was not."""
    progress = Progress(is_wanted=not is_terminal(screen()))
    found, missing = all_sources(options.files, complain)
    if not (found or missing):
        return complain(NO_LOGS)
    code = min(missing, 1)
    for source in progress.over(found):
        code = max(code, _parse_one(source, options, progress))
        progress.add(0, 1)
    progress.hide()
    return code


def _parse_one(source: LogSource, options: ParseOptions, progress: Progress) -> int:
    rejected = RejectedLines()
    try:
        for parsed in parsed_chunks(source, options.formats):
            shown = readable(parsed.records) if options.readable else parsed.records
            sys.stdout.write(shown.write_ndjson())
            rejected.add(parsed.rejected)
            progress.add(len(parsed.records))
    except (PoisonError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        progress.hide()
        return complain(f"{source.name}: {error}")
    finally:
        if rejected.total:
            progress.hide()
        _print_rejected(source.name, rejected)
    return 0


def _print_rejected(name: str, rejected: RejectedLines) -> None:
    for line, reason, text in rejected.sample:
        remark(f"{name}:{line}: {reason}: {text!r}")
    if rejected.total:
        remark(f"{name}: rejected {in_words(rejected.counts.items())}")


def in_words(counts: Iterable[tuple[str, int]]) -> str:
    """The total and the counts, largest first: `3 (too-few-fields 2, bad-value 1)`."""
    several = Counter(dict(counts))
    ordered = sorted(several.items(), key=lambda each: (-each[1], each[0]))
    reasons = ", ".join(f"{name} {count:,}" for name, count in ordered)
    return f"{several.total():,} ({reasons})" if several else "0"


COMMAND = Command(
    options=ParseOptions,
    run=run,
    description="Prints each record as a JSON line, in the order of the file, including NODATA and SKIPDATA records "
    "(with several formats, chunk by chunk, one format after the other). Prints rejected lines with the reason "
    "on stderr.",
    examples=(
        "flowsentry parse --readable flows.log.gz",
        "zcat *.gz | flowsentry parse - | jq .srcaddr",
        "flowsentry parse --format '${srcaddr} ${dstaddr} ${action}' flows.txt",
    ),
    succeeds_when="every file was read, even with rejected lines",
    fails_when="a file, or most of its lines, could not be read",
    output="a line for each record, with the fields that its format has, - as null",
)
