"""Sources: the /64 of outside IPv6, else the address itself."""

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.inventory.source_address import (
    address_in,
    address_of,
    interface_id_of,
    is_network,
    is_within,
    network_of,
    packed,
    source_of,
    spellings_of,
    unpacked,
)

GLOBAL = st.ip_addresses(v=6, network="2400::/6").map(str)
ANY = st.ip_addresses().map(str)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2002:cb00:7109:1::5", "2002:cb00:7109:1::/64"),
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "::ffff:203.0.113.9"),
        ("64:ff9b::cb00:7109", "64:ff9b::cb00:7109"),
        ("2001:0:c000:201:0:3fff:34ff:8ef6", "2001:0:c000:201:0:3fff:34ff:8ef6"),
        ("fe80::1", "fe80::1"),
        ("fd00:1:2:3::4", "fd00:1:2:3::4"),
        ("::1", "::1"),
        ("2001:db8::1%eth0", "2001:db8::1%eth0"),
        ("-", "-"),
        ("", ""),
    ],
    ids=lambda value: value or "nothing",
)
def test_the_source_of_global_ipv6_is_its_network_and_of_others_the_address(address: str, source: str) -> None:
    assert source_of(address) == source


@given(GLOBAL)
def test_a_source_is_its_own_source_and_contains_its_address(address: str) -> None:
    source = source_of(address)
    network = network_of(source)
    assert is_network(source)
    assert network is not None
    assert ipaddress.ip_address(address) in network
    assert source_of(source) == source
    assert source_of(address_of(source)) == source
    assert address_in(source, interface_id_of(address)) == address


@given(ANY | GLOBAL.map(source_of))
def test_unpacking_gives_the_packed_source(source: str) -> None:
    assert unpacked(packed(source)) == source


@pytest.mark.parametrize(
    ("source", "network", "is_in"),
    [
        ("2001:db8:1:2::/64", "2001:db8:1:2::/64", True),
        ("2001:db8:1:2::/64", "2001:db8:1::/48", True),
        ("2001:db8:1:2::/64", "2001:db8:1:2::5/128", False),
        ("2001:db8:1:2::/64", "2001:db8:1:2::/65", False),
        ("2001:db8:1:2::/64", "2001:db8:1:3::/64", False),
        ("2001:db8:1:2::/64", "0.0.0.0/0", False),
        ("203.0.113.9", "203.0.113.0/24", True),
        ("203.0.113.9", "::/0", False),
        ("2001:db8:1:2::5", "2001:db8:1:2::/64", True),
        ("eni-0a1b2c3d", "0.0.0.0/0", False),
        ("2001:db8::1%eth0", "::/0", False),
    ],
)
def test_a_source_is_within_networks_that_contain_all_of_it(source: str, network: str, is_in: bool) -> None:  # noqa: FBT001
    assert is_within(source, [ipaddress.ip_network(network)]) == is_in


@pytest.mark.parametrize("source", [None, 7, "", "eni-1", "10.0.0.5", "10.0.0.0/24", "2001:db8::1/64", "2001:db8::/48"])
def test_other_texts_are_no_network(source: object) -> None:
    assert not is_network(source)


@given(GLOBAL)
def test_spellings_contain_only_harmless_characters(address: str) -> None:
    assert all(re.fullmatch(r"[0-9a-f:\[\]{},()?-]+", each) for each in spellings_of(source_of(address)))
