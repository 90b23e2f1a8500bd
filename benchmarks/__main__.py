"""Measures speed and memory, and guards them: `python -m benchmarks [--short] [--land] [NAME …]`.

Prints one table. Exit code 1 when a bound is missed, when a ratio is more than 10 % worse than the landed one, when a
landed subject is not measured any more, or when a benchmark fails. With `--short`, only the quick benchmarks run, and
only a ratio of twice the landed one fails. `--land` writes the ratios of this run to `benchmarks/landed.json`.
"""

import argparse
from collections.abc import Sequence

from benchmarks.guard import landed
from benchmarks.guard.run import Run
from benchmarks.guard.table import HEAD
from benchmarks.guard.verdicts import FULL, SHORT

QUICK = ("small_payloads", "payload_batches", "short_throughput")
"""The benchmarks of the short form, which continuous integration runs: seconds each."""
BENCHMARKS = (
    *QUICK,
    "throughput",
    "floods",
    "many_findings",
    "noise_day",
    "small_files",
    "replay_report",
    "load",
    "start",
)
"""The modules of this folder with a function `rows`, in the order in which they run."""
MAX_SECONDS, MAX_SECONDS_SHORT = 600.0, 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 when nothing is missed or worse, else 1."""
    options = _options(arguments)
    strictness, max_seconds = (SHORT, MAX_SECONDS_SHORT) if options.short else (FULL, MAX_SECONDS)
    run = Run(strictness, max_seconds, landed.read())
    print(HEAD)
    for name in options.names or (QUICK if options.short else BENCHMARKS):
        run.benchmark(name)
    run.end()
    if options.land:
        landed.write(run.measured, BENCHMARKS)
        print(f"{landed.PATH.name} has the ratios of this run: read its difference before you commit it")
    print("\n".join(["", f"{len(run.failures)} failed:", *run.failures]) if run.failures else "\nnothing failed")
    return 1 if run.failures else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measures speed and memory, and guards them.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"benchmark (default all): {', '.join(BENCHMARKS)}")
    parser.add_argument("--short", action="store_true", help="the quick ones; fails only at twice a landed ratio")
    parser.add_argument("--land", action="store_true", help="store the ratios of this run as the landed ones")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    raise SystemExit(main())
