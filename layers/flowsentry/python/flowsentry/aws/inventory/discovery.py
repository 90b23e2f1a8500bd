"""Looks at many places at once: one that fails holds up no other, and is told."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias, TypeVar

from flowsentry.aws.concurrency import in_threads
from flowsentry.inventory.inventory import Inventory, Look
from flowsentry.inventory.owner_kinds import UNKNOWN
from flowsentry.metric_names import PipelineMetric
from flowsentry.telemetry import count, count_each, logger


class Place(Protocol):
    """An account and region, of which all can be seen at a look, or some interfaces."""

    @property
    def place(self) -> str: ...

    @property
    def unnamed(self) -> Sequence[str]:
        """What the last look was refused beside, so that names are missing; none where all was well."""

    def look(self) -> Look: ...

    def look_for(self, interface_ids: Sequence[str]) -> tuple[Look, Sequence[str]]:
        """Some interfaces, and which of them are not there."""


class Cluster(Protocol):
    """A cluster's pods, which are told from its nodes by what else is known."""

    @property
    def place(self) -> str: ...

    def look(self, inventory: Inventory) -> Look: ...


Tried: TypeAlias = Look | Exception | None
"""What came of a look; None, when there was no time left to begin it."""
AnyPlace = TypeVar("AnyPlace", Place, Cluster)


def try_each(
    seen: Sequence[AnyPlace], look: Callable[[AnyPlace], Look], has_time: Callable[[], bool]
) -> dict[str, Tried]:
    """What came of a look at each, by place, several at a time and begun in this order."""

    def attempt(each: AnyPlace) -> Tried:
        try:
            return look(each) if has_time() else None
        except Exception as failure:  # noqa: BLE001 - told below
            return failure

    tried = in_threads(attempt, seen)
    return {each.place: outcome for each, outcome in zip(seen, tried, strict=True)}


def look_for_each(
    places: Iterable[Place], interface_ids: Sequence[str]
) -> tuple[list[Look], Sequence[str], dict[str, Exception]]:
    """Looks for interfaces in one place after the other until all are found: what was seen, which are still missing,
    and which places failed.
    """
    found: list[Look] = []
    failures: dict[str, Exception] = {}
    missing = interface_ids
    for each in places:
        if not missing:
            break
        try:
            look, missing = each.look_for(missing)
            found.append(look)
        except Exception as failure:  # noqa: BLE001 - told by the caller
            failures[each.place] = failure
    return found, missing, failures


def looks_in(tried: Mapping[str, Tried]) -> list[Look]:
    return [each for each in tried.values() if isinstance(each, Look)]


def tell_failures(metric: PipelineMetric, by: str, tried: Mapping[str, Tried]) -> None:
    """Failures are counted, and the log says of each place why; those that were not begun are logged."""
    failures = {place: each for place, each in tried.items() if isinstance(each, Exception)}
    for place, failure in failures.items():
        logger().error("a look failed", exc_info=failure, extra={by: place})
    count_each(metric, by, dict.fromkeys(failures, 1))
    if postponed := [place for place, each in tried.items() if each is None]:
        logger().warning("looks are left to the next run", extra={"places": postponed})


def tell_unnamed(places: Iterable[Place]) -> None:
    """What names are missing for is counted by call, and logged by place."""
    refused = {each.place: list(each.unnamed) for each in places if each.unnamed}
    for place, calls in refused.items():
        logger().warning("names are missing", extra={"place": place, "calls": calls})
    count_each("InventoryNamesMissing", "call", Counter(call for calls in refused.values() for call in calls))


def count_looks(looks: Iterable[Look]) -> None:
    """What all of these looks saw, and how long the longest took."""
    seen = list(looks)
    interfaces = [each for look in seen for each in look.interfaces]
    count("InventoryInterfaces", len(interfaces))
    count("UnrecognisedInterfaces", sum(each.owner_kind == UNKNOWN for each in interfaces))
    if seen:
        count("InventorySeconds", max(look.survey.seconds for look in seen))
