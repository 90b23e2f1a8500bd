"""One run of `flowsentry replay`: reads, prints findings as they appear, and reports; or stops so that it can go on."""

from collections.abc import Sequence
from dataclasses import dataclass

from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.plain_text import counted
from flowsentry.findings.finding import Finding, Severity
from local.log_files import LogSource, all_sources, distinct, has_time
from local.log_objects import ConnectionLostError
from local.replay.continuation import Continuation
from local.replay.reading_options import ReadingOptions
from local.replay.replay import Replay
from local.replay.reporting import ReportError, check_files, report_on, why_nothing, write_json, write_page
from local.replay.state import StateError
from local.report.report import Report
from local.report.text import WIDE, report_lines
from local.terminal.complaints import complain, remark
from local.terminal.links import print_text
from local.terminal.next_steps import with_next_step
from local.terminal.screen import printable, screen

FAILED, INTERRUPTED = 1, 130


@dataclass(frozen=True)
class Session:
    """A replay of these paths. `kept` is the file from which it goes on; None where it can't, since standard input can
    be read only once. `hint` is what else to give to go on.
    """

    replay: Replay
    paths: Sequence[str]
    options: ReadingOptions
    is_json: bool
    kept: Continuation | None
    hint: str = ""

    def run(self) -> int:
        """The exit code."""
        replay = self.replay
        try:
            check_files(self.options.html, self.options.report)
            done = self.kept.begin(replay) if self.kept else 0
        except (ReportError, StateError) as error:
            return complain(error)
        if self.options.resume and not self.options.resume.exists():
            remark(f"{self.options.resume} does not exist yet: begins, and writes to it what was read")
        sources = self._sources()
        unread = replay.not_done(sources)
        if done:
            remark(f"goes on with {counted(len(unread), 'file')}; {counted(len(sources) - len(unread), 'file')} before")
        try:
            with replay.interruption:
                for findings in replay.findings_in_all(replay.progress.over(unread)):
                    self._print(findings)
        except KeyboardInterrupt:
            return self._stopped(sources, INTERRUPTED)
        except ConnectionLostError as error:
            replay.progress.hide()
            complain(with_next_step(error))
            return self._stopped(sources, FAILED)
        return self._reported()

    def _sources(self) -> list[LogSource]:
        """What is to be read, each file once, although two paths may have it."""
        found, self.replay.unlisted = all_sources(self.paths, complain, self.options.selection)
        has_range = self.options.since or self.options.until
        if has_range and (without := sum(not has_time(each) for each in found)):
            remark(f"{counted(without, 'file')} without a time in the name: read whole, whatever their records' time")
        return distinct(found)

    def _print(self, findings: Sequence[Finding]) -> None:
        shown = [each for each in findings if self.is_json or not each.suppressed_by]
        if shown:
            self.replay.progress.hide()
        for finding in shown:
            if self.is_json:
                print(finding.to_json())
            else:
                print_text(_as_text(finding))

    def _stopped(self, sources: Sequence[LogSource], code: int) -> int:
        """Says how to go on."""
        self.replay.progress.hide()
        read = len(sources) - len(self.replay.not_done(sources))
        done = f"stopped after {read:,} of {counted(len(sources), 'file')}"
        if self.kept is None:
            complain(f"{done}; a replay of standard input can't go on")
            return code
        if self.replay.interruption.is_held:
            complain(f"{done}, in the middle of one, and can't go on; after one Ctrl-C it stops where it can")
            return code
        try:
            self.kept.interrupt(self.replay)
        except StateError as error:
            return complain(f"{done}, and can't go on: {error}")
        complain(f"{done}; to go on, give the same command with --resume {self.kept.path}{self.hint}")
        return code

    def _reported(self) -> int:
        replay = self.replay
        replay.progress.hide()
        report = report_on(replay, self.options.region)
        if replay.sources and not self.is_json:
            _print_report(report)
        for line in replay.summary():
            remark(line)
        if reason := why_nothing(replay, self.options.selection.times):
            return complain(reason)
        try:
            if self.options.html:
                write_page(self.options.html, report)
                remark(f"page      {self.options.html}")
            if self.options.report:
                write_json(self.options.report, report)
            if self.kept:
                self.kept.end(replay)
        except (ReportError, StateError) as error:
            return complain(error)
        return FAILED if replay.not_read else 0


def _print_report(report: Report) -> None:
    """In colours and as wide as the terminal; elsewhere each line whole."""
    console = screen()
    for line in report_lines(report, console.width if console.is_terminal else WIDE):
        console.print(printable(line.text, line.style), soft_wrap=True)


def _as_text(finding: Finding) -> str:
    if finding.severity is Severity.BACKGROUND:
        return f"[background] {finding.title}\n"
    return alert_message(finding).text + "\n"
