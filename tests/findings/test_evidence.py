"""Evidence merges like a set: in any order and any number of times, also beyond the size limits of its sets."""

from dataclasses import replace
from functools import partial, reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.findings.bounds import MAX_SOURCE_PORTS
from flowsentry.findings.evidence import ADDRESS_SETS, SET_SIZES, Evidence, EvidenceKey, bottom, near_recorded
from flowsentry.findings.evidence import rank_of_member as rank
from tests.builders import VPC

KEY = EvidenceKey(VPC, "10.0.0.1", 20_454)


def member(number: int) -> bytes:
    return number.to_bytes(7)


# More members than a set keeps: the laws must hold beyond the bounds.
sets = st.sets(st.integers(0, 200).map(member), max_size=130).map(frozenset)
times = st.integers(0, 1000)
pieces = st.builds(
    Evidence,
    st.just(KEY),
    **{name: sets.map(partial(bottom, size=size)) for name, size in SET_SIZES.items()},
    source_ports=st.sets(st.integers(1024, 1060), max_size=MAX_SOURCE_PORTS).map(frozenset),
    first_seen=times,
    last_seen=times,
    is_inside=st.booleans(),
)


@given(pieces, pieces)
def test_order_is_irrelevant(one: Evidence, other: Evidence) -> None:
    assert one.merge(other) == other.merge(one)


@pytest.mark.slow
@given(pieces, pieces, pieces)
def test_grouping_is_irrelevant(one: Evidence, other: Evidence, third: Evidence) -> None:
    assert one.merge(other).merge(third) == one.merge(other.merge(third))


@pytest.mark.slow
@given(pieces, pieces)
def test_merging_again_changes_nothing(one: Evidence, other: Evidence) -> None:
    both = one.merge(other)
    assert one.merge(one) == one
    assert both.merge(one) == both.merge(other) == both


@given(st.sampled_from([*SET_SIZES]), st.lists(sets, min_size=1, max_size=4))
def test_a_full_set_holds_the_same_members_as_if_all_were_added_at_once(
    name: str, parts: list[frozenset[bytes]]
) -> None:
    pieces = [Evidence(KEY, **{name: bottom(part, SET_SIZES[name])}) for part in parts]
    merged = reduce(Evidence.merge, pieces)
    assert getattr(merged, name) == bottom(frozenset().union(*parts), SET_SIZES[name])


@pytest.mark.slow
@given(pieces, pieces)
def test_cutting_to_the_size_limits_before_or_after_a_merge_is_the_same(one: Evidence, other: Evidence) -> None:
    beyond = replace(one, **{name: getattr(one, name) | getattr(other, name) for name in SET_SIZES})
    assert beyond.merge(other) == beyond.within_bounds().merge(other)


@given(sets, st.integers(0, 70))
def test_bottom_keeps_the_members_with_the_smallest_ranks(members: frozenset[bytes], size: int) -> None:
    kept = bottom(members, size)
    assert len(kept) == min(size, len(members))
    dropped = members - kept
    assert not kept or not dropped or max(map(rank, kept)) < min(map(rank, dropped))


def test_a_merge_spans_both_times_and_is_inside_if_one_is() -> None:
    one = Evidence(KEY, first_seen=5, last_seen=6, is_inside=True)
    both = one.merge(Evidence(KEY, first_seen=1, last_seen=9))
    assert (both.first_seen, both.last_seen, both.is_inside) == (1, 9, True)


def test_only_answers_sessions_and_addresses_are_not_suspicious() -> None:
    one = frozenset([member(1)])
    by_set: dict[str, Evidence] = {name: replace(Evidence(KEY), **{name: one}) for name in SET_SIZES}
    suspicious = {name for name, evidence in by_set.items() if evidence.is_suspicious}
    assert suspicious == {"failed", "doubtful", "attempts", "external_clients"}
    not_recorded = {name for name, evidence in by_set.items() if not evidence.has_members}
    assert not_recorded == {*ADDRESS_SETS.values(), "source_ids"}, "they only say more of members in other sets"


@given(st.permutations([3, 6, 9, 13, -4]))
def test_an_answer_is_worth_recording_if_answers_in_between_lead_to_an_item(days: list[int]) -> None:
    """Each is within MEMORY_DAYS of the one before; in whatever order they come."""
    answers = [Evidence(KEY._replace(day=KEY.day + each), answered=frozenset({member(1)})) for each in days]
    kept = [each.key.day - KEY.day for each in near_recorded({KEY}, answers)]
    assert kept == [each for each in days if each in (3, 6, 9)]
