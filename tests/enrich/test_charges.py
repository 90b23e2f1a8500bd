"""On which meter of AWS the bytes of a record are charged: each case with what AWS's pages say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import pytest

from flowsentry.enrich import enrich
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Interface, Inventory, Route, Through
from tests.builders import OTHER_VPC, V2, V5, VPC, flows, interface, line

PATHS = (*V5, "az-id", "pkt-dst-aws-service", "traffic-path")
NEWEST = (*PATHS, "interface-type", "resource-id")
OUTSIDE = "203.0.113.9"
Charges = tuple[str | None, bool | None]
FREE: Charges = (None, False)
UNKNOWN: Charges = (None, None)
CROSSES: Charges = (None, True)


def located(address: str, kind: str, name: str, zone: str = "euw1-az1", **values: object) -> Interface:
    return replace(interface(address, kind, name, **values), availability_zone=zone)


PRIVATE = located("10.0.0.1", "instance", "private")
NEAR = located("10.0.0.2", "instance", "near")
FAR = located("10.0.1.1", "instance", "far", "euw1-az2")
WEB = located("10.0.2.1", "instance", "web", public_addresses=("198.51.100.1",))
NAT = located("10.0.2.9", "nat gateway", "nat", "euw1-az2", public_addresses=("198.51.100.9",))
ENDPOINT = located("10.0.3.1", "vpc endpoint", "ecr", "euw1-az2")
ATTACHMENT = located("10.0.3.2", "transit gateway", "hub", "euw1-az2")
FRONT = located("10.0.3.3", "application load balancer", "front", "euw1-az2", public_addresses=("198.51.100.3",))
BALANCER = located("10.0.3.4", "network load balancer", "tcp", "euw1-az2", public_addresses=("198.51.100.4",))
PEER = located("10.1.0.1", "instance", "peer", "euw1-az2", vpc_id=OTHER_VPC, public_addresses=("198.51.100.5",))
PEER_NEAR = located("10.1.0.2", "instance", "peer-near", vpc_id=OTHER_VPC)
ABROAD = located("10.2.0.1", "instance", "abroad", "use1-az1", vpc_id="vpc-abroad", public_addresses=("198.51.100.7",))
INTERFACES = (PRIVATE, NEAR, FAR, WEB, NAT, ENDPOINT, ATTACHMENT, FRONT, BALANCER, PEER, PEER_NEAR, ABROAD)
NETWORKS = {VPC: ("10.0.0.0/16",), OTHER_VPC: ("10.1.0.0/16",), "vpc-abroad": ("10.2.0.0/16",)}


def routed(through: Through | None) -> Inventory:
    """The interfaces, and routes to the other VPCs through a peering connection or a transit gateway."""
    table = (Route("10.1.0.0/16", OTHER_VPC, through), Route("10.2.0.0/16", "vpc-abroad", through))
    return Inventory.of(INTERFACES, NETWORKS, routes={VPC: (table,)})


COMPANY, NO_INVENTORY = Inventory.of(INTERFACES, NETWORKS), Inventory()
PEERED, BY_GATEWAY, BY_SOMETHING = routed(Through.PEERING), routed(Through.TRANSIT_GATEWAY), routed(None)
address_space = cache(AddressSpace.of)


def charges(text: str, names: Sequence[str] = PATHS, inventory: Inventory = COMPANY) -> Charges:
    found = enrich(flows([text], names), address_space(inventory))
    return found["charged_path"].item(), found["crosses_zones"].item()


def of(logger: Interface, **values: object) -> dict[str, object]:
    return {"interface_id": logger.interface_id, "az_id": logger.availability_zone, "traffic_path": "-", **values}


def sent(logger: Interface, to: str, **values: object) -> dict[str, object]:
    return of(logger, srcaddr=logger.addresses[0], dstaddr=to, flow_direction="egress", **values)


def received(logger: Interface, source: str, **values: object) -> dict[str, object]:
    return of(logger, srcaddr=source, dstaddr=logger.addresses[0], flow_direction="ingress", **values)


Record = Mapping[str, object]


def of_default_and_extended(record: Record, inventory: Inventory = COMPANY) -> set[Charges]:
    return {charges(line(names, **record), names, inventory) for names in (V2, V5, PATHS)}


class TestZones:
    """https://aws.amazon.com/ec2/pricing/on-demand/, Data Transfer within the same AWS Region."""

    def test_bytes_to_another_zone_count_at_the_sender(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, "10.0.1.1")) == {CROSSES}
        assert of_default_and_extended(received(FAR, "10.0.0.1")) == {FREE}

    def test_bytes_within_a_zone_are_free(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, "10.0.0.2")) == {FREE}

    def test_rejected_bytes_are_free(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, "10.0.1.1", action="REJECT")) == {FREE}

    def test_an_unknown_zone_is_unknown(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, "10.0.9.9")) == {UNKNOWN}
        nowhere = Inventory.of((PRIVATE, replace(FAR, availability_zone="")), NETWORKS)
        assert of_default_and_extended(sent(PRIVATE, "10.0.1.1"), nowhere) == {UNKNOWN}
        from_nowhere = Inventory.of((replace(PRIVATE, availability_zone=""), FAR), NETWORKS)
        assert charges(line(V2, **sent(PRIVATE, "10.0.1.1")), V2, from_nowhere) == UNKNOWN

    def test_the_zone_of_the_record_comes_before_that_of_the_inventory(self) -> None:
        assert charges(line(PATHS, **sent(PRIVATE, "10.0.1.1", az_id="euw1-az2"))) == FREE

    def test_without_an_inventory_all_is_unknown(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, "10.0.1.1"), NO_INVENTORY) == {UNKNOWN}

    @pytest.mark.parametrize("balancer", [FRONT, replace(FRONT, owner_kind="classic load balancer")])
    def test_application_and_classic_load_balancers_are_free(self, balancer: Interface) -> None:
        inventory = Inventory.of((PRIVATE, balancer), NETWORKS)
        assert of_default_and_extended(sent(PRIVATE, "10.0.3.3"), inventory) == {FREE}
        assert of_default_and_extended(sent(balancer, "10.0.0.1"), inventory) == {FREE}

    def test_network_load_balancers_are_charged(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, "10.0.3.4")) == {CROSSES}
        assert of_default_and_extended(sent(BALANCER, "10.0.0.1")) == {CROSSES}

    def test_interface_endpoints_and_transit_gateways_are_free_between_zones(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, "10.0.3.1")) == {FREE}
        assert of_default_and_extended(sent(ATTACHMENT, "10.0.0.1")) == {FREE}

    def test_a_public_address_of_our_own_is_charged_even_within_a_zone(self) -> None:
        assert of_default_and_extended(sent(WEB, "198.51.100.1")) == {CROSSES}
        assert of_default_and_extended(received(WEB, "198.51.100.9")) == {FREE}

    def test_a_host_without_a_public_address_reaches_ours_through_a_nat_gateway_which_is_charged(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, "198.51.100.1")) == {FREE}
        assert of_default_and_extended(sent(NAT, "198.51.100.1")) == {CROSSES}

    def test_without_a_direction_nothing_can_be_told(self) -> None:
        record = sent(PRIVATE, "10.0.1.1") | {"flow_direction": "-", "interface_id": "eni-0"}
        assert charges(line(V5, **record), V5) == UNKNOWN
        assert charges(line(PATHS, **record | {"dstaddr": "10.0.0.2"})) == UNKNOWN


class TestNatGateway:
    """https://aws.amazon.com/vpc/pricing/: per GB processed, regardless of source or destination."""

    def test_the_packets_of_a_host_are_charged_where_they_enter_and_where_they_go_back(self) -> None:
        assert of_default_and_extended(received(NAT, "10.0.1.1", pkt_dstaddr=OUTSIDE)) == {("nat_gateway", False)}
        assert of_default_and_extended(sent(NAT, "10.0.1.1", pkt_srcaddr=OUTSIDE)) == {("nat_gateway", False)}

    def test_a_host_in_another_zone_pays_for_that_too(self) -> None:
        assert of_default_and_extended(received(NAT, "10.0.0.1", pkt_dstaddr=OUTSIDE)) == {("nat_gateway", True)}
        assert of_default_and_extended(sent(NAT, "10.0.0.1", pkt_srcaddr=OUTSIDE)) == {("nat_gateway", True)}

    def test_on_the_outer_leg_only_the_internet_is_charged(self) -> None:
        assert of_default_and_extended(sent(NAT, OUTSIDE)) == {("internet", False)}
        assert of_default_and_extended(received(NAT, OUTSIDE)) == {FREE}

    def test_the_hosts_own_records_are_free(self) -> None:
        assert of_default_and_extended(sent(PRIVATE, OUTSIDE)) == {FREE}
        assert of_default_and_extended(received(PRIVATE, OUTSIDE)) == {FREE}

    def test_a_second_address_of_the_gateway_is_not_a_hosts(self) -> None:
        several = replace(NAT, addresses=("10.0.2.9", "10.0.2.8"))
        inventory = Inventory.of((PRIVATE, several, WEB), NETWORKS)
        out = line(PATHS, **sent(NAT, OUTSIDE, pkt_srcaddr="10.0.2.8"))
        assert charges(out, inventory=inventory) == ("internet", False)
        assert charges(line(PATHS, **received(NAT, OUTSIDE, pkt_dstaddr="10.0.2.8")), inventory=inventory) == FREE

    def test_a_private_gateway_counts_each_byte_once(self) -> None:
        private = replace(NAT, public_addresses=())
        inventory = Inventory.of((FAR, private), NETWORKS)
        there, back = received(NAT, "10.0.1.1", pkt_dstaddr="10.9.0.1"), received(NAT, "10.9.0.1")
        on, home = sent(NAT, "10.9.0.1"), sent(NAT, "10.0.1.1", pkt_srcaddr="10.9.0.1")
        paths = [
            [charges(line(names, **r), names, inventory)[0] for r in (there, on, back, home)] for names in (V2, V5)
        ]
        assert paths == [["nat_gateway", None, "nat_gateway", None], ["nat_gateway", None, None, "nat_gateway"]]

    def test_a_second_address_of_a_private_gateway_is_not_a_hosts(self) -> None:
        several = replace(NAT, addresses=("10.0.2.9", "10.0.2.8"), public_addresses=())
        inventory = Inventory.of((FAR, several), NETWORKS)
        on, back = sent(NAT, "10.9.0.1", pkt_srcaddr="10.0.2.8"), received(NAT, "10.9.0.1", pkt_dstaddr="10.0.2.8")
        assert [charges(line(V5, **each), V5, inventory)[0] for each in (on, back)] == [None, None]

    def test_a_host_in_another_vpc_comes_through_a_connection_that_is_charged_by_itself(self) -> None:
        assert of_default_and_extended(received(NAT, "10.1.0.2", pkt_dstaddr=OUTSIDE), BY_GATEWAY) == {
            ("nat_gateway", False)
        }

    def test_the_field_interface_type_names_a_gateway_without_an_inventory(self) -> None:
        record = received(NAT, "10.0.0.1", pkt_dstaddr=OUTSIDE, interface_type="nat_gateway")
        assert charges(line(NEWEST, **record), NEWEST, NO_INVENTORY) == ("nat_gateway", None)

    def test_a_regional_gateway_is_named_by_its_resource_id(self) -> None:
        record = received(NAT, "10.0.0.1", pkt_dstaddr=OUTSIDE, resource_id="nat-1", interface_id="-")
        assert charges(line(NEWEST, **record), NEWEST, NO_INVENTORY)[0] == "nat_gateway"


class TestInternet:
    """https://aws.amazon.com/ec2/pricing/on-demand/: data transfer out is charged, data transfer in is free."""

    def test_what_an_interface_with_a_public_address_sends_is_charged(self) -> None:
        assert of_default_and_extended(sent(WEB, OUTSIDE)) == {("internet", False)}
        assert of_default_and_extended(sent(FRONT, OUTSIDE)) == {("internet", False)}

    def test_what_comes_in_is_free(self) -> None:
        assert of_default_and_extended(received(WEB, OUTSIDE)) == {FREE}

    @pytest.mark.parametrize(
        ("path", "expected"),
        [(2, ("internet", False)), (8, ("internet", False)), (1, FREE), (6, FREE), (7, FREE), (3, UNKNOWN)],
    )
    def test_traffic_path_tells_without_an_inventory(self, path: int, expected: Charges) -> None:
        assert charges(line(PATHS, **sent(WEB, OUTSIDE, traffic_path=path)), inventory=NO_INVENTORY) == expected

    def test_a_target_that_answers_through_its_balancer_is_free_whatever_its_path(self) -> None:
        assert charges(line(PATHS, **sent(PRIVATE, OUTSIDE, traffic_path=8))) == FREE

    def test_without_path_and_inventory_the_way_out_is_unknown(self) -> None:
        assert charges(line(PATHS, **sent(WEB, OUTSIDE)), inventory=NO_INVENTORY) == UNKNOWN

    @pytest.mark.parametrize("service", ["S3", "DYNAMODB", "AMAZON", "CLOUDFRONT"])
    def test_aws_services_of_the_region_are_free(self, service: str) -> None:
        assert charges(line(PATHS, **sent(WEB, OUTSIDE, traffic_path=8, pkt_dst_aws_service=service))) == FREE

    def test_what_is_sent_to_instances_of_others_may_stay_in_the_region(self) -> None:
        assert charges(line(PATHS, **sent(WEB, OUTSIDE, traffic_path=8, pkt_dst_aws_service="EC2"))) == UNKNOWN
        assert charges(line(PATHS, **sent(WEB, OUTSIDE, traffic_path=1, pkt_dst_aws_service="EC2"))) == FREE

    def test_ipv6_needs_no_public_address_but_nat64_needs_a_gateway(self) -> None:
        to_outside, translated = (
            line(**sent(PRIVATE, to) | {"srcaddr": "2001:db8:1::1"}) for to in ("2001:db8::1", "64:ff9b::cb00:7109")
        )
        assert charges(to_outside, V5) == ("internet", False)
        assert charges(translated, V5) == FREE


class TestVpcEndpoint:
    """https://aws.amazon.com/privatelink/pricing/: per GB processed, in both directions; gateway endpoints are free."""

    def test_both_directions_are_charged_at_the_endpoint(self) -> None:
        assert of_default_and_extended(received(ENDPOINT, "10.0.0.1")) == {("vpc_endpoint", False)}
        assert of_default_and_extended(sent(ENDPOINT, "10.0.0.1")) == {("vpc_endpoint", False)}

    def test_the_clients_records_are_free(self) -> None:
        assert of_default_and_extended(received(PRIVATE, "10.0.3.1")) == {FREE}

    def test_a_gateway_load_balancers_endpoint_is_not_an_interface_endpoint(self) -> None:
        inventory = Inventory.of((PRIVATE, replace(ENDPOINT, owner_kind="gateway load balancer endpoint")), NETWORKS)
        assert of_default_and_extended(received(ENDPOINT, "10.0.0.1"), inventory) == {FREE}
