"""The hops of a packet: interfaces, security groups, network ACLs and the route, there and back."""

from typing import Any

from flowsentry.findings.rejected_packet import End
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.inventory import Inventory, Route, RouteTable, Through
from local.console.flows.path_hops import path_hops
from local.packet_passage import Passage, packet_to
from tests.explain.company import API, DATA, TCP, acl, entry, group, interface, leaving, open_acl, rules

SOURCE, DESTINATION = End("10.0.3.7", API), End("10.0.9.9", DATA)
DENIED = (entry(90, "deny", "10.0.3.0/24", TCP, 5432, 5432), *open_acl("data").entries)


def hops_of(
    own_rules: Rules | None = None,
    destination: End = DESTINATION,
    source: End = SOURCE,
    routes: dict[str, tuple[RouteTable, ...]] | None = None,
) -> dict[str, Any]:
    in_force = own_rules or rules()
    inventory = Inventory.of((API, DATA), {"vpc-1": ("10.0.0.0/16",)}, in_force, routes)
    return path_hops(Passage.of(packet_to(source, destination, TCP, 5432), in_force), inventory)


def test_hops_are_in_the_order_of_the_path_and_of_the_reply() -> None:
    assert [(each["title"], each["is_reply"], each["verdict"]) for each in hops_of()["hops"]] == [
        ("source", False, ""),
        ("security groups, outbound", False, "allowed"),
        ("network ACL of the subnet, outbound", False, "allowed"),
        ("route", False, ""),
        ("network ACL of the subnet, inbound", False, "allowed"),
        ("security groups, inbound", False, "allowed"),
        ("destination", False, ""),
        ("network ACL of the subnet, outbound", True, "allowed"),
        ("route", True, ""),
        ("network ACL of the subnet, inbound", True, "allowed"),
    ]


def test_the_first_hop_that_denies_decides_and_says_which_change_would_admit_the_packet() -> None:
    found = hops_of(rules(acl("data", *DENIED), group("data")))
    deciding = [each for each in found["hops"] if each["decides"]]
    assert [each["title"] for each in deciding] == ["network ACL of the subnet, inbound"]
    assert deciding[0]["who"] == "network ACL acl-data data-b"
    assert deciding[0]["reason"] == "rule 90 denies tcp/5432 from 10.0.3.0/24"
    assert found["change"] == (
        "rule 90 of acl-data denies tcp/5432 from 10.0.3.0/24; an allow rule with a number below 90 would admit it; "
        "and an inbound rule for tcp/5432 from 10.0.3.7/32 in sg-data would admit it"
    )
    assert found["verdict"] == "denied"


def test_a_denied_reply_decides_on_the_way_back() -> None:
    closed = acl("data", entry(100, "allow", "0.0.0.0/0", -1), leaving(90, "deny", "10.0.3.0/24", -1))
    (deciding,) = [each for each in hops_of(rules(closed))["hops"] if each["decides"]]
    assert (deciding["is_reply"], deciding["title"]) == (True, "network ACL of the subnet, outbound")


def test_an_allowed_packet_has_no_deciding_hop_and_no_change() -> None:
    found = hops_of()
    assert (found["verdict"], found["change"]) == ("allowed", "")
    assert not any(each["decides"] for each in found["hops"])


def test_names_turn_no_direction_and_add_no_line() -> None:
    forger = End("10.0.9.9", interface("data", "10.0.9.9", owner_name="x\u202e\nallowed"))
    found = hops_of(rules(group("data")), destination=forger)
    texts = [found["sentence"], found["change"], *(each[name] for each in found["hops"] for name in ("reason", "who"))]
    assert not {"\u202e", "\n"} & {*"".join(texts)}


def test_ends_name_their_interface_subnet_vpc_and_owner() -> None:
    hop = hops_of()["hops"][0]
    assert (hop["reason"], hop["who"]) == ("10.0.3.7 in eni-api, subnet-api, vpc-1", "instance api-1")


def route_of(found: dict[str, Any]) -> tuple[str, str]:
    hop = next(each for each in found["hops"] if each["title"] == "route")
    return hop["reason"], hop["verdict"]


def other_vpc() -> End:
    return End("10.1.0.5", interface("far", "10.1.0.5", vpc_id="vpc-2"))


def test_the_route_within_a_vpc_is_local_and_within_a_subnet_there_is_none() -> None:
    neighbour = End("10.0.3.8", interface("near", "10.0.3.8", subnet_id="subnet-api"))
    assert route_of(hops_of()) == ("local, within vpc-1", "")
    assert route_of(hops_of(destination=neighbour)) == ("within the subnet", "")


def test_the_route_to_another_vpc_is_the_most_specific_one() -> None:
    table = (Route("10.0.0.0/8", "vpc-3", Through.PEERING), Route("10.1.0.0/16", "vpc-2", Through.TRANSIT_GATEWAY))
    assert route_of(hops_of(destination=other_vpc(), routes={"vpc-1": (table,)})) == (
        "10.1.0.0/16 leads to vpc-2 by transit gateway",
        "",
    )


def test_a_route_that_is_not_known_is_said_to_be_so() -> None:
    unknown: RouteTable = (Route("10.1.0.0/16", None),)
    assert route_of(hops_of(destination=other_vpc())) == ("no known route of vpc-1 leads to 10.1.0.5", "unknown")
    assert route_of(hops_of(destination=other_vpc(), routes={"vpc-1": (unknown,)})) == (
        "10.1.0.0/16 leads to a VPC that is not known",
        "",
    )


def test_an_end_on_the_internet_has_no_interface_and_its_routes_are_not_evaluated() -> None:
    found = hops_of(destination=End("203.0.113.9"))
    assert found["hops"][6]["reason"] == "203.0.113.9, on the internet"
    assert route_of(found)[0].endswith("routes to the internet are not evaluated")
