"""The line that shows how far a command is."""

import io
from itertools import count

from local.reading.progress import CLEAR, Progress
from tests.local.reading.held_files import HeldFile


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_files_share_records_and_their_rate() -> None:
    screen = Terminal()
    seconds = count()
    progress = Progress(screen, clock=lambda: float(next(seconds)))
    for _ in progress.over([HeldFile(str(number), b"") for number in range(4)]):
        progress.add(1_000)
    progress.hide()
    shown = screen.getvalue().split(CLEAR)
    assert shown[1] == "0 of 4 files (0 %), 1,000 records, 500 a second"
    assert shown[4].startswith("3 of 4 files (75 %), 4,000 records, ")
    assert shown[5] == ""


def test_the_line_is_written_again_only_after_a_while() -> None:
    screen = Terminal()
    progress = Progress(screen, clock=lambda: 1.0)
    for _ in range(100):
        progress.add(1)
    assert screen.getvalue() == ""


def test_nothing_is_written_where_there_is_no_terminal() -> None:
    log = io.StringIO()
    seconds = count()
    progress = Progress(log, clock=lambda: float(next(seconds)))
    progress.add(1_000)
    progress.hide()
    assert log.getvalue() == ""
