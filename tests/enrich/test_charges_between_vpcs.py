"""On which meter bytes between VPCs are charged: over transit gateways, peering connections, and to other Regions."""

from flowsentry.inventory.inventory import Discovery, Inventory, Route, TargetState, Through
from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from flowsentry.records.flow_logs import FlowLog
from tests.builders import GATEWAY, OTHER_VPC, VPC, gateway_line, line
from tests.enrich.test_charges import (
    ATTACHMENT,
    BY_GATEWAY,
    BY_SOMETHING,
    CROSSES,
    FREE,
    INTERFACES,
    NETWORKS,
    PATHS,
    PEERED,
    PRIVATE,
    UNKNOWN,
    WEB,
    charges,
    of_default_and_extended,
    received,
    sent,
)


class TestTransitGateway:
    """https://aws.amazon.com/transit-gateway/pricing/: per GB sent to the gateway."""

    def test_what_enters_at_an_attachments_interface_is_charged(self) -> None:
        record = received(ATTACHMENT, "10.0.0.1", pkt_dstaddr="10.9.0.1")
        assert of_default_and_extended(record) == {("transit_gateway", False)}
        assert of_default_and_extended(sent(ATTACHMENT, "10.0.0.1", pkt_srcaddr="10.9.0.1")) == {FREE}

    def test_with_a_flow_log_of_the_gateway_only_its_records_count(self) -> None:
        state = TargetState(1, flow_logs=(FlowLog("fl-1", GATEWAY, "group", 0),), networks=NETWORKS)
        logged = Inventory().after(Discovery("", state, INTERFACES))
        record = received(ATTACHMENT, "10.0.0.1", pkt_dstaddr="10.9.0.1", start=1, end=1)
        assert of_default_and_extended(record, logged) == {FREE}

    def test_a_gateways_own_record_counts_where_traffic_enters(self) -> None:
        names = TRANSIT_GATEWAY_NAMES
        assert charges(gateway_line(), names) == ("transit_gateway", False)
        assert charges(gateway_line(flow_direction="egress"), names) == FREE
        assert charges(gateway_line(flow_direction="-"), names) == UNKNOWN

    def test_a_host_behind_the_gateway_is_not_charged_for_its_zone(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, "10.1.0.1"), BY_GATEWAY) == {FREE}
        assert charges(line(PATHS, **sent(PRIVATE, "10.1.0.1", traffic_path=1)), inventory=BY_SOMETHING) == FREE


class TestPeering:
    """https://aws.amazon.com/vpc/pricing/: free within a zone, between zones $0.01 per GB in each direction."""

    def test_another_zone_is_charged_as_peering_and_not_as_between_zones(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, "10.1.0.1"), PEERED) == {("vpc_peering", False)}
        by_path = line(PATHS, **sent(PRIVATE, "10.1.0.1", traffic_path=4))
        assert charges(by_path, inventory=BY_SOMETHING) == ("vpc_peering", False)

    def test_the_same_zone_is_free(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, "10.1.0.2"), PEERED) == {FREE}

    def test_an_unknown_zone_is_unknown(self) -> None:
        assert charges(line(PATHS, **sent(PRIVATE, "10.9.0.1", traffic_path=4))) == UNKNOWN

    def test_without_path_and_route_the_connection_is_unknown(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, "10.1.0.1")) == {UNKNOWN}
        assert of_default_and_extended(sent(PRIVATE, "10.1.0.1"), BY_SOMETHING) == {UNKNOWN}

    def test_routes_of_both_kinds_leave_the_connection_unknown(self) -> None:
        tables = tuple((Route("10.1.0.0/16", OTHER_VPC, through),) for through in Through)
        inventory = Inventory.of(INTERFACES, NETWORKS, routes={VPC: tables})
        assert of_default_and_extended(sent(PRIVATE, "10.1.0.1"), inventory) == {UNKNOWN}

    def test_a_public_address_of_a_peer_is_reached_through_the_internet_gateway(self) -> None:
        assert of_default_and_extended(sent(WEB, "198.51.100.5"), PEERED) == {CROSSES}

    def test_another_region_is_charged_as_such(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, "10.2.0.1"), PEERED) == {("inter_region", False)}
        assert charges(line(PATHS, **sent(PRIVATE, "10.9.0.1", traffic_path=5))) == ("inter_region", False)

    def test_a_public_address_of_our_own_in_another_region_is_charged_as_such(self) -> None:
        assert of_default_and_extended(sent(WEB, "198.51.100.7")) == {("inter_region", False)}
