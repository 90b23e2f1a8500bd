"""The table that `make bench` prints: a line for each row, as soon as it is judged."""

import math

from benchmarks.guard.rows import Row
from benchmarks.guard.verdicts import Judged

HEAD = f"  {'subject or stage':<58}{'figure':>12}  {'ratio':>7} {'of':<22}{'bound':>10}{'landed':>8}  verdict"


def line(judged: Judged) -> str:
    """One row; an exclamation mark is before what fails."""
    row = judged.row
    figure = "" if math.isnan(row.figure) else f"{_short(row.figure)} {row.unit}".rstrip()
    ratio = "" if row.ratio is None else _short(row.ratio)
    bound, landed = str(row.bound or ""), "" if judged.landed is None else _short(judged.landed)
    mark = "!" if judged.complaints else " "
    text = f"{mark} {row.subject:<58}{figure:>12}  {ratio:>7} {_of(row):<22}{bound:>10}{landed:>8}  {verdict(judged)}"
    return text + (f" ({row.note})" if row.note else "")


def verdict(judged: Judged) -> str:
    """What is wrong with a row, what else to know, or that it is good."""
    return "; ".join((*judged.complaints, *judged.remarks)) or "ok"


def _of(row: Row) -> str:
    return f"x {row.of}" if row.of else ""


def _short(number: float) -> str:
    """Three digits or more: 0.0123, 1.23, 12.3, 1,234."""
    if number and abs(number) < 1:
        return f"{number:.3g}"
    decimals = 0 if abs(number) >= 100 or number == int(number) else 1 if abs(number) >= 10 else 2  # noqa: PLR2004
    return f"{number:,.{decimals}f}"
