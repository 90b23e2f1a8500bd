"""Routes of VPCs from EC2's route tables, peering connections and transit gateways."""

from typing import Any

import pytest

from flowsentry.inventory.inventory import Route, RouteTable, Through
from tests.aws.inventory.described_region import OTHER_SUBNET, SUBNET, VPC, Region
from tests.aws.inventory.stubbed_aws import failure, paged

PEER = "vpc-0123456789abcdef1"


def table(*routes: dict[str, Any], **association: Any) -> dict[str, Any]:
    """A route table of the VPC; by default associated with its first subnet."""
    return {"VpcId": VPC, "Associations": [association or {"SubnetId": SUBNET}], "Routes": list(routes)}


def to(cidr: str, **target: Any) -> dict[str, Any]:
    return {"DestinationCidrBlock": cidr, "State": "active", **target}


def peering(code: str = "active", **ends: str) -> dict[str, Any]:
    fields = {"RequesterVpcInfo": {"VpcId": VPC}, "AccepterVpcInfo": {"VpcId": PEER}, **ends}
    return {"VpcPeeringConnectionId": "pcx-1", "Status": {"Code": code}, **fields}


def routes_of(region: Region, *tables: dict[str, Any]) -> tuple[RouteTable, ...]:
    region.aws.respond("ec2", "describe_route_tables", paged("RouteTables", *([each] for each in tables)))
    return region.source.discover().state.routes.get(VPC, ())


def test_a_peering_connection_leads_to_the_other_vpc_from_both_sides() -> None:
    region = Region()
    for ends in ({}, {"RequesterVpcInfo": {"VpcId": PEER}, "AccepterVpcInfo": {"VpcId": VPC}}):
        region.aws.respond(
            "ec2", "describe_vpc_peering_connections", {"VpcPeeringConnections": [{**peering(), **ends}]}
        )
        routes = routes_of(region, table(to("10.2.0.0/16", VpcPeeringConnectionId="pcx-1")))
        assert routes == ((Route("10.2.0.0/16", PEER, Through.PEERING),),)


@pytest.mark.parametrize("code", ["deleted", "pending-acceptance"])
def test_an_inactive_peering_connection_leads_to_an_unknown_vpc(code: str) -> None:
    region = Region()
    region.aws.respond("ec2", "describe_vpc_peering_connections", {"VpcPeeringConnections": [peering(code)]})
    assert routes_of(region, table(to("10.2.0.0/16", VpcPeeringConnectionId="pcx-1"))) == (
        (Route("10.2.0.0/16", None),),
    )


@pytest.mark.parametrize(
    "target",
    [
        {"GatewayId": "local"},
        {"GatewayId": "igw-1"},
        {"NatGatewayId": "nat-1"},
        {"CarrierGatewayId": "cagw-1"},
        {"VpcPeeringConnectionId": "pcx-1", "State": "blackhole"},
    ],
)
def test_routes_without_private_addresses_are_left_out(target: dict[str, Any]) -> None:
    assert routes_of(Region(), table(to("10.2.0.0/16", **target))) == ((),)


@pytest.mark.parametrize(
    "target",
    [
        {"GatewayId": "vgw-1"},
        {"GatewayId": "vpce-1"},
        {"NetworkInterfaceId": "eni-1", "InstanceId": "i-1"},
        {"TransitGatewayId": "tgw-1"},
        {"CoreNetworkArn": "arn:aws:networkmanager::123456789012:core-network/1"},
        {"LocalGatewayId": "lgw-1"},
        {},
    ],
)
def test_routes_with_an_unknown_target_lead_somewhere(target: dict[str, Any]) -> None:
    assert routes_of(Region(), table(to("10.2.0.0/16", **target))) == ((Route("10.2.0.0/16", None),),)


def test_ipv6_and_gateway_endpoint_routes_are_left_out() -> None:
    v6 = {"DestinationIpv6CidrBlock": "fd00::/8", "VpcPeeringConnectionId": "pcx-1"}
    endpoint = {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1"}
    assert routes_of(Region(), table(v6, endpoint)) == ((),)


def test_a_route_to_a_prefix_list_covers_all_its_blocks() -> None:
    region = Region()
    entries = [[{"Cidr": "10.2.0.0/16"}], [{"Cidr": "10.3.0.0/16"}, {"Cidr": "fd00::/8"}]]
    region.aws.respond("ec2", "get_managed_prefix_list_entries", paged("Entries", *entries))
    (routes,) = routes_of(region, table({"DestinationPrefixListId": "pl-1", "GatewayId": "vgw-1"}))
    assert [route.cidr for route in routes] == ["10.2.0.0/16", "10.3.0.0/16"]


def test_an_unreadable_prefix_list_makes_its_whole_route_table_unknown() -> None:
    region = Region()
    region.aws.respond("ec2", "describe_vpc_peering_connections", {"VpcPeeringConnections": [peering()]})
    unreadable = {"DestinationPrefixListId": "pl-1", "GatewayId": "vgw-1"}
    routes = routes_of(region, table(to("10.2.0.0/16", VpcPeeringConnectionId="pcx-1"), unreadable))
    assert routes == ((Route("0.0.0.0/0", None),),)


def test_the_main_route_table_is_used_while_a_subnet_has_no_other() -> None:
    main, own = table(to("10.2.0.0/16", GatewayId="vgw-1"), Main=True), table(to("10.3.0.0/16", GatewayId="vgw-1"))
    other = table(to("10.3.0.0/16", GatewayId="vgw-1"), SubnetId=OTHER_SUBNET)
    assert len(routes_of(Region(), main, own)) == 2
    assert routes_of(Region(), main, own, other) == ((Route("10.3.0.0/16", None),),)


def test_a_gateway_route_table_is_not_used_for_subnets() -> None:
    assert routes_of(Region(), table(to("10.2.0.0/16", GatewayId="vgw-1"), GatewayId="igw-1")) == ()


ATTACHED = {
    "TransitGatewayAttachmentId": "tgw-attach-1",
    "TransitGatewayId": "tgw-1",
    "ResourceType": "vpc",
    "ResourceId": VPC,
    "Association": {"TransitGatewayRouteTableId": "tgw-rtb-1", "State": "associated"},
}


def transit(region: Region, *routes: dict[str, Any], **said: Any) -> tuple[RouteTable, ...]:
    """The VPC's routes when it sends 10.0.0.0/8 to a transit gateway with these routes."""
    own = [{"TransitGatewayRouteTableId": "tgw-rtb-1"}]
    region.aws.respond("ec2", "describe_transit_gateway_route_tables", {"TransitGatewayRouteTables": own})
    region.aws.respond("ec2", "describe_transit_gateway_attachments", {"TransitGatewayAttachments": [ATTACHED]})
    region.aws.respond("ec2", "search_transit_gateway_routes", {"Routes": list(routes), **said})
    return routes_of(region, table(to("10.0.0.0/8", TransitGatewayId="tgw-1")))


def through(cidr: str, *ends: tuple[str, str], state: str = "active") -> dict[str, Any]:
    attachments = [{"ResourceType": kind, "ResourceId": id_} for kind, id_ in ends]
    return {"DestinationCidrBlock": cidr, "State": state, "TransitGatewayAttachments": attachments}


def test_a_transit_gateway_route_leads_to_the_vpc_of_its_only_attachment() -> None:
    route = Route("10.2.0.0/16", PEER, Through.TRANSIT_GATEWAY)
    assert transit(Region(), through("10.2.0.0/16", ("vpc", PEER))) == ((route,),)


@pytest.mark.parametrize(
    "ends", [(("vpc", PEER), ("vpc", "vpc-3")), (("vpn", "vpn-1"),), (("peering", "tgw-2"),), ()], ids=repr
)
def test_other_or_several_attachments_lead_somewhere(ends: tuple[tuple[str, str], ...]) -> None:
    assert transit(Region(), through("10.2.0.0/16", *ends)) == ((Route("10.2.0.0/16", None),),)


def test_a_transit_gateway_blackhole_is_excluded_from_the_wider_block() -> None:
    dropped = through("10.2.3.0/24", state="blackhole")
    (routes,) = transit(Region(), through("10.2.0.0/16", ("vpc", PEER)), dropped)
    assert routes == (Route("10.2.0.0/16", PEER, Through.TRANSIT_GATEWAY), Route("10.2.3.0/24", None))


@pytest.mark.parametrize("more", [{"AdditionalRoutesAvailable": True}, {"NextToken": "more"}], ids=repr)
def test_a_transit_gateway_route_table_with_too_many_routes_is_unknown(more: dict[str, Any]) -> None:
    region = Region()
    fields = {"Routes": [through("10.2.0.0/16", ("vpc", PEER))], **more}
    assert transit(region, **fields) == ((Route("10.0.0.0/8", None),),)
    assert region.aws.calls.count("ec2:SearchTransitGatewayRoutes") == 1


def test_a_transit_gateway_of_another_account_is_unknown() -> None:
    region = Region()
    transit(region, through("10.2.0.0/16", ("vpc", PEER)))
    region.aws.respond("ec2", "describe_transit_gateway_route_tables", {"TransitGatewayRouteTables": []})
    assert region.source.discover().state.routes == {VPC: ((Route("10.0.0.0/8", None),),)}


def test_denied_transit_gateway_calls_affect_their_routes_only() -> None:
    region = Region()
    transit(region, through("10.2.0.0/16", ("vpc", PEER)))
    region.aws.respond("ec2", "search_transit_gateway_routes", failure("RequestLimitExceeded", 503))
    assert region.source.discover().state.routes == {VPC: ((Route("10.0.0.0/8", None),),)}
    assert "transit gateways: RequestLimitExceeded" in region.source.failed_calls
