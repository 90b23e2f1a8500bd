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
    AnyPlace,
    Cluster,
    Place,
    Tried,
    count_looks,
    look_for_each,
    looks_in,
    tell_failures,
    tell_unnamed,
    try_each,
)
from flowsentry.aws.inventory.requests import Mark, Request, Wanted
from flowsentry.aws.inventory.store import InventoryStore
from flowsentry.errors import RetryableError
from flowsentry.inventory.inventory import RETENTION_DAYS, Inventory, Survey
from flowsentry.telemetry import count

REST_SECONDS = 60
"""Between the beginnings of two looks at a place that changes ask for. Longer: what is new stays unnamed for longer.
Shorter: autoscaling that goes on for an hour costs more describe calls, of which an account has so many a second."""
RESTS_A_LOOK = 2
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


class Marks(Protocol):
    """Where a mark is put that is to come later."""

    def mark(self, place: str, changed_at: float, delay_seconds: int) -> None: ...


class Claims(Protocol):
    """When looks at places began, agreed upon with runs at the same time."""

    def claim(self, choose: Callable[[Mapping[str, int]], Iterable[str]]) -> list[str]: ...


@dataclass(frozen=True)
class Surveyor:
    """Keeps the snapshot like what is there. Each place is by itself: of one that fails, what was seen before stays.
    Runs at the same time add up: which of them looks at a place that changed is agreed upon, and of two looks the one
    that began later counts.
    """

    store: InventoryStore
    begun: Claims
    marks: Marks
    places: Sequence[Place]
    clusters: Sequence[Cluster] = ()
    retention_days: int = RETENTION_DAYS
    rest_seconds: int = REST_SECONDS
    clock: Callable[[], float] = time.time

    def look_everywhere(self) -> int:
        """Looks at every place and cluster; how many were seen. Raises RetryableError when no place was."""
        self.begun.claim(lambda _: [each.place for each in self.places])
        tried = self._look_at(self.places, self.clusters)
        failures = [each for each in (tried[place.place] for place in self.places) if isinstance(each, Exception)]
        if failures and len(failures) == len(self.places):
            raise RetryableError("no place could be looked at") from failures[0]
        return len(looks_in(tried))

    def answer(self, requests: Iterable[Request]) -> list[str]:
        """The messages that could not be answered, and are to come again. Raises RetryableError when none could be."""
        asked = list(requests)
        again = self._answer_marks([each for each in asked if isinstance(each, Mark)])
        again += self._answer_wanted([each for each in asked if isinstance(each, Wanted)])
        if asked and len(again) == len(asked):
            raise RetryableError("no request could be answered")
        return again

    def _answer_marks(self, marks: Sequence[Mark]) -> list[str]:
        """Of all marks of a place comes one look, or one mark that is back when the place has rested, or nothing: a
        look that began since sees what changed.
        """
        surveys = self.store.load().surveys if marks else {}
        changed = self._changed(marks, surveys)
        later: dict[str, int] = {}

        def due_by(begun: Mapping[str, int]) -> list[str]:
            rests = {place: self._rest(place, begun.get(place, 0), surveys) for place in changed}
            later.clear()
            later.update((p, rest) for p, rest in rests.items() if rest and _is_news(changed[p], begun[p]))
            return [place for place, rest in rests.items() if not rest]

        due = self.begun.claim(due_by) if changed else []
        tried = self._look_at(_within(due, self.places), _within(due, self.clusters)) if due else {}
        for place, rest in later.items():
            self.marks.mark(place, changed[place], rest)
        failed = {place for place, outcome in tried.items() if isinstance(outcome, RetryableError)}
        return [each.message_id for each in marks if each.place in failed]

    def _changed(self, marks: Sequence[Mark], surveys: Mapping[str, Survey]) -> dict[str, float]:
        """The places that changed since the last look at them began, and when; marks of places that are not looked at
        say nothing.
        """
        known = self._names
        ordered = groupby(sorted(marks, key=attrgetter("place")), attrgetter("place"))
        newest = {place: max(each.changed_at for each in group) for place, group in ordered if place in known}
        looked_at = {place: surveys.get(place, Survey()).taken_at for place in newest}
        return {place: at for place, at in newest.items() if _is_news(at, looked_at[place])}

    def _rest(self, place: str, begun: int, surveys: Mapping[str, Survey]) -> int:
        """For how many seconds a place, and the clusters in it, are to be left alone since the last look began."""
        taken = (survey.seconds for each, survey in surveys.items() if _is_within(each, place))
        rest = max(self.rest_seconds, RESTS_A_LOOK * max(taken, default=0))
        return max(0, math.ceil(begun + rest - self.clock()))

    def _answer_wanted(self, wanted: Sequence[Wanted]) -> list[str]:
        """Interfaces that are in no place are absent, unless a place could not be asked."""
        asked = [each for message in wanted for each in message.interface_ids]
        if asked:
            self._look_at_unseen()
        news = unknown_to(self.store.load(), asked, self.clock())[:MAX_LOOKED_FOR] if asked else []
        found, missing, failures = look_for_each(self.places, news)
        tell_failures("InventoryPlacesFailed", "place", failures)
        absent = () if failures else missing
        self._keep(Seen(self.clock(), some=found, absent=absent))
        count("InterfacesLookedFor", len(news))
        count("InterfacesAbsent", len(absent))
        later = set(missing) if any(isinstance(each, RetryableError) for each in failures.values()) else set()
        return [each.message_id for each in wanted if not later.isdisjoint(each.interface_ids)]

    def _look_at_unseen(self) -> None:
        """Looks at the places that nobody has looked at yet: more is unknown there than what was asked for."""
        surveys = self.store.load().surveys
        if unseen := [each for each in self.places if each.place not in surveys]:
            self._look_at(unseen, ())

    def _look_at(self, places: Sequence[Place], clusters: Sequence[Cluster]) -> dict[str, Tried]:
        """What came of a look at each. Clusters come last: their nodes are known by then."""
        begun, before = self.clock(), self.store.load()

        def has_time() -> bool:
            return self.clock() - begun < BEGIN_SECONDS

        def waited(each: Place | Cluster) -> int:
            return before.surveys.get(each.place, Survey()).taken_at

        tried = try_each(sorted(places, key=waited), lambda each: each.look(), has_time)
        inventory = self._keep(Seen(self.clock(), looks_in(tried)))
        pods = try_each(sorted(clusters, key=waited), lambda each: each.look(inventory), has_time)
        inventory = self._keep(Seen(self.clock(), looks_in(pods))) if looks_in(pods) else inventory
        tell_failures("InventoryPlacesFailed", "place", tried)
        tell_failures("ClustersFailed", "cluster", pods)
        tell_unnamed(places)
        count_looks(looks_in(tried | pods))
        count("InventoryHoldings", inventory.holdings.height)
        return tried | pods

    def _keep(self, seen: Seen) -> Inventory:
        """The inventory with what was seen, stored; as it is, when nothing was."""
        if not (seen.looks or seen.some or seen.absent):
            return self.store.load()
        return self.store.update(lambda stored: with_seen(stored, seen, self._names, self.retention_days))

    @property
    def _names(self) -> set[str]:
        """All places that are looked at, clusters too."""
        return {each.place for each in self.places} | {each.place for each in self.clusters}


def _within(places: Sequence[str], seen: Sequence[AnyPlace]) -> list[AnyPlace]:
    return [each for each in seen if any(_is_within(each.place, place) for place in places)]


def _is_news(changed_at: float, begun: int) -> bool:
    """Whether a look that began then may have missed the change."""
    return changed_at + SETTLING_SECONDS > begun


def _is_within(place: str, outer: str) -> bool:
    """Whether it is this place, or a cluster in it."""
    return place == outer or place.startswith(f"{outer}/")
