"""The line that shows how far a command is."""

import io
import re
from collections.abc import Callable
from itertools import count

import pytest
from rich.console import Console

from local.reading.progress import Progress
from local.terminal.screen import erased_at_end
from tests.local.reading.held_files import HeldFile

ERASE = "\x1b[2K"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def seconds() -> Callable[[], float]:
    """A clock that is one second later each time."""
    ticks = count()
    return lambda: float(next(ticks))


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def shown_by(stream: io.StringIO, clock: Callable[[], float] | None = None) -> Progress:
    console = Console(file=stream, width=120, color_system=None)
    return Progress(console, clock or seconds())


def test_a_terminal_shows_files_share_records_their_rate_and_the_time_that_is_left(stream: Terminal) -> None:
    progress = shown_by(stream)
    for _ in progress.over([HeldFile(str(number), b"x" * 10) for number in range(4)]):
        progress.add(1_000)
        progress.add(0, 1)
    shown = stream.getvalue().replace("\r", "\n").split(ERASE)
    assert any("0 % 0 of 4 files, 1,000 records, " in each for each in shown)
    assert any("75 % 3 of 4 files, 4,000 records, " in each and "/s " in each for each in shown)
    assert any(re.search(r"\d:\d\d:\d\d left", each) for each in shown)


def test_the_share_is_that_of_the_bytes(stream: Terminal) -> None:
    progress = shown_by(stream)
    for _ in progress.over([HeldFile("large", b"x" * 90), HeldFile("small", b"x" * 10)]):
        progress.add(1, 1)
    assert " 90 % 1 of 2 files" in stream.getvalue()


def test_a_hidden_line_is_erased_and_comes_again(stream: Terminal) -> None:
    progress = shown_by(stream)
    progress.add(1)
    progress.hide()
    assert stream.getvalue().endswith(ERASE)
    progress.hide()
    before = len(stream.getvalue())
    progress.add(1)
    assert "2 records" in stream.getvalue()[before:]


def test_ctrl_c_erases_the_line_and_shows_the_cursor_again(stream: Terminal) -> None:
    def interrupted(progress: Progress) -> None:
        with erased_at_end():
            progress.add(1)
            progress.add(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted(shown_by(stream))
    assert stream.getvalue().endswith(ERASE)
    assert stream.getvalue().count("\x1b[?25h") == stream.getvalue().count("\x1b[?25l") == 1


def test_the_line_is_not_written_at_once(stream: Terminal) -> None:
    progress = shown_by(stream, lambda: 1.0)
    for _ in range(100):
        progress.add(1)
    progress.hide()
    assert stream.getvalue() == ""


@pytest.mark.parametrize("forced", ["1", ""])
def test_nothing_is_written_where_there_is_no_terminal(forced: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", forced)
    log = io.StringIO()
    progress = shown_by(log)
    for _ in progress.over([HeldFile("a", b"")]):
        progress.add(1_000)
    progress.hide()
    assert log.getvalue() == ""


def test_nothing_is_written_on_a_terminal_that_cannot_erase(stream: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    progress = shown_by(stream)
    progress.add(1_000)
    assert stream.getvalue() == ""
