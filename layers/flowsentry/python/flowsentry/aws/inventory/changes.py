"""What looks make of an inventory: changes that can be made again, to what another run wrote meanwhile."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import polars as pl

from flowsentry.aws.inventory.requests import ASKED_AGAIN_SECONDS
from flowsentry.inventory.inventory import RETENTION_DAYS, SECONDS_A_DAY, Discovery, Inventory, TargetState

MAX_ABSENT = 20_000
"""Interfaces that the snapshot says are not there, some 40 bytes each. Fewer: processors ask for them again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run saw, by Unix second `at`: `looks` at all of a place each, `some` at interfaces that were asked for;
    and those that were in no place.
    """

    at: float
    looks: Sequence[Discovery] = ()
    some: Sequence[Discovery] = ()
    absent: Sequence[str] = ()


def with_seen(
    inventory: Inventory, seen: Seen, targets: Iterable[str], retention_days: int = RETENTION_DAYS
) -> Inventory:
    """The inventory with what was seen, as far as nobody has looked later; looks of the same second add up. What no
    retention of its own ends goes too: places that are not among these any more, and interfaces that were not there
    long ago.
    """
    for look in seen.looks:
        if look.target_state.taken_at >= _looked_at(look.target, inventory):
            inventory = inventory.after(look, retention_days)
    for look in seen.some:
        if look.target_state.taken_at >= _looked_at(look.target, inventory):
            inventory = inventory.with_some(look)
    since = seen.at - retention_days * SECONDS_A_DAY
    return replace(
        _without_targets(inventory, frozenset(targets), since),
        absent=_bounded({**recently_absent(inventory, seen.at), **dict.fromkeys(seen.absent, int(seen.at))}),
    )


def _looked_at(target: str, inventory: Inventory) -> int:
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


def _bounded(absent: Mapping[str, int]) -> dict[str, int]:
    """Those that were looked for last."""
    latest = sorted(absent.items(), key=lambda each: (-each[1], each[0]))
    return dict(islice(latest, MAX_ABSENT))


def recently_absent(inventory: Inventory, now: float) -> dict[str, int]:
    """Interfaces that were looked for so lately, and not found, that they are not looked for again."""
    return {each: at for each, at in inventory.absent.items() if now - at < ASKED_AGAIN_SECONDS}


def unknown_to(inventory: Inventory, interface_ids: Iterable[str], now: float) -> list[str]:
    """Those, each once and in this order, of which the inventory says nothing: neither whose they are nor that they
    were not there lately.
    """
    asked = pl.Series(list(dict.fromkeys(interface_ids)), dtype=pl.String)
    known = inventory.assignments["interface_id"].unique().cast(pl.String)
    absent = recently_absent(inventory, now)
    return [each for each in asked.filter(~asked.is_in(known.implode())) if each not in absent]
