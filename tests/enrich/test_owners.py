"""Who is at each end: unattributed rather than misattributed."""

from flowsentry.ownership import Inventory
from tests.builders import V2, VPC, enriched, interface, line

WEB = interface("10.0.0.1", name="web-1", public_addresses=("203.0.113.1",))
BALANCER = interface("10.0.0.2", "application load balancer", "front")
COMPANY = Inventory(interfaces=(WEB, BALANCER), networks={VPC: ("10.0.0.0/16", "198.51.100.0/24")})


def ends(text: str, *columns: str, inventory: Inventory = COMPANY) -> list[object]:
    flows = enriched([text], inventory=inventory)
    return [flows[f"{end}_{column}"].item() for end in ("source", "destination") for column in columns]


def test_each_end_has_its_owner() -> None:
    assert ends(line(), "owner_kind", "owner_name") == ["instance", "web-1", "application load balancer", "front"]


def test_an_address_that_nobody_has_has_no_owner() -> None:
    assert ends(line(srcaddr="10.0.0.9"), "owner_id")[0] is None


def test_the_same_address_in_another_vpc_is_somebody_else() -> None:
    assert ends(line(vpc_id="vpc-other"), "owner_id") == [None, None]


def test_an_interface_of_a_peer_vpc_with_the_same_address_does_not_blur_the_owner() -> None:
    other = interface("10.0.0.1", name="other-1", vpc_id="vpc-other")
    both = Inventory(interfaces=(other, *COMPANY.interfaces))
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


def test_the_interface_that_logged_a_record_is_inside_whatever_its_address() -> None:
    assert ends(line(srcaddr="192.0.2.5"), "is_inside")[0] is True


def test_records_without_an_interface_known_to_the_inventory_are_kept_with_no_owner() -> None:
    flows = enriched([line(V2), line(V2, srcaddr="-", dstaddr="-")], V2)
    assert flows["source_owner_id"].to_list() == [None, None]
    assert flows["source_is_inside"].to_list() == [True, False]


def test_what_is_known_of_an_address_does_not_change_what_the_next_chunk_is_told() -> None:
    alone = enriched([line(srcaddr="192.0.2.5", dstaddr="192.0.2.6")], inventory=COMPANY)
    assert alone["source_is_inside"].item()
    seen_from_outside = line(srcaddr="192.0.2.5", flow_direction="ingress")
    assert ends(seen_from_outside, "is_inside") == [False, True]
