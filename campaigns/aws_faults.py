"""Every AWS call of every function, with each fault, and the function killed before any later call, for all ways in.

After each pass, what is there is compared with what a clean pass leaves: nothing may be missing, and nothing more. The
calls are those that a clean pass makes, so that a new one is tried by itself.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from random import Random

from campaigns.emulation.event_sources import WAYS_IN
from campaigns.emulation.faults import Fault
from campaigns.emulation.passes import Passed, Triple, clean, passed
from campaigns.process_memory import peak_mb
from campaigns.report import Report

ANYWHERE = ("notifier",)
"""Functions whose calls are the same in every pass in which they run: each is tried in one of them."""
MACHINES = (("event-bus", "events.PutEvents"), ("security-hub", "securityhub.BatchImportFindings"))
"""Channels that may refuse, and how they are told."""
MOST_CALLS = "subscription"
"""The way in to begin with: all functions run on it."""
MAX_TOLD = 20


@dataclass
class Space:
    """All triples, of which each is tried once, in an order that the seed gives: first every call with every fault and
    every kill alone, then both.
    """

    seed: int
    left: dict[tuple[str, str], list[Triple]] = field(default_factory=dict)
    total: int = 0
    tried: int = 0

    def add(self, way: str, function: str, calls: int) -> None:
        key = ("" if function in ANYWHERE else way, function)
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
        """Whether all that was added was tried."""
        return not any(self.left.values())

    def take(self, way: str, functions: Iterator[str]) -> list[Triple]:
        """The next triple for each function of a pass."""
        keys = [("" if each in ANYWHERE else way, each) for each in functions]
        taken = [self.left[key].pop() for key in keys if self.left.get(key)]
        self.tried += len(taken)
        return taken


@dataclass
class Found:
    """What came of the passes so far."""

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
        """Each difference, in how many passes it was seen, and the first of them."""
        told = self.passes_by_difference.items()
        return tuple(f"{difference[:200]}: {len(whats)} times, first by {whats[0]}" for difference, whats in told)


def _alone(function: str, calls: int) -> Iterator[Triple]:
    for at in range(calls):
        yield Triple(function, at, None, at)
        yield from (Triple(function, at, fault, None) for fault in Fault)


def _both(function: str, calls: int) -> Iterator[Triple]:
    for at in range(calls):
        for kill_at in range(at + 1, calls + 1):
            yield from (Triple(function, at, fault, kill_at) for fault in Fault)


def run(seconds: float, seed: int) -> Report:
    """All triples when there is time, else as many as there is time for, in turns over the ways in."""
    begun, space, found = time.monotonic(), Space(seed), Found()
    ways = sorted(WAYS_IN, key=lambda way: way != MOST_CALLS)
    for way in cycle(ways):
        if found.turns and (time.monotonic() - begun > seconds or (found.turns > len(ways) and space.is_empty)):
            break
        found.turns += 1
        for function, calls in clean(way).calls_by_function().items():
            space.add(way, function, calls)
        if triples := space.take(way, iter(sorted(clean(way).calls_by_function()))):
            _try(way, triples, found)
    tried = ways[: found.turns]
    operations = {(call.function, call.operation) for way in tried for call in clean(way).calls}
    print(f"    coverage: {space.tried:,} of {space.total:,} triples (call, fault, kill), in {found.passes:,} passes")
    print(
        f"    {len(tried)} ways in, {sum(len(clean(way).calls) for way in tried)} calls, {len(operations)} operations"
    )
    print(f"    {found.redriven:,} notices were set aside under a fault and redriven by hand")
    return Report("aws_faults", found.passes, found.faults, found.lost, peak_mb(), found.failures[:MAX_TOLD])


def _try(way: str, triples: list[Triple], found: Found) -> None:
    """A pass with these faults, compared with the clean one."""
    what = f"{way}: {'; '.join(map(str, triples))}"
    found.passes += 1
    try:
        result = passed(way, triples)
    except RuntimeError as error:
        found.lost += 1
        found.differs(str(error), what)
        return
    lacking = [each for each in result.left.lacks(clean(way).left) if not _was_refused(each, result)]
    more = result.left.adds(clean(way).left)
    found.lost, found.faults = found.lost + len(lacking), found.faults + len(result.met)
    found.redriven += result.redriven
    for each in (*lacking, *more):
        found.differs(each, f"{what} ({', '.join(result.met)})")


def _was_refused(lost: str, result: Passed) -> bool:
    """Whether a machine was not told since its channel denied that: tried for ever, it would hold up people.
    It is counted.
    """
    denied = [each for each in result.met if each.endswith(Fault.DENIED)]
    return any(lost.startswith(f"told: {where}") and any(call in each for each in denied) for where, call in MACHINES)
