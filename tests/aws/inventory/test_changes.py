"""Results of discovery runs, stored in any order."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flowsentry.aws.inventory.changes import RunResults, unknown_to, with_results
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.inventory import ABSENT_SECONDS, MAX_ABSENT, Discovery, Inventory, TargetState
from tests.aws.inventory.discovery_world import AWAY, HOME, START, interface

TARGETS = (HOME, AWAY)


def discovery(*interface_ids: str, at: int = START, target: str = HOME) -> Discovery:
    found = tuple(interface(each, f"10.0.0.{int(each[4:], 16)}") for each in interface_ids)
    return Discovery(target, TargetState(at, 1, {"vpc-1": ("10.0.0.0/16",)}), found)


def added(inventory: Inventory, *discoveries: Discovery, at: float = START) -> Inventory:
    return with_results(inventory, RunResults(at, discoveries), TARGETS)


def known(inventory: Inventory) -> set[str]:
    return set(inventory.assignments["interface_id"].drop_nulls())


def test_an_older_discovery_than_the_stored_one_changes_nothing() -> None:
    later = added(Inventory(), discovery("eni-1", at=START + 60))
    stored = added(later, discovery("eni-1", "eni-2"))
    assert stored.target_states == later.target_states
    assert stored.assignments.equals(later.assignments)


def test_discoveries_of_the_same_second_add_up() -> None:
    assert known(added(added(Inventory(), discovery("eni-1")), discovery("eni-2"))) == {"eni-1", "eni-2"}


def test_interfaces_found_before_the_last_discovery_are_ignored() -> None:
    stored = added(Inventory(), discovery("eni-1", at=START + 60))
    assert known(with_results(stored, RunResults(START, found=[discovery("eni-2")]), TARGETS)) == {"eni-1"}
    assert known(with_results(stored, RunResults(START, found=[discovery("eni-2", at=START + 61)]), TARGETS)) == {
        "eni-1",
        "eni-2",
    }


def test_interfaces_found_between_discoveries_do_not_outdate_the_others() -> None:
    stored = with_results(
        added(Inventory(), discovery("eni-1")), RunResults(START + 9, found=[discovery("eni-2", at=START + 9)]), TARGETS
    )
    assert stored.target_states[HOME].taken_at == START


def test_the_rules_of_a_removed_target_are_removed_with_it() -> None:
    there = replace(discovery(target="gone"), rules=Rules())
    stored = with_results(Inventory(), RunResults(START, [there, discovery("eni-1")]), TARGETS)
    assert set(stored.rules_by_target) == {"gone", HOME}
    later = with_results(stored, RunResults(START + 8 * 86_400, [discovery("eni-1", at=START + 8 * 86_400)]), TARGETS)
    assert (set(later.target_states), set(later.rules_by_target)) == ({HOME}, {HOME})


def test_absent_interfaces_are_bounded_and_the_latest_are_kept() -> None:
    first = with_results(Inventory(), RunResults(START, absent=["eni-1", "eni-2"]), TARGETS)
    many = [f"eni-{number:x}" for number in range(16, 16 + MAX_ABSENT - 1)]
    absent = with_results(first, RunResults(START + 1, absent=many), TARGETS).absent
    assert len(absent) == MAX_ABSENT
    assert set(many) < set(absent)


def test_unknown_interfaces_are_returned_once_and_in_order() -> None:
    stored = with_results(added(Inventory(), discovery("eni-1")), RunResults(START, absent=["eni-2"]), TARGETS)
    requested = ["eni-4", "eni-1", "eni-3", "eni-2", "eni-4"]
    assert unknown_to(stored, requested, START + 1) == ["eni-4", "eni-3"]
    assert unknown_to(stored, requested, START + ABSENT_SECONDS) == ["eni-4", "eni-3", "eni-2"]


def test_with_an_empty_inventory_every_interface_is_unknown() -> None:
    assert unknown_to(Inventory(), ["eni-1", "eni-1"], START) == ["eni-1"]
    assert unknown_to(Inventory(), [], START) == []


@given(
    st.lists(
        st.tuples(st.sampled_from(TARGETS), st.sets(st.sampled_from(["eni-1", "eni-2", "eni-3"])), st.integers(1, 5)),
        max_size=6,
    )
)
def test_discoveries_stored_in_any_order_leave_the_latest_of_each_target(
    discoveries: list[tuple[str, set[str], int]],
) -> None:
    stored = Inventory()
    for target, interface_ids, at in discoveries:
        stored = added(stored, discovery(*sorted(interface_ids), at=START + at, target=target), at=START + 9)
    latest = {
        target: max(at for where, _, at in discoveries if where == target)
        for target in {target for target, *_ in discoveries}
    }
    assert {target: target_state.taken_at - START for target, target_state in stored.target_states.items()} == latest
