"""Runs all or the named campaigns, each in its own process: `python -m campaigns [--minutes 20] [--seed N] [NAME…]`.

Prints a table of inputs, faults and losses. Exit code 1 when anything was lost or an expectation failed.
"""

import argparse
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import SystemRandom

from campaigns.alone import Ended, run_alone

CAMPAIGNS: Mapping[str, float] = {
    "aws_faults": 8,
    "hostile_messages": 4,
    "heavy_hour": 2,
    "load": 4,
    "clock_skew": 2,
    "dead_days": 2,
    "parquet_bytes": 2,
    "text_bytes": 2,
    "alert_floods": 2,
    "dependencies": 1,
}
"""The modules with a `run` function, and their share of the time."""
AT_ONCE = 2
"""Concurrent campaigns, one per processor. Higher: they disturb each other's measurements. Lower: fewer inputs."""


def run_all(names: Sequence[str], minutes: float, seed: int) -> list[Ended]:
    """The reports in the order of the names; the campaigns share the processors' time."""
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
    """Exit code: 0 when nothing was lost and no expectation failed, else 1."""
    parser = argparse.ArgumentParser(
        prog="campaigns",
        description="Tries to break Flowsentry with faults, hostile input, load, wrong clocks and outages.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"campaign to run (default all): {', '.join(CAMPAIGNS)}"
    )
    parser.add_argument("--minutes", type=float, default=20, help="total time (default 20)")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000), help="seed (default random)")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - set(CAMPAIGNS):
        parser.error(f"no such campaign: {', '.join(sorted(unknown))}")
    print(f"seed {given.seed}", flush=True)
    ended = run_all(given.names or list(CAMPAIGNS), given.minutes, given.seed)
    print("\n".join(table(ended)))
    failed = [each.report for each in ended if each.report.lost or each.report.failures]
    for report in failed:
        print(f"\n{report.name}: lost {report.lost}; repeat with --seed {given.seed} {report.name}")
        print("\n".join(f"  - {failure}" for failure in report.failures))
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
