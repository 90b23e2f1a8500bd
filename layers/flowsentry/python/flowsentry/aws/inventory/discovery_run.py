"""A run of the inventory function: discovers targets, observes their cooldowns, and reports requests to retry."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from flowsentry.aws.inventory.changes import RunResults, unknown_to, with_results
from flowsentry.aws.inventory.discovery import (
    AnyTarget,
    ClusterTarget,
    Outcome,
    Target,
    count_discoveries,
    discover_each,
    discoveries_in,
    find_in_each,
    report_failures,
    report_missing_names,
)
from flowsentry.aws.inventory.requests import ChangeEvent, InterfaceRequest, Request
from flowsentry.aws.inventory.store import InventoryStore
from flowsentry.errors import RetryableError
from flowsentry.inventory.inventory import RETENTION_DAYS, Inventory, TargetState
from flowsentry.settings import COOLDOWN_SECONDS
from flowsentry.telemetry import count
from flowsentry.value import Value

COOLDOWNS_A_DISCOVERY = 2
"""The cooldown of a slow target, as a multiple of the duration of its last discovery. Higher: new interfaces of a large
target stay unnamed for longer. Lower: a large target is discovered nearly all of the time."""
SETTLING_SECONDS = 5
"""A discovery covers a change only when the change event is at least so much older: the EC2 API is eventually
consistent, and shows a change moments after its event. Higher: more targets are discovered twice. Lower: changes are
missed until the next scheduled run. https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html"""
START_SECONDS = 150
"""Discoveries start within this time of a run, the targets with the oldest discovery first; the next run takes the
others. Longer: a slow discovery may be cut off by the timeout, and with it all results of the run. Shorter: more runs
for a large organization."""
MAX_INTERFACES_A_RUN = 2_000
"""Interfaces that one run searches for: 10 calls a target. Higher: longer runs for what the next scheduled discovery,
minutes away, finds with fewer calls. Lower: after an outage more interfaces wait for that discovery."""


class ChangeEvents(Protocol):
    """The queue of change events, for events that are to be processed later."""

    def put(self, target: str, changed_at: float, delay_seconds: int) -> None: ...


class Claims(Protocol):
    """When the last discovery of each target started, agreed upon by concurrent runs."""

    def claim(self, choose: Callable[[Mapping[str, int]], Iterable[str]]) -> list[str]: ...


class DiscoveryRun(Value, frozen=True):
    """Keeps the snapshot up to date. Targets are independent: when one fails, its previous state stays. Concurrent runs
    add up: DiscoveryClaims decides which run discovers a changed target, and of two discoveries the one that started
    later counts.
    """

    store: InventoryStore
    claims: Claims
    change_events: ChangeEvents
    targets: Sequence[Target]
    clusters: Sequence[ClusterTarget] = ()
    retention_days: int = RETENTION_DAYS
    cooldown_seconds: int = COOLDOWN_SECONDS
    clock: Callable[[], float] = time.time

    def discover_all(self) -> int:
        """Discovers every target and cluster; how many succeeded. Raises RetryableError when every target failed."""
        self.claims.claim(lambda _: [each.target for each in self.targets])
        outcomes = self._discover(self.targets, self.clusters)
        failures = [
            each for each in (outcomes[target.target] for target in self.targets) if isinstance(each, Exception)
        ]
        if failures and len(failures) == len(self.targets):
            raise RetryableError("no target could be discovered") from failures[0]
        return len(discoveries_in(outcomes))

    def process(self, requests: Iterable[Request]) -> list[str]:
        """The ids of the messages to retry. Raises RetryableError when all are."""
        pending = list(requests)
        again = self._process_change_events([each for each in pending if isinstance(each, ChangeEvent)])
        again += self._process_interface_requests([each for each in pending if isinstance(each, InterfaceRequest)])
        if pending and len(again) == len(pending):
            raise RetryableError("no request could be processed")
        return again

    def _process_change_events(self, change_events: Sequence[ChangeEvent]) -> list[str]:
        """All change events of a target lead to one discovery, or to one delayed event for the end of its cooldown, or
        to nothing when a discovery that started since covers the change.
        """
        target_states = self.store.load().target_states if change_events else {}
        changed = self._changed(change_events, target_states)
        later: dict[str, int] = {}

        def choose_due(started_at: Mapping[str, int]) -> list[str]:
            cooldowns = {target: self._cooldown(target, started_at.get(target, 0), target_states) for target in changed}
            later.clear()
            later.update(
                (p, cooldown)
                for p, cooldown in cooldowns.items()
                if cooldown and _may_have_missed(changed[p], started_at[p])
            )
            return [target for target, cooldown in cooldowns.items() if not cooldown]

        due = self.claims.claim(choose_due) if changed else []
        outcomes = self._discover(_within(due, self.targets), _within(due, self.clusters)) if due else {}
        for target, cooldown in later.items():
            self.change_events.put(target, changed[target], cooldown)
        failed = {target for target, outcome in outcomes.items() if isinstance(outcome, RetryableError)}
        return [each.message_id for each in change_events if each.target in failed]

    def _changed(
        self, change_events: Sequence[ChangeEvent], target_states: Mapping[str, TargetState]
    ) -> dict[str, float]:
        """The targets with a change that their last discovery does not cover, and the time of the newest change; events
        of unknown targets are dropped.
        """
        known = self._target_names
        ordered = groupby(sorted(change_events, key=attrgetter("target")), attrgetter("target"))
        newest = {target: max(each.changed_at for each in group) for target, group in ordered if target in known}
        taken_at = {target: target_states.get(target, TargetState()).taken_at for target in newest}
        return {target: at for target, at in newest.items() if _may_have_missed(at, taken_at[target])}

    def _cooldown(self, target: str, started_at: int, target_states: Mapping[str, TargetState]) -> int:
        """The seconds until a target, and the clusters in it, may be discovered again."""
        taken = (target_state.seconds for each, target_state in target_states.items() if _is_within(each, target))
        cooldown = max(self.cooldown_seconds, COOLDOWNS_A_DISCOVERY * max(taken, default=0))
        return max(0, math.ceil(started_at + cooldown - self.clock()))

    def _process_interface_requests(self, interface_requests: Sequence[InterfaceRequest]) -> list[str]:
        """Interfaces that no target has are absent, unless a target could not be searched."""
        requested = [each for message in interface_requests for each in message.interface_ids]
        if requested:
            self._discover_new_targets()
        unknown = unknown_to(self.store.load(), requested, self.clock())[:MAX_INTERFACES_A_RUN] if requested else []
        found, missing, failures = find_in_each(self.targets, unknown)
        report_failures("InventoryTargetsFailed", "target", failures)
        absent = () if failures else missing
        self._save(RunResults(self.clock(), found=found, absent=absent))
        count("InterfacesRequested", len(unknown))
        count("InterfacesAbsent", len(absent))
        later = set(missing) if any(isinstance(each, RetryableError) for each in failures.values()) else set()
        return [each.message_id for each in interface_requests if not later.isdisjoint(each.interface_ids)]

    def _discover_new_targets(self) -> None:
        """Discovers targets without a stored state as a whole: more than the requested interfaces is unknown."""
        target_states = self.store.load().target_states
        if unseen := [each for each in self.targets if each.target not in target_states]:
            self._discover(unseen, ())

    def _discover(self, targets: Sequence[Target], clusters: Sequence[ClusterTarget]) -> dict[str, Outcome]:
        """The outcome for each target and cluster. Clusters come last, when their nodes are known."""
        started_at, before = self.clock(), self.store.load()

        def has_time() -> bool:
            return self.clock() - started_at < START_SECONDS

        def last_taken_at(each: Target | ClusterTarget) -> int:
            return before.target_states.get(each.target, TargetState()).taken_at

        outcomes = discover_each(sorted(targets, key=last_taken_at), lambda each: each.discover(), has_time)
        inventory = self._save(RunResults(self.clock(), discoveries_in(outcomes)))
        pods = discover_each(sorted(clusters, key=last_taken_at), lambda each: each.discover(inventory), has_time)
        inventory = self._save(RunResults(self.clock(), discoveries_in(pods))) if discoveries_in(pods) else inventory
        report_failures("InventoryTargetsFailed", "target", outcomes)
        report_failures("ClustersFailed", "cluster", pods)
        report_missing_names(targets)
        count_discoveries(discoveries_in(outcomes | pods))
        count("InventoryAssignments", inventory.assignments.height)
        return outcomes | pods

    def _save(self, seen: RunResults) -> Inventory:
        """The inventory with these results, stored; the stored one when there are none."""
        if not (seen.discoveries or seen.found or seen.absent):
            return self.store.load()
        return self.store.update(lambda stored: with_results(stored, seen, self._target_names, self.retention_days))

    @property
    def _target_names(self) -> set[str]:
        """The names of all targets, including clusters."""
        return {each.target for each in self.targets} | {each.target for each in self.clusters}


def _within(targets: Sequence[str], seen: Sequence[AnyTarget]) -> list[AnyTarget]:
    return [each for each in seen if any(_is_within(each.target, target) for target in targets)]


def _may_have_missed(changed_at: float, started_at: int) -> bool:
    """Whether a discovery that started then may have missed the change."""
    return changed_at + SETTLING_SECONDS > started_at


def _is_within(target: str, outer: str) -> bool:
    """Whether it is this target, or a cluster in it."""
    return target == outer or target.startswith(f"{outer}/")
