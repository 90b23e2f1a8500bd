"""The table of stacks, and what follows from it."""

import pytest

from flowsentry.contacts.tcp_stacks import MAX_SYN_ACKS, MAX_SYNS, STACKS, SYNS

BY_NAME = {stack.name: stack for stack in STACKS}


@pytest.mark.parametrize(
    ("name", "in_a_minute", "in_ten", "size"),
    [
        ("Linux before 6.5", 6, 7, 60),
        ("Linux since 6.5", 10, 11, 60),
        ("macOS and iOS", 10, 11, 64),
        ("FreeBSD", 10, 11, 60),
        ("Windows since 10", 5, 5, 52),
    ],
)
def test_a_stack_sends_this_many_syns(name: str, in_a_minute: int, in_ten: int, size: int) -> None:
    stack = BY_NAME[name]
    assert (stack.syns_within(60), stack.syns_within(600), stack.syns[0]) == (in_a_minute, in_ten, size)
    assert (in_ten, in_ten * size) in SYNS


def test_every_row_has_a_time_for_each_syn_a_size_of_whole_options_and_a_source() -> None:
    assert len(BY_NAME) == len(STACKS)
    for each in STACKS:
        assert len(each.syns) == len(each.seconds)
        assert all(size % 4 == 0 and 40 <= size <= 80 for size in each.syns)
        assert each.source


def test_ten_acks_with_time_stamps_are_not_syns_and_ten_of_the_size_of_linux_are() -> None:
    assert (10, 520) not in SYNS
    assert {(10, 600), (10, 640), (5, 260)} <= SYNS


def test_the_bounds_are_those_of_the_longest_row() -> None:
    assert MAX_SYNS == 11
    assert MAX_SYN_ACKS >= 13
