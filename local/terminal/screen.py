"""What stdout and stderr are: a terminal with its width and colours, or a pipe where every line stays whole."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.style import Style
from rich.text import Text

from local.terminal.complaints import in_one_line

_ERASERS: list[Callable[[], None]] = []
"""Of the lines that are shown now, and written again and again."""


@contextmanager
def erased_at_end() -> Iterator[None]:
    """Erases what is shown, and shows the cursor again, however what is in it ends."""
    try:
        yield
    finally:
        while _ERASERS:
            _ERASERS.pop()()


def erase_at_end(erase: Callable[[], None]) -> None:
    """Has this called where erased_at_end ends; once for several times."""
    if erase not in _ERASERS:
        _ERASERS.append(erase)


def screen(*, is_of_errors: bool = False) -> Console:
    """The console of stdout, or of stderr, as they are now. It takes no text for markup. NO_COLOR, FORCE_COLOR and
    TERM=dumb are Rich's to read.
    """
    return Console(file=sys.stderr if is_of_errors else sys.stdout, highlight=False, markup=False, emoji=False)


def is_terminal(console: Console) -> bool:
    """Whether people see it. In a pipe, FORCE_COLOR makes colours, and no terminal."""
    return console.file.isatty()


def is_interactive(console: Console) -> bool:
    """Whether a line on it can be erased and written again."""
    return is_terminal(console) and not console.is_dumb_terminal


def printable(text: object, style: str | Style = "") -> Text:
    """The text on one line in this style: without control characters, and never taken for markup."""
    return Text(in_one_line(text), style)
