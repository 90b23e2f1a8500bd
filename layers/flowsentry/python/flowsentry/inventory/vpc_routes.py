"""What a route table and the transit gateways behind it say → where private addresses certainly lead."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from flowsentry.inventory.inventory import Route, RouteTable

EVERYWHERE = IPv4Network("0.0.0.0/0")


@dataclass(frozen=True, slots=True)
class ToVpc:
    """Leads to this VPC; None: somewhere that can't be told."""

    vpc_id: str | None


@dataclass(frozen=True, slots=True)
class ToTransitGateway:
    """Leads through a transit gateway with this table."""

    table: "TransitTable"


@dataclass(frozen=True, slots=True)
class ToNoPrivateAddress:
    """Leads to the internet, or nowhere."""


Way = ToVpc | ToTransitGateway | ToNoPrivateAddress
SOMEWHERE = ToVpc(None)
TransitTable = Mapping[IPv4Network, str | None]
"""The VPC that a transit gateway's route table leads to for each block; None: somewhere that can't be told."""


def private_routes(ways: Sequence[tuple[IPv4Network, Way]]) -> RouteTable:
    """The routes of private addresses of one route table, in order. A block of a transit gateway's table counts only as
    far as the route table itself has no way that is more exact: the route table is asked first.
    """
    blocks = [block for block, _ in ways]
    routes = {route for block, way in ways for route in _routes(block, way, blocks)}
    told = {IPv4Network(route.cidr) for route in routes}
    # What leads nowhere, or to the internet, must not seem to lead where a wider block does.
    routes |= {
        Route(str(block), None)
        for block in blocks
        if block not in told and any(_is_within(block, each) for each in told)
    }
    return tuple(sorted(routes, key=lambda route: (route.cidr, route.vpc_id or "")))


def _routes(block: IPv4Network, way: Way, blocks: Iterable[IPv4Network]) -> Iterator[Route]:
    match way:
        case ToVpc(vpc_id):
            yield Route(str(block), vpc_id)
        case ToTransitGateway(table):
            inner = [other for other in blocks if _is_within(other, block)]
            yield from _through(block, table, inner)
        case ToNoPrivateAddress():
            return


def _through(block: IPv4Network, table: TransitTable, inner: Sequence[IPv4Network]) -> Iterator[Route]:
    """The transit gateway's blocks within this one, and the narrowest of those around it for the rest of it."""
    for each, vpc_id in table.items():
        if each.subnet_of(block) and not any(each.subnet_of(other) for other in inner):
            yield Route(str(each), vpc_id)
    around = [each for each in table if _is_within(block, each)]
    if around and block not in table:
        yield Route(str(block), table[max(around, key=lambda each: each.prefixlen)])


def _is_within(block: IPv4Network, other: IPv4Network) -> bool:
    return block != other and block.subnet_of(other)
