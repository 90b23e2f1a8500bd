"""Resolves the routes of each VPC from EC2's route tables, peering connections, transit gateways and prefix lists."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from msgspec import field

from flowsentry.aws.inventory.pages import EC2_PAGE, PREFIX_LISTS_PAGE, Call, Described, Pages
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.inventory import RouteTable
from flowsentry.inventory.vpc_routes import (
    ALL_IPV4,
    UNKNOWN_NEXT_HOP,
    NextHop,
    ToNoPrivateAddress,
    ToTransitGateway,
    ToVpc,
    TransitGatewayRoutes,
    private_routes,
)
from flowsentry.value import Value

SUBNETS = Call("ec2", "describe_subnets", "Subnets", EC2_PAGE)
VPCS = Call("ec2", "describe_vpcs", "Vpcs", EC2_PAGE)


def blocks_of(vpc: Described) -> tuple[str, ...]:
    """All CIDR blocks of a VPC, the primary one first."""
    blocks = [vpc.get("CidrBlock", "")]
    blocks += [each["CidrBlock"] for each in vpc.get("CidrBlockAssociationSet", ())]
    blocks += [each["Ipv6CidrBlock"] for each in vpc.get("Ipv6CidrBlockAssociationSet", ())]
    return tuple(dict.fromkeys(block for block in blocks if block))


def zone_id_by_subnet(subnets: Iterable[Described]) -> dict[str, str]:
    """Availability Zone ids by subnet, as in flow logs: zone names differ between accounts."""
    return {each["SubnetId"]: each.get("AvailabilityZoneId", "") for each in subnets}


def zone_id_by_name(subnets: Iterable[Described]) -> dict[str, str]:
    """Availability Zone ids by this account's zone names."""
    return {each["AvailabilityZone"]: each.get("AvailabilityZoneId", "") for each in subnets}


ROUTE_TABLES_A_PAGE = 100
MAX_TRANSIT_ROUTES = 1_000
"""Routes read of one transit gateway route table; a larger table counts as unknown. Higher: minutes on every discovery
for the few networks with tens of thousands of routes. Lower: in medium networks the destination of addresses is
unknown."""

ROUTE_TABLES = Call("ec2", "describe_route_tables", "RouteTables", ROUTE_TABLES_A_PAGE)
PEERINGS = Call("ec2", "describe_vpc_peering_connections", "VpcPeeringConnections", EC2_PAGE)
ATTACHMENTS = Call("ec2", "describe_transit_gateway_attachments", "TransitGatewayAttachments", EC2_PAGE)
TRANSIT_TABLES = Call(
    "ec2", "describe_transit_gateway_route_tables", "TransitGatewayRouteTables[].TransitGatewayRouteTableId", EC2_PAGE
)
PREFIXES = Call("ec2", "get_managed_prefix_list_entries", "Entries[].Cidr", PREFIX_LISTS_PAGE)
TRANSIT_ROUTES = Call("ec2", "search_transit_gateway_routes", "[@]", MAX_TRANSIT_ROUTES)

TransitRoutes = Mapping[tuple[str, str], TransitGatewayRoutes]
"""The transit gateway route table in use, by transit gateway and attached VPC. No entry where it is unknown."""


def transit_routes(pages: Pages) -> TransitRoutes:
    """The routes of the transit gateways that this account owns, for attached VPCs of all accounts."""
    own = set(pages.rows(TRANSIT_TABLES))
    attached = {
        (each["TransitGatewayId"], each["ResourceId"]): each["Association"]["TransitGatewayRouteTableId"]
        for each in (pages.rows(ATTACHMENTS) if own else ())
        if each.get("ResourceType") == "vpc" and each.get("Association", {}).get("State") == "associated"
    }
    tables = {id_: _transit_table(pages, id_) for id_ in sorted(own & set(attached.values()))}
    return {ends: table for ends, id_ in attached.items() if (table := tables.get(id_)) is not None}


def _transit_table(pages: Pages, id_: str) -> TransitGatewayRoutes | None:
    states = [{"Name": "state", "Values": ["active", "blackhole"]}]
    answer = next(pages.rows(TRANSIT_ROUTES, TransitGatewayRouteTableId=id_, Filters=states))
    if answer.get("AdditionalRoutesAvailable") or answer.get("NextToken"):
        return None
    return {
        block: _vpc_behind(route)
        for route in answer.get("Routes", ())
        if (block := _ipv4(route.get("DestinationCidrBlock")))
    }


def _vpc_behind(route: Described) -> str | None:
    """The only VPC that a transit gateway route leads to; None for several attachments, other kinds and blackholes."""
    ends = {(each["ResourceType"], each["ResourceId"]) for each in route.get("TransitGatewayAttachments", ())}
    kind, id_ = ends.pop() if len(ends) == 1 else ("", None)
    return id_ if kind == "vpc" and route.get("State") == "active" else None


class RouteContext(Value, frozen=True):
    """What resolves the targets of routes: the VPCs of each peering connection, transit gateway routes, and the blocks
    of prefix lists.
    """

    peering_vpcs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    transit: TransitRoutes = field(default_factory=dict)
    prefix_lists: Mapping[str, Sequence[str]] = field(default_factory=dict)


def peering_vpcs(pages: Pages) -> dict[str, frozenset[str]]:
    """The two VPCs of each active peering connection."""
    return {
        each["VpcPeeringConnectionId"]: frozenset(
            each.get(end, {}).get("VpcId", "") for end in ("RequesterVpcInfo", "AccepterVpcInfo")
        )
        for each in pages.rows(PEERINGS)
        if each.get("Status", {}).get("Code") == "active"
    }


def prefix_lists(pages: Pages, tables: Iterable[Described], rules: Rules) -> dict[str, Sequence[str]]:
    """The blocks of the prefix lists that routes refer to; read from EC2 only where the firewall rules do not contain
    them.
    """
    routes = (route for table in tables for route in table.get("Routes", ()) if not _is_to_endpoint(route))
    ids = {route["DestinationPrefixListId"] for route in routes if route.get("DestinationPrefixListId")}
    known = {id_: found.cidrs for id_ in ids if (found := rules.prefix_list(id_))}
    return {**known, **{id_: list(pages.rows(PREFIXES, PrefixListId=id_)) for id_ in sorted(ids - known.keys())}}


def vpc_routes(
    tables: Sequence[Described], subnets: Mapping[str, str], context: RouteContext
) -> dict[str, tuple[RouteTable, ...]]:
    """The distinct route tables in use of each VPC. `subnets` maps each subnet to its VPC. The main table is in use
    while a subnet has no association of its own.
    """
    with_own = {subnet for table in tables for subnet in _subnets_of(table)}
    of_main = {vpc_id for subnet, vpc_id in subnets.items() if subnet not in with_own}
    found: dict[str, set[RouteTable]] = {}
    for table in tables:
        vpc_id = table["VpcId"]
        is_main = any(each.get("Main") for each in table.get("Associations", ()))
        if any(_subnets_of(table)) or (is_main and vpc_id in of_main):
            found.setdefault(vpc_id, set()).add(_route_table(table, context))
    return {vpc_id: tuple(sorted(found[vpc_id], key=repr)) for vpc_id in sorted(found)}


def _subnets_of(table: Described) -> Iterator[str]:
    return (each["SubnetId"] for each in table.get("Associations", ()) if each.get("SubnetId"))


def _route_table(table: Described, context: RouteContext) -> RouteTable:
    next_hops: list[tuple[IPv4Network, NextHop]] = []
    for route in table.get("Routes", ()):
        next_hop = _next_hop(route, table["VpcId"], context)
        blocks = _blocks(route, context.prefix_lists) if next_hop else ()
        if blocks is None:  # unknown destination addresses: any route of the table may be overridden
            return private_routes([(ALL_IPV4, UNKNOWN_NEXT_HOP)])
        next_hops += [(block, next_hop) for block in blocks if next_hop]
    return private_routes(next_hops)


def _blocks(route: Described, prefix_lists: Mapping[str, Sequence[str]]) -> list[IPv4Network] | None:
    """The IPv4 blocks of a route's destination; None for an unknown prefix list."""
    if id_ := route.get("DestinationPrefixListId"):
        cidrs = prefix_lists.get(id_)
        return None if cidrs is None else [block for cidr in cidrs if (block := _ipv4(cidr))]
    block = _ipv4(route.get("DestinationCidrBlock"))
    return [block] if block else []


def _next_hop(route: Described, vpc_id: str, context: RouteContext) -> NextHop | None:
    """Where a route leads; None for the VPC's local routes, and for gateway endpoints, which have public addresses."""
    gateway = route.get("GatewayId", "")
    if gateway == "local" or _is_to_endpoint(route):
        return None
    if route.get("State") == "blackhole" or gateway.startswith("igw-") or _egress_gateway(route):
        return ToNoPrivateAddress()
    if peering := route.get("VpcPeeringConnectionId"):
        others = context.peering_vpcs.get(peering, frozenset()) - {vpc_id}
        return ToVpc(min(others)) if len(others) == 1 else UNKNOWN_NEXT_HOP
    table = context.transit.get((route.get("TransitGatewayId", ""), vpc_id))
    return UNKNOWN_NEXT_HOP if table is None else ToTransitGateway(table)


def _is_to_endpoint(route: Described) -> bool:
    """Whether the route leads to a gateway endpoint: its destination is a service's public prefix list."""
    return route.get("GatewayId", "").startswith("vpce-") and bool(route.get("DestinationPrefixListId"))


def _egress_gateway(route: Described) -> Any:
    gateway_keys = ("NatGatewayId", "EgressOnlyInternetGatewayId", "CarrierGatewayId")
    return next((route[each] for each in gateway_keys if route.get(each)), None)


def _ipv4(cidr: str | None) -> IPv4Network | None:
    """The block; None for IPv6, whose addresses are globally unique."""
    return IPv4Network(cidr, strict=False) if cidr and ":" not in cidr else None
