"""Routes of private addresses from a VPC's route table and the transit gateways behind it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network

from flowsentry.inventory.inventory import Route, RouteTable, Through
from flowsentry.value import Value

ALL_IPV4 = IPv4Network("0.0.0.0/0")


class ToVpc(Value, frozen=True):
    """Leads to this VPC by a peering connection; None: it cannot be determined."""

    vpc_id: str | None


class ToTransitGateway(Value, frozen=True):
    """Leads through a transit gateway with this route table."""

    table: "TransitGatewayRoutes"


class ToNoPrivateAddress(Value, frozen=True):
    """Leads to the internet, or is a blackhole."""


NextHop = ToVpc | ToTransitGateway | ToNoPrivateAddress
UNKNOWN_NEXT_HOP = ToVpc(None)
TransitGatewayRoutes = Mapping[IPv4Network, str | None]
"""The VPC that a transit gateway's route table leads to for each CIDR block; None: it cannot be determined."""


def private_routes(next_hops: Sequence[tuple[IPv4Network, NextHop]]) -> RouteTable:
    """The routes of private addresses of one VPC route table, in order. A route of a transit gateway's table counts
    only for addresses for which the VPC route table has no more specific route, since that is evaluated first.
    """
    blocks = [block for block, _ in next_hops]
    routes = {route for block, next_hop in next_hops for route in _routes(block, next_hop, blocks)}
    routed = {IPv4Network(route.cidr) for route in routes}
    # A blackhole or internet route must not seem to lead where a less specific route does.
    routes |= {
        Route(str(block), None)
        for block in blocks
        if block not in routed and any(_is_within(block, each) for each in routed)
    }
    return tuple(sorted(routes, key=lambda route: (route.cidr, route.vpc_id or "")))


def _routes(block: IPv4Network, next_hop: NextHop, blocks: Iterable[IPv4Network]) -> Iterator[Route]:
    match next_hop:
        case ToVpc(vpc_id):
            yield Route(str(block), vpc_id, Through.PEERING if vpc_id else None)
        case ToTransitGateway(table):
            inner = [other for other in blocks if _is_within(other, block)]
            yield from _through(block, table, inner)
        case ToNoPrivateAddress():
            return


def _through(block: IPv4Network, table: TransitGatewayRoutes, inner: Sequence[IPv4Network]) -> Iterator[Route]:
    """The transit gateway's routes within this block, and the most specific route around it for the remainder."""
    for each, vpc_id in table.items():
        if each.subnet_of(block) and not any(each.subnet_of(other) for other in inner):
            yield _to_attachment(each, vpc_id)
    around = [each for each in table if _is_within(block, each)]
    if around and block not in table:
        yield _to_attachment(block, table[max(around, key=lambda each: each.prefixlen)])


def _to_attachment(block: IPv4Network, vpc_id: str | None) -> Route:
    return Route(str(block), vpc_id, Through.TRANSIT_GATEWAY if vpc_id else None)


def _is_within(block: IPv4Network, other: IPv4Network) -> bool:
    return block != other and block.subnet_of(other)
