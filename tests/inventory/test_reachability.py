"""In which VPC a private address is, as seen from another VPC: unambiguous, or null."""

import polars as pl
import pytest

from flowsentry.inventory.inventory import Route, RouteTable
from flowsentry.inventory.reachability import Reachability
from flowsentry.records.ipv4_numbers import ipv4_number

HERE, PEER, THIRD = "vpc-here", "vpc-peer", "vpc-third"
OWN = ("10.0.0.0/16",)


def vpc_of(address: str, *tables: RouteTable, own: tuple[str, ...] = OWN) -> str | None:
    reach = Reachability.of(HERE, own, tables)
    return reach.vpcs(ipv4_number(pl.Series([address]))).item()


def to(cidr: str, vpc_id: str | None) -> RouteTable:
    return (Route(cidr, vpc_id),)


@pytest.mark.parametrize("address", ["10.0.0.0", "10.0.255.255"])
def test_addresses_of_the_vpc_are_local(address: str) -> None:
    assert vpc_of(address) == HERE


@pytest.mark.parametrize("address", ["10.1.0.0", "10.1.255.255"])
def test_an_address_is_where_the_only_route_leads(address: str) -> None:
    assert vpc_of(address, to("10.1.0.0/16", PEER)) == PEER


@pytest.mark.parametrize("address", ["10.0.255.255", "10.2.0.0", "192.0.2.1", "fd00::1", "no address"])
def test_an_address_without_a_route_has_no_vpc(address: str) -> None:
    assert vpc_of(address, to("10.1.0.0/16", PEER), own=()) is None


def test_tables_that_agree_determine_the_vpc_and_tables_without_a_route_are_ignored() -> None:
    assert vpc_of("10.1.0.1", to("10.1.0.0/16", PEER), to("10.1.0.0/24", PEER), ()) == PEER


def test_tables_that_lead_to_different_vpcs_are_ambiguous() -> None:
    assert vpc_of("10.1.0.1", to("10.1.0.0/16", PEER), to("10.1.0.0/16", THIRD)) is None


def test_the_longest_prefix_of_a_table_decides() -> None:
    table = (Route("10.0.0.0/8", THIRD), Route("10.1.0.0/16", PEER), Route("10.1.9.0/24", None))
    assert [vpc_of(each, table) for each in ("10.1.0.1", "10.2.0.1", "10.1.9.1")] == [PEER, THIRD, None]


def test_a_route_to_an_unknown_target_is_ambiguous() -> None:
    assert vpc_of("10.1.0.1", to("10.1.0.0/16", PEER), to("10.0.0.0/8", None)) is None


def test_two_routes_for_the_same_block_in_one_table_are_ambiguous() -> None:
    assert vpc_of("10.1.0.1", (Route("10.1.0.0/16", PEER), Route("10.1.0.0/16", THIRD))) is None


def test_addresses_of_the_vpcs_own_block_are_local_despite_overlapping_routes() -> None:
    assert vpc_of("10.0.0.1", to("10.0.0.0/24", PEER)) == HERE


def test_the_last_ipv4_address_is_handled() -> None:
    assert vpc_of("255.255.255.255", to("0.0.0.0/0", PEER)) == PEER
