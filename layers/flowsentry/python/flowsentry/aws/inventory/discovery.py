"""Looks at many places at once: one that fails holds up no other, and is told."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias, TypeVar

from flowsentry.aws.concurrency import in_threads
from flowsentry.inventory.inventory import Discovery, Inventory
from flowsentry.inventory.owner_kinds import UNKNOWN
from flowsentry.metric_names import PipelineMetric
from flowsentry.telemetry import count, count_each, logger


class Target(Protocol):
    """An account and region, of which all can be seen at a look, or some interfaces."""

    @property
    def target(self) -> str: ...

    @property
    def unnamed(self) -> Sequence[str]:
        """What the last look was refused beside, so that names are missing; none where all was well."""

    def look(self) -> Discovery: ...

    def look_for(self, interface_ids: Sequence[str]) -> tuple[Discovery, Sequence[str]]:
        """Some interfaces, and which of them are not there."""


class ClusterTarget(Protocol):
    """A cluster's pods, which are told from its nodes by what else is known."""

    @property
    def target(self) -> str: ...

    def look(self, inventory: Inventory) -> Discovery: ...


Tried: TypeAlias = Discovery | Exception | None
"""What came of a look; None, when there was no time left to begin it."""
AnyTarget = TypeVar("AnyTarget", Target, ClusterTarget)


def try_each(
    seen: Sequence[AnyTarget], look: Callable[[AnyTarget], Discovery], has_time: Callable[[], bool]
) -> dict[str, Tried]:
    """What came of a look at each, by place, several at a time and begun in this order."""

    def attempt(each: AnyTarget) -> Tried:
        try:
            return look(each) if has_time() else None
        except Exception as failure:  # noqa: BLE001 - told below
            return failure

    tried = in_threads(attempt, seen)
    return {each.target: outcome for each, outcome in zip(seen, tried, strict=True)}


def find_in_each(
    targets: Iterable[Target], interface_ids: Sequence[str]
) -> tuple[list[Discovery], Sequence[str], dict[str, Exception]]:
    """Looks for interfaces in one place after the other until all are found: what was seen, which are still missing,
    and which places failed.
    """
    found: list[Discovery] = []
    failures: dict[str, Exception] = {}
    missing = interface_ids
    for each in targets:
        if not missing:
            break
        try:
            look, missing = each.look_for(missing)
            found.append(look)
        except Exception as failure:  # noqa: BLE001 - told by the caller
            failures[each.target] = failure
    return found, missing, failures


def discoveries_in(tried: Mapping[str, Tried]) -> list[Discovery]:
    return [each for each in tried.values() if isinstance(each, Discovery)]


def report_failures(metric: PipelineMetric, by: str, tried: Mapping[str, Tried]) -> None:
    """Failures are counted, and the log says of each place why; those that were not begun are logged."""
    failures = {target: each for target, each in tried.items() if isinstance(each, Exception)}
    for target, failure in failures.items():
        logger().error("a look failed", exc_info=failure, extra={by: target})
    count_each(metric, by, dict.fromkeys(failures, 1))
    if postponed := [target for target, each in tried.items() if each is None]:
        logger().warning("looks are left to the next run", extra={"targets": postponed})


def report_missing_names(targets: Iterable[Target]) -> None:
    """What names are missing for is counted by call, and logged by place."""
    refused = {each.target: list(each.unnamed) for each in targets if each.unnamed}
    for target, calls in refused.items():
        logger().warning("names are missing", extra={"target": target, "calls": calls})
    count_each("InventoryNamesMissing", "call", Counter(call for calls in refused.values() for call in calls))


def count_discoveries(looks: Iterable[Discovery]) -> None:
    """What all of these looks saw, and how long the longest took."""
    seen = list(looks)
    interfaces = [each for look in seen for each in look.interfaces]
    count("InventoryInterfaces", len(interfaces))
    count("UnrecognisedInterfaces", sum(each.owner_kind == UNKNOWN for each in interfaces))
    if seen:
        count("InventorySeconds", max(look.target_state.seconds for look in seen))
