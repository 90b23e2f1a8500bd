"""An answer as a table for people, as JSON lines, or as CSV."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from flowsentry.emit.plain_text import plain
from local.query.database import Answer
from local.terminal.tables import Column, print_table

MAX_CELL_LETTERS = 200
"""Of a cell of the table. Longer: a name that somebody chose fills the screen. Shorter: descriptions are cut."""
WHOLE = ("_id", "source", "destination", "address", "network")
"""Ends of the names of columns with what is copied: on a terminal they do not fold."""
PLAIN_NUMBERS = ("port", "protocol", "flags")
"""Parts of the names of columns whose numbers are not amounts, and have no thousands separators."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet run the text of a cell. Names of owners are tags, which others write.
https://owasp.org/www-community/attacks/CSV_Injection"""


def print_answer(answer: Answer) -> None:
    """Prints a line for the header and for each row; numbers to the right, nothing for null."""
    are_numbers = [_is_number(column) for column in zip(*answer.rows, strict=True)] or [False] * len(answer.columns)
    columns = [
        Column(name, is_number, is_whole=name.endswith(WHOLE))
        for name, is_number in zip(answer.columns, are_numbers, strict=True)
    ]
    print_table(columns, [[_cell(*each) for each in zip(answer.columns, row, strict=True)] for row in answer.rows])


def as_json(answer: Answer) -> Iterator[str]:
    """A JSON object for each row, with null for what is not known and times as ISO 8601 in UTC."""
    for row in answer.rows:
        yield json.dumps(dict(zip(answer.columns, map(_exact, row), strict=True)))


def as_csv(answer: Answer) -> Iterator[str]:
    """CSV with a header. Text that a spreadsheet would take for a formula begins with `'`."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(answer.columns)
    rows.writerows([_in_csv(value) for value in row] for row in answer.rows)
    yield text.getvalue().removesuffix("\n")


def _is_number(column: tuple[Any, ...]) -> bool:
    return all(value is None or isinstance(value, int | float) for value in column)


def _cell(column: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case int() | float():
            return _number(column, value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case date():
            return f"{value:%Y-%m-%d}"
    return plain(value, MAX_CELL_LETTERS)


def _number(column: str, value: float) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:,.2f}"
    return str(value) if column.endswith(PLAIN_NUMBERS) else f"{value:,}"


def _exact(value: Any) -> Any:
    """What JSON and CSV have: times with their zone, which is UTC."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return value.isoformat() if isinstance(value, date) else value


def _in_csv(value: Any) -> Any:
    exact = _exact(value)
    return f"'{exact}" if isinstance(value, str) and value.startswith(FORMULA) else exact
