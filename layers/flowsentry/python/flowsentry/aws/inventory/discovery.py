"""Discovers many targets at once; a failure of one target is reported and does not stop the others."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias, TypeVar

from flowsentry.aws.concurrency import in_threads
from flowsentry.inventory.inventory import Discovery, Inventory
from flowsentry.inventory.owner_kinds import UNKNOWN
from flowsentry.metric_names import PipelineMetric
from flowsentry.telemetry import count, count_each, logger


class Target(Protocol):
    """An account and Region that can be discovered as a whole, or searched for some interfaces."""

    @property
    def target(self) -> str: ...

    @property
    def failed_calls(self) -> Sequence[str]:
        """Optional calls that failed in the last discovery, so that names, routes or rules are missing; empty when all
        succeeded.
        """

    def discover(self) -> Discovery: ...

    def find(self, interface_ids: Sequence[str]) -> tuple[Discovery, Sequence[str]]:
        """The requested interfaces that exist, and the ids of those that do not."""


class ClusterTarget(Protocol):
    """An EKS cluster. Its pods are distinguished from its nodes with the help of the inventory."""

    @property
    def target(self) -> str: ...

    def discover(self, inventory: Inventory) -> Discovery: ...


Outcome: TypeAlias = Discovery | Exception | None
"""The result of a discovery; None when there was no time left to start it."""
AnyTarget = TypeVar("AnyTarget", Target, ClusterTarget)


def discover_each(
    targets: Sequence[AnyTarget], discover: Callable[[AnyTarget], Discovery], has_time: Callable[[], bool]
) -> dict[str, Outcome]:
    """The outcome for each target, by its name. Several run at a time; they start in this order."""

    def attempt(each: AnyTarget) -> Outcome:
        try:
            return discover(each) if has_time() else None
        except Exception as failure:  # noqa: BLE001 - reported below
            return failure

    outcomes = in_threads(attempt, targets)
    return {each.target: outcome for each, outcome in zip(targets, outcomes, strict=True)}


def find_in_each(
    targets: Iterable[Target], interface_ids: Sequence[str]
) -> tuple[list[Discovery], Sequence[str], dict[str, Exception]]:
    """Searches one target after the other until all interfaces are found: the discoveries, the ids still missing, and
    the errors of the targets that failed.
    """
    found: list[Discovery] = []
    failures: dict[str, Exception] = {}
    missing = interface_ids
    for each in targets:
        if not missing:
            break
        try:
            discovery, missing = each.find(missing)
            found.append(discovery)
        except Exception as failure:  # noqa: BLE001 - reported by the caller
            failures[each.target] = failure
    return found, missing, failures


def discoveries_in(outcomes: Mapping[str, Outcome]) -> list[Discovery]:
    return [each for each in outcomes.values() if isinstance(each, Discovery)]


def report_failures(metric: PipelineMetric, by: str, outcomes: Mapping[str, Outcome]) -> None:
    """Counts failed targets and logs each error; logs targets that were not started."""
    failures = {target: each for target, each in outcomes.items() if isinstance(each, Exception)}
    for target, failure in failures.items():
        logger().error("discovery failed", exc_info=failure, extra={by: target})
    count_each(metric, by, dict.fromkeys(failures, 1))
    if postponed := [target for target, each in outcomes.items() if each is None]:
        logger().warning("targets are left to the next run", extra={"targets": postponed})


def report_missing_names(targets: Iterable[Target]) -> None:
    """Counts failed optional calls by call, and logs them by target."""
    refused = {each.target: list(each.failed_calls) for each in targets if each.failed_calls}
    for target, calls in refused.items():
        logger().warning("optional calls failed, names are missing", extra={"target": target, "calls": calls})
    count_each("InventoryNamesMissing", "call", Counter(call for calls in refused.values() for call in calls))


def count_discoveries(discoveries: Iterable[Discovery]) -> None:
    """Emits metrics: interfaces found in all discoveries, and the duration of the longest."""
    seen = list(discoveries)
    interfaces = [each for discovery in seen for each in discovery.interfaces]
    count("InventoryInterfaces", len(interfaces))
    count("UnrecognisedInterfaces", sum(each.owner_kind == UNKNOWN for each in interfaces))
    if seen:
        count("InventorySeconds", max(discovery.state.seconds for discovery in seen))
