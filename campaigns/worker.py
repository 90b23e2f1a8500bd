"""Tries inputs in a separate process; when an input kills it, a new process continues.

`python -m campaigns.worker MODULE SEED SECONDS FOLDER` tries the inputs of `campaigns.MODULE`.
"""

import importlib
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from campaigns.process_memory import peak_mb
from campaigns.report import Report
from flowsentry.errors import PoisonError

MAX_SECONDS = 10.0
"""Maximum seconds per input; inputs have only a few KB."""
MAX_MEGABYTES = 700.0
"""Maximum memory of the process after an input; 200 MB of it are the imports."""
MAX_REPORTED = 20

Try = Callable[[random.Random, Path], str]
"""Generates a random input, writes it to the path, tries it, and returns the result as a word. Raises AssertionError
for a failed expectation."""


def run(module: str, seconds: float, seed: int) -> Report:
    """The report of a module's inputs for about `seconds`."""
    reports: list[dict[str, float]] = []
    failures: list[str] = []
    until, number = time.monotonic() + seconds, seed
    while (left := until - time.monotonic()) > 0 and len(failures) < MAX_REPORTED:
        with TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "campaigns.worker", module, str(number), str(left), folder]
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            reports += [line for line in lines if "inputs" in line]
            failures += [line["failure"] for line in lines if "failure" in line]
            if done.returncode:
                kept = _kept(Path(folder), module, number)
                failures.append(f"{module}, seed {number}: the process ended with {done.returncode}: {kept}")
        number += 1_000_003
    return Report(
        module,
        int(sum(each["inputs"] for each in reports)),
        0,
        len(failures),
        max((each["peak_mb"] for each in reports), default=0.0),
        tuple(failures[:MAX_REPORTED]),
    )


def _kept(folder: Path, module: str, seed: int) -> str:
    """Saves the input that ended a process; returns its path."""
    target = Path("build") / "campaigns" / f"{module}-{seed}"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((folder / "input").read_bytes() if (folder / "input").exists() else b"")
    return str(target)


def try_all(try_one: Try, seed: int, seconds: float, folder: Path) -> None:
    """Tries inputs until the time is over or MAX_REPORTED have failed; prints the results every second."""
    chance, until, seen, reported_at = random.Random(seed), time.monotonic() + seconds, Counter[str](), time.monotonic()
    failed = 0
    while time.monotonic() < until and failed < MAX_REPORTED:
        start = time.monotonic()
        try:
            seen[try_one(chance, folder / "input")] += 1
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            failed += 1
            _tell_failure(f"{type(error).__name__}: {str(error)[:200]}", seed, folder)
        if time.monotonic() - start > MAX_SECONDS or peak_mb() > MAX_MEGABYTES:
            _tell_failure(f"{time.monotonic() - start:.1f} s, {peak_mb():.0f} MB", seed, folder)
            break
        if time.monotonic() - reported_at > 1:
            seen, reported_at = _report(seen), time.monotonic()
    _report(seen)


def _tell_failure(what: str, seed: int, folder: Path) -> None:
    print(json.dumps({"failure": f"seed {seed}: {what}: {_kept(folder, 'failure', time.monotonic_ns())}"}), flush=True)


def _report(seen: Counter[str]) -> Counter[str]:
    print(json.dumps({"inputs": seen.total(), "peak_mb": peak_mb(), **seen}), flush=True)
    return Counter()


def outcome(reading: Callable[[], int]) -> str:
    """`read`, or the reason of the PoisonError."""
    try:
        reading()
    except PoisonError as poison:
        return poison.reason
    return "read"


if __name__ == "__main__":
    name, seed_, seconds_, folder_ = sys.argv[1:]
    try_all(importlib.import_module(f"campaigns.{name}").try_one, int(seed_), float(seconds_), Path(folder_))
