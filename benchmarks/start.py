"""How long each function takes to start: the processor time of importing its handler, with byte code, as Lambda does.

Each import is in a process of its own, with the packages of this environment and the code of this repository. The ratio
is to polars and boto3 alone, which most functions can't do without: what is above 1 is ours, and what else is imported.
Python's own start, and the reading of a layer that was not read yet, are not measured.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.guard.rows import Row, figure_at_most
from benchmarks.measured.made_files import FOLDER, REPOSITORY

ROUNDS = 4
"""Of which the least counts: other processes only add to it."""
ALONE = "import polars, boto3"
OF = "polars and boto3"
MAX_MILLISECONDS = 250.0
CODE = "import time; began = time.process_time(); {work}; print(time.process_time() - began)"


def services() -> list[str]:
    """The folders of the functions."""
    return sorted(path.parent.name for path in (REPOSITORY / "lambdas").glob("*/handler.py"))


def rows() -> Iterator[Row]:
    """One for each function, after polars and boto3 alone. Why the largest do not keep the bound: decision 52."""
    works = {OF: (ALONE, REPOSITORY)}
    works |= {name: ("import handler", REPOSITORY / "lambdas" / name) for name in services()}
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS + 1):
        for name, (work, folder) in works.items():
            times[name].append(imported(work, folder))
    least = {name: min(each[1:]) for name, each in times.items()}  # the first may compile
    bound = figure_at_most(MAX_MILLISECONDS)
    yield Row(f"{OF} alone", least[OF] * 1e3, "ms", bound=bound)
    for name in services():
        yield Row(name.replace("_", " "), least[name] * 1e3, "ms", least[name] / least[OF], OF, bound)


def imported(work: str, folder: Path) -> float:
    """Processor seconds of the work, in a process that finds modules in the folder first."""
    packages = REPOSITORY / "layers" / "flowsentry" / "python"
    variables = {
        **os.environ,
        "PYTHONPATH": f"{folder}{os.pathsep}{packages}",
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(FOLDER / "byte-code"),
        "POLARS_MAX_THREADS": "1",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "POWERTOOLS_SERVICE_NAME": "start",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    command = [sys.executable, "-c", CODE.format(work=work)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    return float(done.stdout)
