"""Routes of private addresses agree with routing itself, address by address."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from flowsentry.inventory.inventory import Route, Through
from flowsentry.inventory.vpc_routes import (
    ALL_IPV4,
    UNKNOWN_NEXT_HOP,
    NextHop,
    ToNoPrivateAddress,
    ToTransitGateway,
    ToVpc,
    private_routes,
)


def block(cidr: str) -> IPv4Network:
    return IPv4Network(cidr)


TEN, TEN_ONE, TEN_ONE_TWO = block("10.0.0.0/8"), block("10.1.0.0/16"), block("10.1.2.0/24")


def test_routes_to_a_peered_vpc_and_to_an_unknown_target() -> None:
    next_hops: list[tuple[IPv4Network, NextHop]] = [(TEN_ONE, ToVpc("vpc-b")), (TEN, UNKNOWN_NEXT_HOP)]
    assert private_routes(next_hops) == (Route("10.0.0.0/8", None), Route("10.1.0.0/16", "vpc-b", Through.PEERING))


def test_routes_to_the_internet_are_left_out() -> None:
    assert private_routes([(ALL_IPV4, ToNoPrivateAddress())]) == ()


def test_a_blackhole_within_a_less_specific_route_is_undetermined() -> None:
    next_hops: list[tuple[IPv4Network, NextHop]] = [(TEN, ToVpc("vpc-b")), (TEN_ONE, ToNoPrivateAddress())]
    assert Route("10.1.0.0/16", None) in private_routes(next_hops)


def test_an_address_without_a_transit_gateway_route_is_not_routed() -> None:
    assert private_routes([(TEN, ToTransitGateway({}))]) == ()


def test_the_most_specific_transit_gateway_route_counts() -> None:
    table = {ALL_IPV4: "vpc-egress", TEN: "vpc-b", TEN_ONE_TWO: "vpc-c"}
    routes = private_routes([(TEN_ONE, ToTransitGateway(table))])
    through = Through.TRANSIT_GATEWAY
    assert routes == (Route("10.1.0.0/16", "vpc-b", through), Route("10.1.2.0/24", "vpc-c", through))


def test_the_vpc_route_table_precedes_the_transit_gateway() -> None:
    next_hops: list[tuple[IPv4Network, NextHop]] = [
        (TEN, ToTransitGateway({TEN_ONE_TWO: "vpc-c"})),
        (TEN_ONE, ToVpc("vpc-b")),
    ]
    assert private_routes(next_hops) == (Route("10.1.0.0/16", "vpc-b", Through.PEERING),)


# Blocks of a small world, so that they often lie within each other.
BLOCKS = st.builds(
    lambda number, length: IPv4Network((number << 24, length), strict=False), st.integers(0, 15), st.integers(4, 8)
)
VPCS = st.sampled_from(["vpc-a", "vpc-b", None])
TABLES = st.dictionaries(BLOCKS, VPCS, max_size=5)
WAYS = st.dictionaries(
    BLOCKS, st.one_of(st.builds(ToVpc, VPCS), st.builds(ToTransitGateway, TABLES), st.just(ToNoPrivateAddress()))
)
ADDRESSES = st.builds(lambda number: IPv4Address(number << 24), st.integers(0, 15))


def routed(next_hops: dict[IPv4Network, NextHop], address: IPv4Address) -> str | None:
    """The VPC that routing leads to: the longest prefix of the route table, then that of the transit gateway."""
    match _longest(next_hops, address):
        case ToVpc(vpc_id):
            return vpc_id
        case ToTransitGateway(table):
            return _longest(table, address)
        case _:
            return None


End = TypeVar("End")


def _longest(table: Mapping[IPv4Network, End], address: IPv4Address) -> End | None:
    fitting = [each for each in table if address in each]
    return table[max(fitting, key=lambda each: each.prefixlen)] if fitting else None


def actual(routes: tuple[Route, ...], address: IPv4Address) -> str | None:
    fitting = [route for route in routes if address in IPv4Network(route.cidr)]
    longest = max((IPv4Network(route.cidr).prefixlen for route in fitting), default=0)
    ends = {route.vpc_id for route in fitting if IPv4Network(route.cidr).prefixlen == longest}
    return ends.pop() if len(ends) == 1 else None


@given(next_hops=WAYS, address=ADDRESSES)
def test_private_routes_lead_where_routing_leads(next_hops: dict[IPv4Network, NextHop], address: IPv4Address) -> None:
    assert actual(private_routes(list(next_hops.items())), address) == routed(next_hops, address)


@given(next_hops=st.lists(st.tuples(BLOCKS, st.builds(ToVpc, VPCS))))
def test_the_order_of_routes_is_irrelevant(next_hops: list[tuple[IPv4Network, NextHop]]) -> None:
    assert private_routes(next_hops[::-1]) == private_routes(next_hops)
