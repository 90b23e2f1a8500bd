"""Long lines that a terminal shows under each other, indented as they begin."""

import textwrap
from collections.abc import Iterable, Iterator

from local.terminal.complaints import in_one_line
from local.terminal.screen import is_terminal, screen

HANGING = 4
"""Spaces by which the rest of a line is indented more than its beginning."""
LEAST_WIDTH = 40
"""Of a terminal. In a narrower one the terminal folds, which needs no indentation."""


def print_folded(lines: Iterable[str]) -> None:
    """Prints each line without control characters. On a terminal, one that is too long goes on in the next line,
    indented; it is folded between words, so that ids stay whole. In a pipe it is one line.
    """
    console = screen()
    width = console.width if is_terminal(console) else 0
    for line in lines:
        for part in _folded(in_one_line(line), width):
            print(part)


def _folded(line: str, width: int) -> Iterator[str]:
    if not LEAST_WIDTH <= width < len(line):
        yield line
        return
    indent = " " * (len(line) - len(line.lstrip()))
    yield from textwrap.wrap(
        line.lstrip(),
        width,
        initial_indent=indent,
        subsequent_indent=indent + " " * HANGING,
        break_long_words=False,
        break_on_hyphens=False,
    )
