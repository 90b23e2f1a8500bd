"""Runs a benchmark in its own process: `python -m benchmarks.guard.alone NAME` prints its rows as lines of JSON.

A benchmark sets polars' threads before it imports it, holds memory and warms caches: none of it may reach the next one.
"""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.guard.rows import Bound, Row

REPOSITORY = Path(__file__).parents[2]


class BenchmarkError(Exception):
    """The benchmark ended before its last row; its traceback is on the standard error."""


def rows_of(name: str, package: str = "benchmarks") -> Iterator[Row]:
    """The rows of a benchmark, each as soon as it is measured. What the benchmark prints goes to standard error. Raises
    BenchmarkError after the rows of a benchmark that failed.
    """
    command = [sys.executable, "-m", "benchmarks.guard.alone", f"{package}.{name}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as running:  # noqa: S603 - our own
        yield from map(from_json, running.stdout or ())
    if running.returncode:
        raise BenchmarkError(f"{name} ended with exit code {running.returncode}")


def to_json(row: Row) -> str:
    """One line."""
    return json.dumps(asdict(row))


def from_json(line: str) -> Row:
    """The row of a line."""
    known: dict[str, Any] = json.loads(line)
    bound = known.pop("bound")
    return Row(**known, bound=Bound(**bound) if bound else None)


def main(module: str) -> None:
    lines = sys.stdout
    with redirect_stdout(sys.stderr):
        for row in importlib.import_module(module).rows():
            print(to_json(row), file=lines, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
