"""A run of the inventory function: what is looked at, what rests, and what could not be answered."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from flowsentry.aws.inventory.changes import Seen, unknown_to, with_seen
from flowsentry.aws.inventory.discovery import (
    AnyTarget,
    ClusterTarget,
    Target,
    Tried,
    count_discoveries,
    discoveries_in,
    find_in_each,
    report_failures,
    report_missing_names,
    try_each,
)
from flowsentry.aws.inventory.requests import ChangeEvent, Request, Wanted
from flowsentry.aws.inventory.store import InventoryStore
from flowsentry.errors import RetryableError
from flowsentry.inventory.inventory import RETENTION_DAYS, Inventory, TargetState
from flowsentry.telemetry import count

COOLDOWN_SECONDS = 60
"""Between the beginnings of two looks at a place that changes ask for. Longer: what is new stays unnamed for longer.
Shorter: autoscaling that goes on for an hour costs more describe calls, of which an account has so many a second."""
COOLDOWNS_A_DISCOVERY = 2
"""A look that takes long rests so many times as long, so that no place is looked at all of the time."""
SETTLING_SECONDS = 5
"""How much older than a look a mark must be to be answered by it: EC2 shows a change moments after it tells of it.
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html"""
BEGIN_SECONDS = 150
"""Looks begin within the first half of a run, those longest waited for first; the next run takes the others. Longer: a
slow look may be cut off, and with it all that was seen before. Shorter: more runs for a large organisation."""
MAX_LOOKED_FOR = 2_000
"""Interfaces that one run looks for: 10 calls a place. More: longer runs for what the next look at everything, minutes
away, finds in fewer calls. Fewer: after an outage more interfaces wait for that."""


class ChangeEvents(Protocol):
    """Where a mark is put that is to come later."""

    def mark(self, target: str, changed_at: float, delay_seconds: int) -> None: ...


class Claims(Protocol):
    """When looks at places began, agreed upon with runs at the same time."""

    def claim(self, choose: Callable[[Mapping[str, int]], Iterable[str]]) -> list[str]: ...


@dataclass(frozen=True)
class DiscoveryRun:
    """Keeps the snapshot like what is there. Each place is by itself: of one that fails, what was seen before stays.
    Runs at the same time add up: which of them looks at a place that changed is agreed upon, and of two looks the one
    that began later counts.
    """

    store: InventoryStore
    begun: Claims
    change_events: ChangeEvents
    targets: Sequence[Target]
    clusters: Sequence[ClusterTarget] = ()
    retention_days: int = RETENTION_DAYS
    cooldown_seconds: int = COOLDOWN_SECONDS
    clock: Callable[[], float] = time.time

    def discover_all(self) -> int:
        """Looks at every place and cluster; how many were seen. Raises RetryableError when no place was."""
        self.begun.claim(lambda _: [each.target for each in self.targets])
        tried = self._look_at(self.targets, self.clusters)
        failures = [each for each in (tried[target.target] for target in self.targets) if isinstance(each, Exception)]
        if failures and len(failures) == len(self.targets):
            raise RetryableError("no place could be looked at") from failures[0]
        return len(discoveries_in(tried))

    def answer(self, requests: Iterable[Request]) -> list[str]:
        """The messages that could not be answered, and are to come again. Raises RetryableError when none could be."""
        asked = list(requests)
        again = self._answer_marks([each for each in asked if isinstance(each, ChangeEvent)])
        again += self._answer_wanted([each for each in asked if isinstance(each, Wanted)])
        if asked and len(again) == len(asked):
            raise RetryableError("no request could be answered")
        return again

    def _answer_marks(self, change_events: Sequence[ChangeEvent]) -> list[str]:
        """Of all marks of a place comes one look, or one mark that is back when the place has rested, or nothing: a
        look that began since sees what changed.
        """
        target_states = self.store.load().target_states if change_events else {}
        changed = self._changed(change_events, target_states)
        later: dict[str, int] = {}

        def due_by(begun: Mapping[str, int]) -> list[str]:
            rests = {target: self._rest(target, begun.get(target, 0), target_states) for target in changed}
            later.clear()
            later.update((p, rest) for p, rest in rests.items() if rest and _is_news(changed[p], begun[p]))
            return [target for target, rest in rests.items() if not rest]

        due = self.begun.claim(due_by) if changed else []
        tried = self._look_at(_within(due, self.targets), _within(due, self.clusters)) if due else {}
        for target, rest in later.items():
            self.change_events.mark(target, changed[target], rest)
        failed = {target for target, outcome in tried.items() if isinstance(outcome, RetryableError)}
        return [each.message_id for each in change_events if each.target in failed]

    def _changed(
        self, change_events: Sequence[ChangeEvent], target_states: Mapping[str, TargetState]
    ) -> dict[str, float]:
        """The places that changed since the last look at them began, and when; marks of places that are not looked at
        say nothing.
        """
        known = self._names
        ordered = groupby(sorted(change_events, key=attrgetter("target")), attrgetter("target"))
        newest = {target: max(each.changed_at for each in group) for target, group in ordered if target in known}
        looked_at = {target: target_states.get(target, TargetState()).taken_at for target in newest}
        return {target: at for target, at in newest.items() if _is_news(at, looked_at[target])}

    def _rest(self, target: str, begun: int, target_states: Mapping[str, TargetState]) -> int:
        """For how many seconds a place, and the clusters in it, are to be left alone since the last look began."""
        taken = (target_state.seconds for each, target_state in target_states.items() if _is_within(each, target))
        rest = max(self.cooldown_seconds, COOLDOWNS_A_DISCOVERY * max(taken, default=0))
        return max(0, math.ceil(begun + rest - self.clock()))

    def _answer_wanted(self, wanted: Sequence[Wanted]) -> list[str]:
        """Interfaces that are in no place are absent, unless a place could not be asked."""
        asked = [each for message in wanted for each in message.interface_ids]
        if asked:
            self._look_at_unseen()
        news = unknown_to(self.store.load(), asked, self.clock())[:MAX_LOOKED_FOR] if asked else []
        found, missing, failures = find_in_each(self.targets, news)
        report_failures("InventoryPlacesFailed", "target", failures)
        absent = () if failures else missing
        self._keep(Seen(self.clock(), some=found, absent=absent))
        count("InterfacesLookedFor", len(news))
        count("InterfacesAbsent", len(absent))
        later = set(missing) if any(isinstance(each, RetryableError) for each in failures.values()) else set()
        return [each.message_id for each in wanted if not later.isdisjoint(each.interface_ids)]

    def _look_at_unseen(self) -> None:
        """Looks at the places that nobody has looked at yet: more is unknown there than what was asked for."""
        target_states = self.store.load().target_states
        if unseen := [each for each in self.targets if each.target not in target_states]:
            self._look_at(unseen, ())

    def _look_at(self, targets: Sequence[Target], clusters: Sequence[ClusterTarget]) -> dict[str, Tried]:
        """What came of a look at each. Clusters come last: their nodes are known by then."""
        begun, before = self.clock(), self.store.load()

        def has_time() -> bool:
            return self.clock() - begun < BEGIN_SECONDS

        def waited(each: Target | ClusterTarget) -> int:
            return before.target_states.get(each.target, TargetState()).taken_at

        tried = try_each(sorted(targets, key=waited), lambda each: each.look(), has_time)
        inventory = self._keep(Seen(self.clock(), discoveries_in(tried)))
        pods = try_each(sorted(clusters, key=waited), lambda each: each.look(inventory), has_time)
        inventory = self._keep(Seen(self.clock(), discoveries_in(pods))) if discoveries_in(pods) else inventory
        report_failures("InventoryPlacesFailed", "target", tried)
        report_failures("ClustersFailed", "cluster", pods)
        report_missing_names(targets)
        count_discoveries(discoveries_in(tried | pods))
        count("InventoryHoldings", inventory.assignments.height)
        return tried | pods

    def _keep(self, seen: Seen) -> Inventory:
        """The inventory with what was seen, stored; as it is, when nothing was."""
        if not (seen.looks or seen.some or seen.absent):
            return self.store.load()
        return self.store.update(lambda stored: with_seen(stored, seen, self._names, self.retention_days))

    @property
    def _names(self) -> set[str]:
        """All places that are looked at, clusters too."""
        return {each.target for each in self.targets} | {each.target for each in self.clusters}


def _within(targets: Sequence[str], seen: Sequence[AnyTarget]) -> list[AnyTarget]:
    return [each for each in seen if any(_is_within(each.target, target) for target in targets)]


def _is_news(changed_at: float, begun: int) -> bool:
    """Whether a look that began then may have missed the change."""
    return changed_at + SETTLING_SECONDS > begun


def _is_within(target: str, outer: str) -> bool:
    """Whether it is this place, or a cluster in it."""
    return target == outer or target.startswith(f"{outer}/")
