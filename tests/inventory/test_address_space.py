"""Which addresses are ours."""

import polars as pl
import pytest

from flowsentry.inventory.address_space import PRIVATE_NETWORKS, AddressSpace, ipv4_number
from flowsentry.inventory.inventory import Inventory
from tests.builders import NOON, VPC, interface


def is_inside(address: str | None, *networks: str) -> bool:
    return bool(AddressSpace.of(Inventory(), networks).is_inside(pl.Series([address], dtype=pl.Categorical)).item())


@pytest.mark.parametrize("address", ["10.1.0.0", "10.1.255.255", "10.1.2.3"])
def test_a_network_holds_its_first_and_its_last_address(address: str) -> None:
    assert is_inside(address, "10.1.0.0/16")


@pytest.mark.parametrize("address", ["10.0.255.255", "10.2.0.0", "2001:db8::1", "10.1.2", "text", "", None])
def test_what_is_beside_a_network_or_no_address_is_not_inside(address: str | None) -> None:
    assert not is_inside(address, "10.1.0.0/16")
    assert not is_inside(address, "10.1.0.0/16", "fd00::/8")


def test_ipv6_networks_hold_their_addresses_however_they_are_spelled() -> None:
    for address in ("2001:db8:1::", "2001:0db8:0001:0:0:0:0:9", "2001:db8:1:ffff:ffff:ffff:ffff:ffff"):
        assert is_inside(address, "2001:db8:1::/48")
    assert not is_inside("2001:db8:2::", "2001:db8:1::/48")


def test_no_networks_have_nobody_inside() -> None:
    assert not is_inside("10.0.0.1")
    assert not is_inside("fd00::1")


def test_overlapping_and_unaligned_blocks_are_taken_as_they_are_meant() -> None:
    for address in ("10.1.0.0", "10.1.2.9"):
        assert is_inside(address, "10.1.2.3/16", "10.1.2.0/24")


def test_a_series_of_addresses_is_answered_in_its_order() -> None:
    addresses = pl.Series(["10.0.0.1", "192.0.2.1", "fd00::1", None, "10.0.0.1"], dtype=pl.Categorical)
    inside = AddressSpace.of(Inventory(), PRIVATE_NETWORKS).is_inside(addresses)
    assert inside.to_list() == [True, False, True, False, True]


def test_an_ipv4_address_is_its_number() -> None:
    addresses = ["0.0.0.0", "10.0.0.1", "255.255.255.255", "256.0.0.1", "1.2.3", "::1", None]  # noqa: S104 - a number
    numbers = ipv4_number(pl.Series(addresses, dtype=pl.String))
    assert numbers.to_list() == [0, 0x0A000001, 0xFFFFFFFF, None, None, None, None]


def test_an_address_that_two_interfaces_have_at_once_belongs_to_neither() -> None:
    both = (interface("10.0.0.1", name="a"), interface("10.0.0.1", name="b", public_addresses=("203.0.113.1",)))
    address_space = AddressSpace.of(Inventory.of(both))
    assert address_space.owner_of(VPC, "10.0.0.1", NOON) is None
    assert address_space.owner_of(VPC, "203.0.113.1", NOON) == both[1]
