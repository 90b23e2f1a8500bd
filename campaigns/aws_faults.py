"""Every AWS call of every function with each fault, and the function killed before any later call, on all paths.

The outcome of each pass is compared with that of a clean pass: nothing may be missing, and nothing added. The calls are
recorded in a clean pass, so that new calls are included automatically.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from random import Random

from campaigns.emulation.event_sources import DELIVERY_PATHS
from campaigns.emulation.faults import Fault
from campaigns.emulation.passes import Passed, Triple, clean, passed
from campaigns.process_memory import peak_mb
from campaigns.report import Report

ANYWHERE = ("notifier",)
"""Functions whose calls are the same in every pass: each call is tried in one pass only."""
MACHINES = (("event-bus", "events.PutEvents"), ("security-hub", "securityhub.BatchImportFindings"))
"""Channels that may reject an alert, and the call that delivers to them."""
MOST_CALLS = "subscription"
"""The delivery path to begin with: all functions run on it."""
MAX_REPORTED = 20


@dataclass
class Space:
    """All triples, each tried once in an order that the seed determines: first each fault and each kill alone, then
    both together.
    """

    seed: int
    left: dict[tuple[str, str], list[Triple]] = field(default_factory=dict)
    total: int = 0
    tried: int = 0

    def add(self, delivery_path: str, function: str, calls: int) -> None:
        key = ("" if function in ANYWHERE else delivery_path, function)
        if key in self.left:
            return
        chance = Random(f"{self.seed}/{key}")
        alone, both = list(_alone(function, calls)), list(_both(function, calls))
        chance.shuffle(alone)
        chance.shuffle(both)
        self.total += len(both) + len(alone)
        self.left[key] = [*both, *alone]

    @property
    def is_empty(self) -> bool:
        """Whether all added triples were tried."""
        return not any(self.left.values())

    def take(self, delivery_path: str, functions: Iterator[str]) -> list[Triple]:
        """The next triple for each function of a pass."""
        keys = [("" if each in ANYWHERE else delivery_path, each) for each in functions]
        taken = [self.left[key].pop() for key in keys if self.left.get(key)]
        self.tried += len(taken)
        return taken


@dataclass
class Found:
    """The results of the passes so far."""

    turns: int = 0
    passes: int = 0
    faults: int = 0
    lost: int = 0
    redriven: int = 0
    passes_by_difference: dict[str, list[str]] = field(default_factory=dict)

    def differs(self, difference: str, what: str) -> None:
        self.passes_by_difference.setdefault(difference, []).append(what)

    @property
    def failures(self) -> tuple[str, ...]:
        """Each difference, the number of passes with it, and the first of them."""
        differences = self.passes_by_difference.items()
        return tuple(
            f"{difference[:200]}: {len(whats)} times, first by {whats[0]}" for difference, whats in differences
        )


def _alone(function: str, calls: int) -> Iterator[Triple]:
    for at in range(calls):
        yield Triple(function, at, None, at)
        yield from (Triple(function, at, fault, None) for fault in Fault)


def _both(function: str, calls: int) -> Iterator[Triple]:
    for at in range(calls):
        for kill_at in range(at + 1, calls + 1):
            yield from (Triple(function, at, fault, kill_at) for fault in Fault)


def run(seconds: float, seed: int) -> Report:
    """Tries as many triples as the time allows, alternating between the delivery paths."""
    begun, space, found = time.monotonic(), Space(seed), Found()
    paths = sorted(DELIVERY_PATHS, key=lambda delivery_path: delivery_path != MOST_CALLS)
    for delivery_path in cycle(paths):
        if found.turns and (time.monotonic() - begun > seconds or (found.turns > len(paths) and space.is_empty)):
            break
        found.turns += 1
        for function, calls in clean(delivery_path).calls_by_function().items():
            space.add(delivery_path, function, calls)
        if triples := space.take(delivery_path, iter(sorted(clean(delivery_path).calls_by_function()))):
            _try(delivery_path, triples, found)
    tried = paths[: found.turns]
    operations = {(call.function, call.operation) for delivery_path in tried for call in clean(delivery_path).calls}
    print(f"    coverage: {space.tried:,} of {space.total:,} triples (call, fault, kill), in {found.passes:,} passes")
    print(
        f"    {len(tried)} delivery paths, {sum(len(clean(each).calls) for each in tried)} calls, "
        f"{len(operations)} operations"
    )
    print(f"    {found.redriven:,} object events went to the dead-letter queue under a fault and were redriven")
    return Report("aws_faults", found.passes, found.faults, found.lost, peak_mb(), found.failures[:MAX_REPORTED])


def _try(delivery_path: str, triples: list[Triple], found: Found) -> None:
    """Runs a pass with these faults and compares it with the clean one."""
    what = f"{delivery_path}: {'; '.join(map(str, triples))}"
    found.passes += 1
    try:
        result = passed(delivery_path, triples)
    except RuntimeError as error:
        found.lost += 1
        found.differs(str(error), what)
        return
    lacking = [each for each in result.left.lacks(clean(delivery_path).left) if not _was_refused(each, result)]
    more = result.left.adds(clean(delivery_path).left)
    found.lost, found.faults = found.lost + len(lacking), found.faults + len(result.met)
    found.redriven += result.redriven
    for each in (*lacking, *more):
        found.differs(each, f"{what} ({', '.join(result.met)})")


def _was_refused(lost: str, result: Passed) -> bool:
    """Whether a channel for machines did not get an alert because it denied access: retrying would delay the channels
    of people. The loss is counted in a metric.
    """
    denied = [each for each in result.met if each.endswith(Fault.DENIED)]
    return any(lost.startswith(f"alerts: {where}") and any(call in each for each in denied) for where, call in MACHINES)
