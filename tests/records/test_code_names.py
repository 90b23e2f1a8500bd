"""Names of codes: every protocol, TCP flag bitmask and code, and codes without a name."""

import pytest

from flowsentry.records.code_names import (
    PROTOCOLS,
    TCP_FLAGS,
    encryption_status_in_words,
    protocol_name,
    tcp_flags_in_words,
    traffic_path_in_words,
)
from flowsentry.records.fields import DTYPES, Kind

UNNAMED = {61, 63, 68, 99, 114, *range(148, 256)}
"""Protocol numbers without a keyword: unassigned, experimental, reserved."""


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (0, "none"),
        (1, "FIN"),
        (2, "SYN"),
        (3, "SYN+FIN"),
        (4, "RST"),
        (6, "SYN+RST"),
        (7, "SYN+RST+FIN"),
        (8, "PSH"),
        (16, "ACK"),
        (17, "ACK+FIN"),
        (18, "SYN-ACK"),
        (19, "SYN-ACK+FIN"),
        (22, "SYN-ACK+RST"),
        (24, "ACK+PSH"),
        (27, "SYN-ACK+PSH+FIN"),
        (32, "URG"),
        (194, "SYN+ECE+CWR"),
        (255, "SYN-ACK+PSH+URG+ECE+CWR+RST+FIN"),
        (258, "SYN+256"),
        (65_280, "65280"),
    ],
)
def test_flags_are_listed_from_the_opening_to_the_end_of_a_connection(flags: int, words: str) -> None:
    assert tcp_flags_in_words(flags) == words


def test_every_bitmask_can_be_parsed_back_from_its_words() -> None:
    bits = {name: bit for bit, name in TCP_FLAGS.items()} | {"SYN-ACK": 18, "none": 0}
    for flags in range(1 << 8):
        assert sum(bits[name] for name in tcp_flags_in_words(flags).split("+")) == flags


def test_no_two_bitmasks_have_the_same_words() -> None:
    assert DTYPES[Kind.BITS].is_unsigned_integer()
    assert len({tcp_flags_in_words(flags) for flags in range(1 << 16)}) == 1 << 16


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0, "hopopt"),
        (1, "icmp"),
        (2, "igmp"),
        (4, "ipv4"),
        (6, "tcp"),
        (17, "udp"),
        (33, "dccp"),
        (41, "ipv6"),
        (47, "gre"),
        (50, "esp"),
        (51, "ah"),
        (58, "icmpv6"),
        (88, "eigrp"),
        (89, "ospf"),
        (94, "ipip"),
        (97, "etherip"),
        (103, "pim"),
        (112, "vrrp"),
        (115, "l2tp"),
        (132, "sctp"),
        (136, "udplite"),
        (142, "rohc"),
        (145, "nsh"),
    ],
)
def test_a_protocol_has_its_iana_name(number: int, name: str) -> None:
    assert protocol_name(number) == name


def test_a_protocol_without_a_name_is_its_number() -> None:
    assert {number for number in range(256) if protocol_name(number) == str(number)} == UNNAMED


def test_protocol_names_are_unique() -> None:
    assert len(set(PROTOCOLS.values())) == len(PROTOCOLS) == 148
    assert all(name == name.lower() and " " not in name for name in PROTOCOLS.values())


def test_traffic_paths_and_encryption_statuses_have_words_and_new_codes_are_numbers() -> None:
    paths = [traffic_path_in_words(code) for code in range(10)]
    assert (paths[0], paths[9]) == ("0", "9")
    assert paths[1:3] == ["same VPC", "internet gateway or gateway VPC endpoint"]
    assert len(set(paths)) == 10
    statuses = [encryption_status_in_words(code) for code in range(5)]
    assert statuses[0] == "not encrypted"
    assert statuses[4] == "4"
    assert len(set(statuses)) == 5
