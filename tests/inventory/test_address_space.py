"""Which addresses are inside."""

import polars as pl
import pytest

from flowsentry.inventory.address_space import PRIVATE_NETWORKS, AddressSpace, ipv4_number
from flowsentry.inventory.inventory import Inventory
from tests.builders import NOON, VPC, interface, owner_of


def is_inside(address: str | None, *networks: str) -> bool:
    return bool(AddressSpace.of(Inventory(), networks).is_inside(pl.Series([address], dtype=pl.Categorical)).item())


@pytest.mark.parametrize("address", ["10.1.0.0", "10.1.255.255", "10.1.2.3"])
def test_a_network_includes_its_first_and_last_address(address: str) -> None:
    assert is_inside(address, "10.1.0.0/16")


@pytest.mark.parametrize("address", ["10.0.255.255", "10.2.0.0", "2001:db8::1", "10.1.2", "text", "", None])
def test_an_address_outside_a_network_or_an_invalid_one_is_not_inside(address: str | None) -> None:
    assert not is_inside(address, "10.1.0.0/16")
    assert not is_inside(address, "10.1.0.0/16", "fd00::/8")


def test_ipv6_networks_include_their_addresses_in_any_spelling() -> None:
    for address in ("2001:db8:1::", "2001:0db8:0001:0:0:0:0:9", "2001:db8:1:ffff:ffff:ffff:ffff:ffff"):
        assert is_inside(address, "2001:db8:1::/48")
    assert not is_inside("2001:db8:2::", "2001:db8:1::/48")


def test_without_networks_no_address_is_inside() -> None:
    assert not is_inside("10.0.0.1")
    assert not is_inside("fd00::1")


def test_overlapping_blocks_and_blocks_with_host_bits_are_accepted() -> None:
    for address in ("10.1.0.0", "10.1.2.9"):
        assert is_inside(address, "10.1.2.3/16", "10.1.2.0/24")


def test_results_are_in_the_order_of_the_addresses() -> None:
    addresses = pl.Series(["10.0.0.1", "192.0.2.1", "fd00::1", None, "10.0.0.1"], dtype=pl.Categorical)
    inside = AddressSpace.of(Inventory(), PRIVATE_NETWORKS).is_inside(addresses)
    assert inside.to_list() == [True, False, True, False, True]


def test_an_ipv4_address_has_its_number() -> None:
    addresses = ["0.0.0.0", "10.0.0.1", "255.255.255.255", "256.0.0.1", "1.2.3", "::1", None]  # noqa: S104 - a number
    numbers = ipv4_number(pl.Series(addresses, dtype=pl.String))
    assert numbers.to_list() == [0, 0x0A000001, 0xFFFFFFFF, None, None, None, None]


def test_an_address_of_two_interfaces_at_once_has_no_owner() -> None:
    both = (interface("10.0.0.1", name="a"), interface("10.0.0.1", name="b", public_addresses=("203.0.113.1",)))
    address_space = AddressSpace.of(Inventory.of(both))
    assert owner_of(address_space, VPC, "10.0.0.1", NOON) is None
    assert owner_of(address_space, VPC, "203.0.113.1", NOON) == both[1]
