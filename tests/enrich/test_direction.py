"""Which way a flow went, and in which VPC, with flow-direction and without; at a transit gateway in which two."""

import pytest

from flowsentry.frames import EnrichedFlows
from flowsentry.inventory.inventory import Inventory
from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from tests.builders import GATEWAY, OTHER_VPC, V2, V5, VPC, enriched, gateway_line, interface, line

OUTSIDE = "203.0.113.9"


def column(flows: EnrichedFlows, name: str) -> list[object]:
    return flows[name].to_list()


def test_direction_and_scope_are_those_of_the_format_where_it_has_them() -> None:
    flows = enriched([line(V5, flow_direction="ingress"), line(V5, flow_direction="egress")])
    assert column(flows, "direction") == ["ingress", "egress"]
    assert column(flows, "scope") == [VPC, VPC]


def test_direction_and_scope_follow_from_the_inventory_where_the_format_lacks_them() -> None:
    known = Inventory.of((interface("10.0.0.2", interface_id="eni-7"),))
    lines = [line(V2, interface_id="eni-7"), line(V2, interface_id="eni-7", srcaddr="10.0.0.2", dstaddr="10.0.0.1")]
    flows = enriched(lines, V2, known)
    assert column(flows, "direction") == ["ingress", "egress"]
    assert column(flows, "scope") == [VPC, VPC]


def test_the_address_in_every_record_of_an_interface_is_its_own() -> None:
    peers = [{"srcaddr": f"10.0.1.{number}", "dstaddr": "10.0.0.5"} for number in range(3)]
    back = [{"srcaddr": each["dstaddr"], "dstaddr": each["srcaddr"]} for each in peers]
    flows = enriched([line(V2, **each) for each in (*peers, *back)], V2)
    assert column(flows, "direction") == ["ingress"] * 3 + ["egress"] * 3
    assert set(column(flows, "scope")) == {"unknown"}


def test_with_a_single_peer_the_end_inside_is_the_interface() -> None:
    flows = enriched([line(V2, srcaddr=OUTSIDE), line(V2, srcaddr="10.0.0.2", dstaddr=OUTSIDE)], V2)
    assert column(flows, "direction") == ["ingress", "egress"]


def test_with_a_single_peer_inside_the_direction_is_null() -> None:
    assert column(enriched([line(V2), line(V2)], V2), "direction") == [None, None]


def test_each_interface_has_its_own_address() -> None:
    lines = [
        line(V2, interface_id="eni-1", srcaddr="10.0.0.1", dstaddr="10.0.0.2"),
        line(V2, interface_id="eni-1", srcaddr="10.0.0.1", dstaddr="10.0.0.3"),
        line(V2, interface_id="eni-2", srcaddr="10.0.0.1", dstaddr="10.0.0.2"),
        line(V2, interface_id="eni-2", srcaddr="10.0.0.3", dstaddr="10.0.0.2"),
    ]
    assert column(enriched(lines, V2), "direction") == ["egress", "egress", "ingress", "ingress"]


@pytest.mark.parametrize("names", [("srcaddr", "dstaddr"), ("dstport", "interface-id"), ("vpc-id", "log-status")])
def test_a_format_without_the_needed_fields_has_a_null_direction(names: tuple[str, ...]) -> None:
    assert column(enriched([line(names)], names), "direction") == [None]


def scopes(flows: EnrichedFlows) -> list[tuple[object, ...]]:
    return flows.select("scope", "source_scope", "destination_scope").rows()


@pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
def test_both_ends_of_an_interfaces_flow_are_in_the_scope_of_its_vpc(names: tuple[str, ...]) -> None:
    known = Inventory.of((interface("10.0.0.1", interface_id="eni-7"),))
    lines = [line(names, interface_id="eni-7"), line(names, interface_id="eni-8", vpc_id="vpc-other")]
    other = "vpc-other" if names == V5 else "unknown"
    assert scopes(enriched(lines, names, known)) == [(VPC,) * 3, (other,) * 3]


def test_each_end_of_a_gateways_flow_is_in_the_vpc_at_its_side() -> None:
    lines = [gateway_line(), gateway_line(flow_direction="egress")]
    flows = enriched(lines, TRANSIT_GATEWAY_NAMES)
    assert scopes(flows) == [(GATEWAY, VPC, OTHER_VPC)] * 2
    assert column(flows, "direction") == ["ingress", "egress"]


def test_an_end_behind_no_vpc_is_in_the_gateways_own_scope() -> None:
    lines = [gateway_line(tgw_src_vpc_id="-"), gateway_line(tgw_dst_vpc_id="-")]
    flows = enriched(lines, TRANSIT_GATEWAY_NAMES)
    assert scopes(flows) == [(GATEWAY, GATEWAY, OTHER_VPC), (GATEWAY, VPC, GATEWAY)]


def test_a_gateways_flow_without_the_needed_fields_has_an_unknown_scope() -> None:
    lines = [gateway_line(tgw_id="-"), gateway_line(tgw_id="-", tgw_src_vpc_id="-", tgw_dst_vpc_id="-")]
    flows = enriched(lines, TRANSIT_GATEWAY_NAMES)
    assert scopes(flows) == [("unknown", VPC, OTHER_VPC), ("unknown",) * 3]
    few = ("srcaddr", "dstaddr", "resource-type")
    assert scopes(enriched([gateway_line(few)], few)) == [("unknown",) * 3]


def test_no_address_becomes_a_gateways_own() -> None:
    names = tuple(name for name in TRANSIT_GATEWAY_NAMES if name != "flow-direction")
    lines = [gateway_line(names, dstaddr=f"10.1.0.{number}") for number in range(3)]
    assert column(enriched(lines, names), "direction") == [None] * 3
