"""Who is at each end: unattributed rather than misattributed."""

import polars as pl
import pytest

from flowsentry.enrich import enrich
from flowsentry.enrich.owners import MAX_CACHED_SCOPES
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.geoip import GEOGRAPHY
from flowsentry.inventory.inventory import Inventory
from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from tests.builders import GATEWAY, OTHER_VPC, V2, VPC, enriched, gateway_line, interface, line
from tests.builders import flows as flows_of_lines

WEB = interface("10.0.0.1", name="web-1", public_addresses=("203.0.113.1",))
BALANCER = interface("10.0.0.2", "application load balancer", "front")
COMPANY = Inventory.of((WEB, BALANCER), networks={VPC: ("10.0.0.0/16", "198.51.100.0/24")})


def ends(text: str, *columns: str, inventory: Inventory = COMPANY) -> list[object]:
    flows = enriched([text], inventory=inventory)
    return [flows[f"{end}_{column}"].item() for end in ("source", "destination") for column in columns]


def test_each_end_has_its_owner() -> None:
    assert ends(line(), "owner_kind", "owner_name") == ["instance", "web-1", "application load balancer", "front"]


def test_an_unassigned_address_has_no_owner() -> None:
    assert ends(line(srcaddr="10.0.0.9"), "owner_id")[0] is None


def test_the_same_address_in_another_vpc_has_another_owner() -> None:
    assert ends(line(vpc_id="vpc-other"), "owner_id") == [None, None]


def test_an_interface_of_a_peer_vpc_with_the_same_address_does_not_change_the_owner() -> None:
    other = interface("10.0.0.1", name="other-1", vpc_id="vpc-other")
    both = Inventory.of((other, WEB, BALANCER))
    assert ends(line(), "owner_name", inventory=both)[0] == "web-1"
    assert ends(line(vpc_id="vpc-other"), "owner_name", inventory=both) == ["other-1", None]


def test_a_public_address_has_its_owner_in_every_scope() -> None:
    assert ends(line(srcaddr="203.0.113.1", vpc_id="vpc-other"), "owner_name", "is_inside")[:2] == ["web-1", True]


def test_the_packets_address_names_the_owner_where_the_record_has_it() -> None:
    text = line(srcaddr="10.0.0.2", pkt_srcaddr="10.0.0.1")
    assert ends(text, "address", "owner_name")[:2] == ["10.0.0.1", "web-1"]
    assert ends(line(pkt_srcaddr="-"), "address")[0] == "10.0.0.1"


def test_private_networks_and_the_vpcs_own_are_inside_and_others_are_not() -> None:
    inside = ["10.9.9.9", "172.31.255.255", "192.168.0.1", "100.64.0.1", "198.51.100.77", "fd00::1"]
    outside = ["172.32.0.0", "192.0.2.1", "100.128.0.0", "9.255.255.255", "2001:db8::1", "-"]
    told = [ends(line(srcaddr=address, flow_direction="-"), "is_inside")[0] for address in (*inside, *outside)]
    assert told == [True] * len(inside) + [False] * len(outside)


def test_the_address_of_an_interface_is_inside_in_its_own_vpc_only() -> None:
    """Payloads of several VPCs are processed together."""
    calls = [line(srcaddr="10.0.0.9", dstaddr="192.0.2.5", vpc_id=vpc) for vpc in (VPC, OTHER_VPC)]
    flows = enriched([line(srcaddr="192.0.2.5"), *calls], inventory=COMPANY)
    assert flows["destination_is_inside"].to_list() == [True, True, False]


def test_the_interface_that_logged_a_record_is_inside_whatever_its_address() -> None:
    assert ends(line(srcaddr="192.0.2.5"), "is_inside")[0] is True


def test_records_without_an_interface_known_to_the_inventory_are_kept_with_no_owner() -> None:
    flows = enriched([line(V2), line(V2, srcaddr="-", dstaddr="-")], V2)
    assert flows["source_owner_id"].to_list() == [None, None]
    assert flows["source_is_inside"].to_list() == [True, False]


def test_facts_of_an_address_are_the_same_in_the_next_chunk() -> None:
    alone = enriched([line(srcaddr="192.0.2.5", dstaddr="192.0.2.6")], inventory=COMPANY)
    assert alone["source_is_inside"].item()
    seen_from_outside = line(srcaddr="192.0.2.5", flow_direction="ingress")
    assert ends(seen_from_outside, "is_inside") == [False, True]


HERE, THERE = interface("10.0.0.1", name="here"), interface("10.0.0.1", name="there", vpc_id=OTHER_VPC)
PEERS = Inventory.of((HERE, THERE))


def names_at_gateway(*lines: str, inventory: Inventory = PEERS) -> list[tuple[object, ...]]:
    flows = enriched(lines, TRANSIT_GATEWAY_NAMES, inventory)
    return flows.select("source_owner_name", "destination_owner_name").rows()


def test_each_end_at_a_gateway_has_the_owner_that_its_own_vpc_knows() -> None:
    same = {"srcaddr": "10.0.0.1", "dstaddr": "10.0.0.1"}
    lines = [
        gateway_line(**same),
        gateway_line(**same, tgw_src_vpc_id=OTHER_VPC, tgw_dst_vpc_id=VPC),
        gateway_line(**same, tgw_src_vpc_id="-"),
        gateway_line(**same, tgw_dst_vpc_id="vpc-third"),
    ]
    assert names_at_gateway(*lines) == [("here", "there"), ("there", "here"), (None, "there"), ("here", None)]


def test_a_public_address_has_its_owner_at_either_end_of_a_gateway() -> None:
    lines = [gateway_line(srcaddr="203.0.113.1"), gateway_line(dstaddr="203.0.113.1", tgw_dst_vpc_id="-")]
    assert names_at_gateway(*lines, inventory=COMPANY) == [("web-1", None), ("web-1", "web-1")]


def test_the_ends_at_a_gateway_are_no_addresses_of_its_own() -> None:
    lines = [
        gateway_line(srcaddr="192.0.2.5", dstaddr="192.0.2.6", flow_direction=way) for way in ("ingress", "egress")
    ]
    flows = enriched(lines, TRANSIT_GATEWAY_NAMES)
    assert flows["source_is_inside"].to_list() + flows["destination_is_inside"].to_list() == [False] * 4


@pytest.mark.parametrize("scopes", [2, MAX_CACHED_SCOPES, MAX_CACHED_SCOPES + 1])
def test_rows_in_many_scopes_keep_their_order(scopes: int) -> None:
    numbers = [*range(100), *range(100)]
    ends = [(f"10.0.0.{number // scopes}", f"vpc-{number % scopes}") for number in numbers]
    lines = [gateway_line(srcaddr=address, tgw_src_vpc_id=vpc, dstaddr="-") for address, vpc in ends]
    owners = (interface(address, name=f"{address} in {vpc}", vpc_id=vpc) for address, vpc in dict.fromkeys(ends))
    known = Inventory.of((*owners, WEB))
    seen = names_at_gateway(*lines, gateway_line(srcaddr="203.0.113.1"), inventory=known)
    assert seen == [*((f"{address} in {vpc}", None) for address, vpc in ends), ("web-1", None)]


def test_an_address_behind_no_vpc_has_no_owner() -> None:
    lines = [gateway_line(srcaddr="10.0.0.1", tgw_src_vpc_id="-")]
    assert enriched(lines, TRANSIT_GATEWAY_NAMES)["source_scope"].to_list() == [GATEWAY]
    assert names_at_gateway(*lines)[0][0] is None


class Atlas:
    """A database that puts every address into one country and network."""

    def facts(self, addresses: pl.Series) -> pl.DataFrame:
        return pl.DataFrame([("DE", 64_496, "Example Networks")] * len(addresses), GEOGRAPHY, orient="row")


def test_outside_addresses_have_a_country_and_a_network_and_inside_ones_have_none() -> None:
    flows = enrich(flows_of_lines([line(dstaddr="192.0.2.9")]), AddressSpace.of(COMPANY, geography=Atlas()))
    told = flows.select(f"{end}_{name}" for end in ("source", "destination") for name in GEOGRAPHY).row(0)
    assert told == (None, None, None, "DE", 64_496, "Example Networks")


def test_without_a_database_the_same_columns_are_null() -> None:
    lines = [line(dstaddr="192.0.2.9")]
    with_atlas = enrich(flows_of_lines(lines), AddressSpace.of(COMPANY, geography=Atlas()))
    without = enrich(flows_of_lines(lines), AddressSpace.of(COMPANY))
    named = pl.selectors.ends_with(*GEOGRAPHY)
    assert without.schema == with_atlas.schema
    assert without.select(named).null_count().sum_horizontal().item() == 2 * len(GEOGRAPHY)
    assert without.drop(named).equals(with_atlas.drop(named))
