"""flowsentry replay --console: replays flow logs and shows them on the console until Ctrl-C."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from flowsentry.pipeline import Context
from local.child_processes import exits_on_signals
from local.console.showing import console_shown
from local.console.subjects.recording import Recording
from local.console.subjects.replayed import Replayed
from local.log_files import LogSource, Selection, all_sources, distinct
from local.log_objects import ConnectionLostError
from local.reading.progress import Progress
from local.replay.reporting import why_nothing
from local.terminal.complaints import FAILED, complain
from local.terminal.next_steps import with_next_step
from local.terminal.waiting import waiting

MAX_TITLE_LETTERS = 120


class ConsoleOptions(Protocol):
    """The options of replay that decide what the console shows, and where."""

    @property
    def selection(self) -> Selection: ...

    @property
    def formats(self) -> Sequence[str]: ...

    @property
    def console_port(self) -> int: ...


def replay_on_console(
    context: Context,
    options: ConsoleOptions,
    paths: Sequence[str],
    wait: Callable[[], object] | None = None,
) -> int:
    """Exit code: 0 when everything there could be read, 1 when something could not, or when there was nothing. The
    console is up until `wait` returns, or until Ctrl-C.
    """
    with waiting("lists the files"):
        found, missing = all_sources(paths, complain, options.selection)
    sources = distinct(found)
    recording = recorded(context, options.formats, sources)
    for line in summary(recording, len(sources)):
        say(line)
    if not recording.replay.lines["lines"]:
        reason = why_nothing(recording.replay, options.selection.times)
        return complain(reason) if reason else FAILED
    data = Replayed(recording, f"replay of {' '.join(paths)}"[:MAX_TITLE_LETTERS])
    with exits_on_signals(), console_shown(data, options.console_port, say), contextlib.suppress(KeyboardInterrupt):
        say("the console is up until Ctrl-C")
        (wait or _forever)()
    return 1 if recording.replay.unread or missing else 0


def _forever() -> None:
    """Never returns. It sleeps, since polars lets a signal no longer end the wait for a lock: Ctrl-C would be noticed
    after it.
    """
    while True:
        time.sleep(1)


def recorded(context: Context, log_formats: Sequence[str], sources: Sequence[LogSource]) -> Recording:
    """The recording of all sources, or of those before S3 was lost; progress is printed on a terminal."""
    recording = Recording(context, log_formats, complain=complain, progress=Progress())
    replay = recording.replay
    try:
        recording.take_all(replay.progress.over(sources))
    except ConnectionLostError as error:
        replay.progress.hide()
        replay.unread += complain(with_next_step(error))
    replay.progress.hide()
    return recording


def summary(recording: Recording, sources: int) -> Iterable[str]:
    """What was read and found, as text lines."""
    kinds = Counter(f"{each.kind} ({each.severity})" for each in recording.findings.values() if not each.suppressed_by)
    found = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    lines = recording.replay.lines
    yield f"read      {sources:,} files, {lines['lines']:,} lines, {lines['records']:,} records of traffic"
    yield f"findings  {kinds.total():,}" + (f" ({found})" if found else "")


def say(line: str) -> None:
    """Prints one line and flushes it."""
    print(line, flush=True)
