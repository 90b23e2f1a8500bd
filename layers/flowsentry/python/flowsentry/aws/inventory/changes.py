"""Applies the results of a discovery run to the stored inventory; safe to repeat when another run wrote in between."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import polars as pl

from flowsentry.inventory.inventory import (
    RETENTION_DAYS,
    SECONDS_A_DAY,
    Discovery,
    Inventory,
    TargetState,
    recently_absent,
)
from flowsentry.value import Value


class RunResults(Value, frozen=True):
    """Results of a run, at Unix second `at`: `discoveries` of whole targets, `found` discoveries of requested
    interfaces, and the ids of requested interfaces that are `absent` from every target.
    """

    at: float
    discoveries: Sequence[Discovery] = ()
    found: Sequence[Discovery] = ()
    absent: Sequence[str] = ()


def with_results(
    inventory: Inventory, results: RunResults, targets: Iterable[str], retention_days: int = RETENTION_DAYS
) -> Inventory:
    """The inventory with these results, except those of targets that were discovered later; results of the same second
    add up. Also removes what no retention period covers: targets that are not in `targets` any more, and outdated
    absent interfaces.
    """
    for discovery in results.discoveries:
        if discovery.state.taken_at >= _taken_at(discovery.target, inventory):
            inventory = inventory.after(discovery, retention_days)
    for discovery in results.found:
        if discovery.state.taken_at >= _taken_at(discovery.target, inventory):
            inventory = inventory.with_partial_discovery(discovery)
    since = results.at - retention_days * SECONDS_A_DAY
    return replace(
        _without_targets(inventory, frozenset(targets), since),
        absent=recently_absent({**inventory.absent, **dict.fromkeys(results.absent, int(results.at))}, results.at),
    )


def _taken_at(target: str, inventory: Inventory) -> int:
    return inventory.target_states.get(target, TargetState()).taken_at


def _without_targets(inventory: Inventory, targets: frozenset[str], since: float) -> Inventory:
    target_states = inventory.target_states.items()
    gone = {target for target, target_state in target_states if target not in targets and target_state.taken_at < since}
    if not gone:
        return inventory
    rules = inventory.rules_by_target
    return replace(
        inventory,
        target_states={target: target_state for target, target_state in target_states if target not in gone},
        rules_by_target={target: rules[target] for target in rules if target not in gone},
    )


def unknown_to(inventory: Inventory, interface_ids: Iterable[str], now: float) -> list[str]:
    """The interfaces that the inventory neither has nor remembers as absent, each once, in this order."""
    requested = pl.Series(list(dict.fromkeys(interface_ids)), dtype=pl.String)
    known = inventory.assignments["interface_id"].unique().cast(pl.String)
    absent = recently_absent(inventory.absent, now)
    return [each for each in requested.filter(~requested.is_in(known.implode())) if each not in absent]
