"""The landed ratios: those of the last change that was accepted with its speed, in `benchmarks/landed.json`.

They are written by `python -m benchmarks --land` only, and reviewed as a difference like any other line.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.guard.rows import Row
from benchmarks.guard.verdicts import Ratios

PATH = Path(__file__).parents[1] / "landed.json"
DIGITS = 3
"""Significant digits: finer than any run repeats."""


def read(path: Path = PATH) -> dict[str, dict[str, float]]:
    """The landed ratio of each subject, by benchmark; nothing where no file is."""
    landed: dict[str, dict[str, float]] = json.loads(path.read_text()) if path.exists() else {}
    return landed


def write(measured: Mapping[str, Iterable[Row]], known: Iterable[str], path: Path = PATH) -> None:
    """Replaces the ratios of the benchmarks that were measured, and drops those of benchmarks that are not `known`
    any more. What a measured benchmark yields no more is dropped too.
    """
    names = set(known)
    kept = {name: ratios for name, ratios in read(path).items() if name in names}
    landed = kept | {name: ratios_of(rows) for name, rows in measured.items()}
    path.write_text(json.dumps(landed, indent=2, sort_keys=True) + "\n")


def ratios_of(rows: Iterable[Row]) -> Ratios:
    """The ratio of each row that has one."""
    return {row.subject: float(f"{row.ratio:.{DIGITS}g}") for row in rows if row.ratio is not None}
