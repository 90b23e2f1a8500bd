"""Tables that fit the terminal, and that are whole in a pipe."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from local.terminal.screen import is_terminal, printable, screen

GAP = 2
"""Spaces between two columns."""
LEAST_FOLDED = 12
"""Columns of a terminal that a cell which may fold has at least. Fewer: a word a line."""


class Column(NamedTuple):
    """Numbers stand at the right. What is whole, such as an id that is copied, is never folded or cut."""

    name: str
    is_number: bool = False
    is_whole: bool = False


Cell = str | Text


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Prints a line of names, and the rows. On a terminal, long cells fold so that the table fits its width; where that
    is too little for what is whole, the terminal wraps. In a pipe each row is one line.
    """
    console = screen()
    table = _table(columns, rows)
    console.width = _width(table, console)
    with console.capture() as printed:
        console.print(table)
    print(*(line.rstrip() for line in printed.get().splitlines()), sep="\n")


def _table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> Table:
    cells = [[each if isinstance(each, Text) else printable(each) for each in row] for row in rows]
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for number, column in enumerate(columns):
        longest = max((row[number].cell_len for row in cells), default=0)
        table.add_column(
            printable(column.name),
            justify="right" if column.is_number else "left",
            no_wrap=column.is_whole or column.is_number,
            overflow="fold",
            min_width=max(longest, len(column.name)) if column.is_whole or column.is_number else None,
        )
    for row in cells:
        table.add_row(*row)
    return table


def _width(table: Table, console: Console) -> int:
    """Of the whole table in a pipe; of the terminal, unless less would cut what is whole."""
    whole = Measurement.get(console, console.options.update(max_width=1_000_000), table).maximum
    if not is_terminal(console):
        return max(whole, 1)
    least = sum((column.min_width or LEAST_FOLDED) + GAP for column in table.columns)
    return min(max(console.width, least), whole)
