"""Makes the report of a replay, and writes its page."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from flowsentry.emit.plain_text import counted
from flowsentry.pipeline import Context
from local.bill.bill import note_on_prices
from local.inventory.kept_files import replace_file
from local.query.time_range import TimeRange
from local.reading.log_reading import NO_LINES, Coverage, nothing_found
from local.replay.replay import Replay
from local.report.flow_sums import FlowSums
from local.report.report import Reading, Report, report_of
from stacks.prices.meter import DEFAULT_REGION
from stacks.prices.traffic import quotes

WITHOUT_INVENTORY = "without --inventory or --live no owner, no rule, and of most bytes no path that costs, is known"
TITLE = "Report of flow logs"
STANDARD_OUTPUT = Path("-")


class ReportError(Exception):
    """The report can't be written; the message is a sentence."""


def reported_replay(context: Context, log_formats: list[str], region: str | None) -> Replay:
    """A replay that adds up its flows, with the list prices of a Region."""
    return Replay(context, log_formats, flow_sums=FlowSums(context.address_space, quotes(region or DEFAULT_REGION)))


def report_on(replay: Replay, region: str | None) -> Report:
    """The report of a replay that adds up its flows."""
    if replay.flow_sums is None:
        raise ValueError("this replay adds up no flows")
    sums = replay.flow_sums.settle()
    coverage = sums.bill.coverage
    reading = Reading(
        files=replay.sources,
        not_read=replay.not_read,
        lines=dict(replay.lines),
        rejected=dict(replay.rejected),
        first=coverage.first,
        last=coverage.last,
        days=coverage.days,
    )
    return report_of(reading, sums, replay.found_sums, region or DEFAULT_REGION, list(_notes(replay, coverage, region)))


def why_nothing(replay: Replay, times: TimeRange) -> str | None:
    """Why there is nothing to report; None where there is something, or where a message was printed before."""
    if replay.not_read or replay.lines["lines"]:
        return None
    return NO_LINES if replay.sources else nothing_found(times)


def check_files(page: Path | None, report: Path | None) -> None:
    """Raises ReportError where there is no folder for one of the files, before hours are spent on reading."""
    for option, path in (("--html", page), ("--report", report)):
        if path and not path.absolute().parent.is_dir():
            raise ReportError(f"{option} {path}: there is no folder {path.absolute().parent}; make it first")


def write_page(path: Path, report: Report) -> None:
    """Writes the page. Raises ReportError."""
    from local.report.page import page_of  # noqa: PLC0415 - Jinja2 takes a while to import; only --html needs it

    _write("--html", path, page_of(report, TITLE, time.time()))


def write_json(path: Path, report: Report) -> None:
    """Writes the report as one object, or prints it for the path `-`. Raises ReportError."""
    text = json.dumps({"report": report.as_json()})
    if path == STANDARD_OUTPUT:
        print(text)
        return
    _write("--report", path, text + "\n")


def _write(option: str, path: Path, text: str) -> None:
    """Writes a file whole or not at all; what is no file, such as a pipe, is written to."""
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            replace_file(path, text.encode())
    except OSError as error:
        raise ReportError(f"{option} {path}: {error.strerror}") from error


def _notes(replay: Replay, coverage: Coverage, region: str | None) -> Iterator[str]:
    """What is missing in the numbers, a sentence each."""
    if replay.not_read:
        yield f"{counted(replay.not_read, 'path')} could not be read, or not fully"
    if coverage.days_left_out:
        yield f"there is no record of {coverage.days_left_out:,} days between the first and the last one"
    if rejected := replay.rejected.total():
        yield f"{rejected:,} lines are no valid records: flowsentry parse prints them"
    if skipped := replay.lines["SKIPDATA"]:
        yield f"AWS skipped records {skipped:,} times (SKIPDATA): what they had is in no sum"
    if replay.context.inventory.is_empty:
        yield WITHOUT_INVENTORY
    if region:
        yield from note_on_prices(region)
