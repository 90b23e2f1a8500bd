"""Whether a rule matches a packet; None if that is unknown."""

import pytest

from flowsentry.explain.matching import Match, all_match, any_matches, matches_address, matches_ports, matches_protocol
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
def test_an_unknown_condition_counts_only_if_it_decides(conditions: list[Match], all_are: Match, one_is: Match) -> None:
    assert (all_match(conditions), any_matches(conditions)) == (all_are, one_is)


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
def test_a_port_range_that_covers_some_of_the_ports_is_unknown(asked: Ports, expected: Match) -> None:
    assert matches_ports(10, 20, asked) is expected


def test_a_cidr_block_with_host_bits_matches_its_network() -> None:
    assert matches_address("10.20.0.9/23", "10.20.1.7") is True
    assert matches_address("2001:db8::9/32", "2001:db8:ffff::1") is True


@pytest.mark.parametrize(
    ("protocol", "asked", "expected"), [(-1, -1, True), (6, -1, None), (-1, 6, True), (6, 17, False)]
)
def test_a_rule_for_one_protocol_may_match_a_packet_of_all_protocols(
    protocol: int, asked: int, expected: Match
) -> None:
    assert matches_protocol(protocol, asked) is expected
