"""Route tables, peering connections and transit gateways as EC2 describes them → where each VPC's routes lead."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

from flowsentry.aws.inventory.pages import EC2_PAGE, Call, Described, Pages
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.inventory import RouteTable
from flowsentry.inventory.vpc_routes import (
    EVERYWHERE,
    SOMEWHERE,
    ToNoPrivateAddress,
    ToTransitGateway,
    ToVpc,
    TransitTable,
    Way,
    private_routes,
)

SUBNETS = Call("ec2", "describe_subnets", "Subnets", EC2_PAGE)
VPCS = Call("ec2", "describe_vpcs", "Vpcs", EC2_PAGE)


def blocks_of(vpc: Described) -> tuple[str, ...]:
    """All CIDR blocks of a VPC, the first one first."""
    blocks = [vpc.get("CidrBlock", "")]
    blocks += [each["CidrBlock"] for each in vpc.get("CidrBlockAssociationSet", ())]
    blocks += [each["Ipv6CidrBlock"] for each in vpc.get("Ipv6CidrBlockAssociationSet", ())]
    return tuple(dict.fromkeys(block for block in blocks if block))


def zone_id_by_subnet(subnets: Iterable[Described]) -> dict[str, str]:
    """The ids of the subnets' zones, as flow logs have them: what a zone is called differs from account to account."""
    return {each["SubnetId"]: each.get("AvailabilityZoneId", "") for each in subnets}


def zone_id_by_name(subnets: Iterable[Described]) -> dict[str, str]:
    """The zone's id by what this account calls it."""
    return {each["AvailabilityZone"]: each.get("AvailabilityZoneId", "") for each in subnets}


ROUTE_TABLES_A_PAGE = PREFIXES_A_PAGE = 100
MAX_TRANSIT_ROUTES = 1_000
"""Of one transit gateway route table; of one with more, nothing is said. More: minutes for the few networks that have
tens of thousands, on every look. Fewer: where a middling network's addresses lead can't be told."""

ROUTE_TABLES = Call("ec2", "describe_route_tables", "RouteTables", ROUTE_TABLES_A_PAGE)
PEERINGS = Call("ec2", "describe_vpc_peering_connections", "VpcPeeringConnections", EC2_PAGE)
ATTACHMENTS = Call("ec2", "describe_transit_gateway_attachments", "TransitGatewayAttachments", EC2_PAGE)
TRANSIT_TABLES = Call(
    "ec2", "describe_transit_gateway_route_tables", "TransitGatewayRouteTables[].TransitGatewayRouteTableId", EC2_PAGE
)
PREFIXES = Call("ec2", "get_managed_prefix_list_entries", "Entries[].Cidr", PREFIXES_A_PAGE)
TRANSIT_ROUTES = Call("ec2", "search_transit_gateway_routes", "[@]", MAX_TRANSIT_ROUTES)

TransitWays = Mapping[tuple[str, str], TransitTable]
"""By transit gateway and attached VPC: what happens to what that VPC sends there. Absent where it can't be told."""


def transit_ways(pages: Pages) -> TransitWays:
    """The ways through the transit gateways that this account owns, for VPCs of all accounts attached to them."""
    own = set(pages.rows(TRANSIT_TABLES))
    attached = {
        (each["TransitGatewayId"], each["ResourceId"]): each["Association"]["TransitGatewayRouteTableId"]
        for each in (pages.rows(ATTACHMENTS) if own else ())
        if each.get("ResourceType") == "vpc" and each.get("Association", {}).get("State") == "associated"
    }
    tables = {id_: _transit_table(pages, id_) for id_ in sorted(own & set(attached.values()))}
    return {ends: table for ends, id_ in attached.items() if (table := tables.get(id_)) is not None}


def _transit_table(pages: Pages, id_: str) -> TransitTable | None:
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
    """The one VPC that a transit gateway's route leads to."""
    ends = {(each["ResourceType"], each["ResourceId"]) for each in route.get("TransitGatewayAttachments", ())}
    kind, id_ = ends.pop() if len(ends) == 1 else ("", None)
    return id_ if kind == "vpc" and route.get("State") == "active" else None


@dataclass(frozen=True)
class Crossroads:
    """What is needed to tell where routes lead: the peers of each peering connection, the ways through transit
    gateways, and the blocks of prefix lists.
    """

    peers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    transit: TransitWays = field(default_factory=dict)
    prefix_lists: Mapping[str, Sequence[str]] = field(default_factory=dict)


def peers(pages: Pages) -> dict[str, frozenset[str]]:
    """The two VPCs of each active peering connection."""
    return {
        each["VpcPeeringConnectionId"]: frozenset(
            each.get(end, {}).get("VpcId", "") for end in ("RequesterVpcInfo", "AccepterVpcInfo")
        )
        for each in pages.rows(PEERINGS)
        if each.get("Status", {}).get("Code") == "active"
    }


def prefix_lists(pages: Pages, tables: Iterable[Described], rules: Rules) -> dict[str, Sequence[str]]:
    """The blocks of the prefix lists that routes are for, as far as the rules do not know them already."""
    routes = (route for table in tables for route in table.get("Routes", ()) if not _is_to_endpoint(route))
    ids = {route["DestinationPrefixListId"] for route in routes if route.get("DestinationPrefixListId")}
    known = {id_: found.cidrs for id_ in ids if (found := rules.prefix_list(id_))}
    return {**known, **{id_: list(pages.rows(PREFIXES, PrefixListId=id_)) for id_ in sorted(ids - known.keys())}}


def vpc_routes(
    tables: Sequence[Described], subnets: Mapping[str, str], crossroads: Crossroads
) -> dict[str, tuple[RouteTable, ...]]:
    """The route tables in use of each VPC, each that says something once; `subnets` are the VPCs of all subnets. The
    main table is in use while a subnet has no other.
    """
    with_own = {subnet for table in tables for subnet in _subnets_of(table)}
    of_main = {vpc_id for subnet, vpc_id in subnets.items() if subnet not in with_own}
    found: dict[str, set[RouteTable]] = {}
    for table in tables:
        vpc_id = table["VpcId"]
        is_main = any(each.get("Main") for each in table.get("Associations", ()))
        if any(_subnets_of(table)) or (is_main and vpc_id in of_main):
            found.setdefault(vpc_id, set()).add(_route_table(table, crossroads))
    return {vpc_id: tuple(sorted(found[vpc_id], key=repr)) for vpc_id in sorted(found)}


def _subnets_of(table: Described) -> Iterator[str]:
    return (each["SubnetId"] for each in table.get("Associations", ()) if each.get("SubnetId"))


def _route_table(table: Described, crossroads: Crossroads) -> RouteTable:
    ways: list[tuple[IPv4Network, Way]] = []
    for route in table.get("Routes", ()):
        way = _way(route, table["VpcId"], crossroads)
        blocks = _blocks(route, crossroads.prefix_lists) if way else ()
        if blocks is None:  # nobody knows which addresses these are: any way may be another one
            return private_routes([(EVERYWHERE, SOMEWHERE)])
        ways += [(block, way) for block in blocks if way]
    return private_routes(ways)


def _blocks(route: Described, prefix_lists: Mapping[str, Sequence[str]]) -> list[IPv4Network] | None:
    """The IPv4 blocks that a route is for; None when that is a prefix list that is not known."""
    if id_ := route.get("DestinationPrefixListId"):
        cidrs = prefix_lists.get(id_)
        return None if cidrs is None else [block for cidr in cidrs if (block := _ipv4(cidr))]
    block = _ipv4(route.get("DestinationCidrBlock"))
    return [block] if block else []


def _way(route: Described, vpc_id: str, crossroads: Crossroads) -> Way | None:
    """Where a route leads; None for the VPC's own addresses, and for gateway endpoints, which have public ones."""
    gateway = route.get("GatewayId", "")
    if gateway == "local" or _is_to_endpoint(route):
        return None
    if route.get("State") == "blackhole" or gateway.startswith("igw-") or _leads_out(route):
        return ToNoPrivateAddress()
    if peering := route.get("VpcPeeringConnectionId"):
        others = crossroads.peers.get(peering, frozenset()) - {vpc_id}
        return ToVpc(min(others)) if len(others) == 1 else SOMEWHERE
    table = crossroads.transit.get((route.get("TransitGatewayId", ""), vpc_id))
    return SOMEWHERE if table is None else ToTransitGateway(table)


def _is_to_endpoint(route: Described) -> bool:
    """Whether it is for the public addresses of a service that has a gateway endpoint."""
    return route.get("GatewayId", "").startswith("vpce-") and bool(route.get("DestinationPrefixListId"))


def _leads_out(route: Described) -> Any:
    ways_out = ("NatGatewayId", "EgressOnlyInternetGatewayId", "CarrierGatewayId")
    return next((route[each] for each in ways_out if route.get(each)), None)


def _ipv4(cidr: str | None) -> IPv4Network | None:
    """The block; None for IPv6, whose addresses mean the same everywhere."""
    return IPv4Network(cidr, strict=False) if cidr and ":" not in cidr else None
