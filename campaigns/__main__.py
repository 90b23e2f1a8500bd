"""All campaigns, or those named, each in a process of its own: `python -m campaigns [--minutes 20] [--seed N] [NAME…]`.

Prints what each tried and what came of it; ends with 1 when anything was lost or is not as promised.
"""

import argparse
import importlib
import multiprocessing
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from random import SystemRandom

from campaigns.report import Report

CAMPAIGNS: Mapping[str, float] = {
    "aws_faults": 10,
    "hostile_messages": 4,
    "heavy_hour": 2,
    "clock_skew": 2,
    "dead_days": 2,
    "dependencies": 1,
}
"""The modules with a `run`, and which share of the time each has."""
AT_ONCE = 2
"""Campaigns at a time, each on a processor. More: what is measured is disturbed. Fewer: less is tried."""
PATIENCE_SECONDS = 300
"""How long a campaign may go on past its time; then it is ended, and has failed."""


@dataclass(frozen=True)
class Ended:
    """A report, and how long it took."""

    report: Report
    seconds: float


def run_alone(name: str, seconds: float, seed: int) -> Ended:
    """The report of a campaign in a process of its own, which may end as it likes: then that is the failure."""
    begun, context = time.monotonic(), multiprocessing.get_context("spawn")
    mine, its = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(name, seconds, seed, its))
    process.start()
    its.close()
    report = _received(name, mine, seconds + PATIENCE_SECONDS)
    process.join(timeout=10)
    if process.is_alive():
        process.kill()
        process.join()
    if report is None:
        report = Report(name, 0, 0, 0, 0.0, (f"ended without a report, with exit code {process.exitcode}",))
    return Ended(report, time.monotonic() - begun)


def _report(name: str, seconds: float, seed: int, to: Connection) -> None:
    report = importlib.import_module(f"campaigns.{name}").run(seconds, seed)
    sys.stdout.flush()
    to.send(report)
    to.close()


def _received(name: str, connection: Connection, seconds: float) -> Report | None:
    try:
        if not connection.poll(seconds):
            return Report(name, 0, 0, 0, 0.0, (f"did not end within {seconds:.0f} s",))
        report: Report = connection.recv()
    except EOFError:
        return None
    return report


def run_all(names: Sequence[str], minutes: float, seed: int) -> list[Ended]:
    """The reports in the order of the names, of campaigns that share the time of all processors."""
    total = sum(CAMPAIGNS[name] for name in names)
    longest = minutes * 60 * min(AT_ONCE, len(names)) / total
    times = {name: min(minutes * 60, CAMPAIGNS[name] * longest) for name in names}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda name: run_alone(name, times[name], seed), names))


def table(ended: Sequence[Ended]) -> list[str]:
    """A line for each campaign."""
    head = f"{'campaign':<18}{'inputs':>10}{'faults':>9}{'lost':>6}{'memory':>10}{'seconds':>9}"
    rows = [
        f"{each.report.name:<18}{each.report.inputs:>10,}{each.report.faults:>9,}{each.report.lost:>6,}"
        f"{each.report.peak_mb:>7.0f} MB{each.seconds:>9.0f}"
        for each in ended
    ]
    return [head, *rows]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing was lost and all is as promised, else 1."""
    parser = argparse.ArgumentParser(prog="campaigns", description="Tries to break Flowsentry.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CAMPAIGNS)}; all when none is given")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000))
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - set(CAMPAIGNS):
        parser.error(f"no such campaign: {', '.join(sorted(unknown))}")
    print(f"seed {given.seed}", flush=True)
    ended = run_all(given.names or list(CAMPAIGNS), given.minutes, given.seed)
    print("\n".join(table(ended)))
    failed = [each.report for each in ended if each.report.lost or each.report.failures]
    for report in failed:
        print(f"\n{report.name}: lost {report.lost}; again with --seed {given.seed} {report.name}")
        print("\n".join(f"  - {failure}" for failure in report.failures))
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
