"""Whether a rule is about a packet, as far as that can be told."""

import pytest

from flowsentry.explain.matching import Told, every, holds_address, holds_ports, holds_protocol, some
from flowsentry.explain.packet import Ports


@pytest.mark.parametrize(
    ("conditions", "all_are", "one_is"),
    [
        ([], True, False),
        ([True, True], True, True),
        ([True, None], None, True),
        ([True, False, None], False, True),
        ([None, False], False, None),
        ([False, False], False, False),
    ],
)
def test_what_is_not_known_matters_only_where_it_decides(conditions: list[Told], all_are: Told, one_is: Told) -> None:
    assert (every(conditions), some(conditions)) == (all_are, one_is)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Ports(10, 20), True),
        (Ports(10, 21), None),
        (Ports(9, 10), None),
        (Ports(20, 30), None),
        (Ports(0, 99), None),
        (Ports(0, 9), False),
        (Ports(21, 99), False),
    ],
)
def test_a_range_may_have_some_of_the_ports_asked(asked: Ports, expected: Told) -> None:
    assert holds_ports(10, 20, asked) is expected


def test_a_block_need_not_be_written_from_its_first_address() -> None:
    assert holds_address("10.20.0.9/23", "10.20.1.7") is True
    assert holds_address("2001:db8::9/32", "2001:db8:ffff::1") is True


@pytest.mark.parametrize(
    ("protocol", "asked", "expected"), [(-1, -1, True), (6, -1, None), (-1, 6, True), (6, 17, False)]
)
def test_a_rule_for_one_protocol_is_about_some_of_all(protocol: int, asked: int, expected: Told) -> None:
    assert holds_protocol(protocol, asked) is expected
