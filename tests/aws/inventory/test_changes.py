"""What looks make of an inventory, in whatever order they are written."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flowsentry.aws.inventory.changes import MAX_ABSENT, Seen, unknown_to, with_seen
from flowsentry.aws.inventory.requests import ASKED_AGAIN_SECONDS
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.inventory import Discovery, Inventory, TargetState
from tests.aws.inventory.discovery_world import AWAY, HOME, START, interface

TARGETS = (HOME, AWAY)


def look(*interface_ids: str, at: int = START, target: str = HOME) -> Discovery:
    seen = tuple(interface(each, f"10.0.0.{int(each[4:], 16)}") for each in interface_ids)
    return Discovery(target, TargetState(at, 1, {"vpc-1": ("10.0.0.0/16",)}), seen)


def added(inventory: Inventory, *looks: Discovery, at: float = START) -> Inventory:
    return with_seen(inventory, Seen(at, looks), TARGETS)


def known(inventory: Inventory) -> set[str]:
    return set(inventory.assignments["interface_id"].drop_nulls())


def test_a_look_that_began_before_the_one_already_stored_changes_nothing() -> None:
    later = added(Inventory(), look("eni-1", at=START + 60))
    stored = added(later, look("eni-1", "eni-2"))
    assert stored.target_states == later.target_states
    assert stored.assignments.equals(later.assignments)


def test_looks_of_the_same_second_add_up() -> None:
    assert known(added(added(Inventory(), look("eni-1")), look("eni-2"))) == {"eni-1", "eni-2"}


def test_interfaces_seen_before_the_last_look_at_all_are_no_news() -> None:
    stored = added(Inventory(), look("eni-1", at=START + 60))
    assert known(with_seen(stored, Seen(START, some=[look("eni-2")]), TARGETS)) == {"eni-1"}
    assert known(with_seen(stored, Seen(START, some=[look("eni-2", at=START + 61)]), TARGETS)) == {"eni-1", "eni-2"}


def test_interfaces_seen_between_do_not_make_the_others_old() -> None:
    stored = with_seen(added(Inventory(), look("eni-1")), Seen(START + 9, some=[look("eni-2", at=START + 9)]), TARGETS)
    assert stored.target_states[HOME].taken_at == START


def test_the_rules_of_a_place_that_is_gone_go_with_it() -> None:
    there = replace(look(target="gone"), rules=Rules())
    stored = with_seen(Inventory(), Seen(START, [there, look("eni-1")]), TARGETS)
    assert set(stored.rules_by_target) == {"gone", HOME}
    later = with_seen(stored, Seen(START + 8 * 86_400, [look("eni-1", at=START + 8 * 86_400)]), TARGETS)
    assert (set(later.target_states), set(later.rules_by_target)) == ({HOME}, {HOME})


def test_absent_interfaces_are_bounded_and_those_looked_for_last_are_kept() -> None:
    first = with_seen(Inventory(), Seen(START, absent=["eni-1", "eni-2"]), TARGETS)
    many = [f"eni-{number:x}" for number in range(16, 16 + MAX_ABSENT - 1)]
    absent = with_seen(first, Seen(START + 1, absent=many), TARGETS).absent
    assert len(absent) == MAX_ABSENT
    assert set(many) < set(absent)


def test_what_is_unknown_is_told_once_and_in_order() -> None:
    stored = with_seen(added(Inventory(), look("eni-1")), Seen(START, absent=["eni-2"]), TARGETS)
    asked = ["eni-4", "eni-1", "eni-3", "eni-2", "eni-4"]
    assert unknown_to(stored, asked, START + 1) == ["eni-4", "eni-3"]
    assert unknown_to(stored, asked, START + ASKED_AGAIN_SECONDS) == ["eni-4", "eni-3", "eni-2"]


def test_to_an_empty_inventory_everything_is_unknown() -> None:
    assert unknown_to(Inventory(), ["eni-1", "eni-1"], START) == ["eni-1"]
    assert unknown_to(Inventory(), [], START) == []


@given(
    st.lists(
        st.tuples(st.sampled_from(TARGETS), st.sets(st.sampled_from(["eni-1", "eni-2", "eni-3"])), st.integers(1, 5)),
        max_size=6,
    )
)
def test_after_looks_in_any_order_the_latest_of_each_place_is_the_last(
    seen: list[tuple[str, set[str], int]],
) -> None:
    stored = Inventory()
    for target, interface_ids, at in seen:
        stored = added(stored, look(*sorted(interface_ids), at=START + at, target=target), at=START + 9)
    latest = {target: max(at for where, _, at in seen if where == target) for target in {target for target, *_ in seen}}
    assert {target: target_state.taken_at - START for target, target_state in stored.target_states.items()} == latest
