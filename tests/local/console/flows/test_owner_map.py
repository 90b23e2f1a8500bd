"""The traffic map: sums by owner, port and action, folded to a bounded number of owners."""

from typing import Any

import pytest

from flowsentry.inventory.inventory import Inventory
from local.console.flows.owner_map import (
    ADDRESS,
    INTERNET,
    MAX_BUSY,
    MAX_EDGE_PORTS,
    MAX_EDGES,
    MAX_REFUSED,
    MORE,
    FlowFilter,
    owner_map,
    owner_sums,
)
from tests.builders import NOON, SYN_ACK, blocked, interface, line
from tests.local.console.flows.stored import completed_flows

WEB, DATA = interface("10.0.0.1", name="web-1"), interface("10.0.0.2", "rds database", "orders")
INVENTORY = Inventory.of((WEB, DATA))
CONNECTION = [
    line(srcport=45_000, dstport=5432, interface_id=WEB.interface_id, bytes=100),
    line(
        srcaddr="10.0.0.2",
        dstaddr="10.0.0.1",
        srcport=5432,
        dstport=45_000,
        interface_id=DATA.interface_id,
        tcp_flags=SYN_ACK,
        bytes=100,
    ),
]
"""What both ends of a connection from WEB to DATA sent."""
ENDS_AT = NOON + 3600


def map_of(lines: list[str], inventory: Inventory = INVENTORY, **wanted: Any) -> dict[str, Any]:
    found = completed_flows(lines, inventory=inventory)
    return owner_map(owner_sums(found, FlowFilter(**{"start": NOON, "end": ENDS_AT} | wanted)))


def edges(found: dict[str, Any]) -> list[tuple[str, str, str, int, list[str]]]:
    """Caller, called, action, bytes and ports of each edge."""
    names = [node["name"] or node["kind"] for node in found["nodes"]]
    return [
        (names[each["caller"]], names[each["called"]], each["action"], each["bytes"], each["ports"])
        for each in found["edges"]
    ]


def test_both_directions_of_a_connection_are_one_edge_from_the_caller_with_its_port() -> None:
    found = map_of(CONNECTION)
    assert edges(found) == [("web-1", "orders", "accepted", 200, ["5432/tcp"])]
    assert [(node["side"], node["kind"], node["bytes"]) for node in found["nodes"]] == [
        ("caller", "instance", 200),
        ("called", "rds database", 200),
    ]


def test_a_flow_that_both_ends_log_counts_once() -> None:
    both = [line(dstport=5432, bytes=100, flow_direction=way, srcaddr="10.0.0.1") for way in ("egress", "ingress")]
    assert map_of(both)["totals"]["accepted"] == {"flows": 1, "packets": 12, "bytes": 100}


def test_refused_flows_are_edges_of_their_own() -> None:
    found = map_of([*CONNECTION, blocked("10.0.0.1", "10.0.0.2", 22)])
    assert ("web-1", "orders", "refused", 180, ["22/tcp"]) in edges(found)
    assert found["totals"]["refused"] == {"flows": 1, "packets": 3, "bytes": 180}


def test_outside_addresses_are_the_internet_and_inside_ones_without_an_owner_stand_for_themselves() -> None:
    found = map_of([blocked("203.0.113.9", "10.0.0.1", 22), blocked("203.0.113.10", "10.0.0.99", 22)])
    assert sorted({(node["side"], node["kind"], node["name"]) for node in found["nodes"]}) == [
        ("called", ADDRESS, "10.0.0.99"),
        ("called", "instance", "web-1"),
        ("caller", INTERNET, ""),
    ]


@pytest.mark.parametrize(
    ("wanted", "flows"),
    [
        ({}, 3),
        ({"port": 22}, 1),
        ({"port": 23}, 0),
        ({"protocol": 6}, 3),
        ({"protocol": 17}, 0),
        ({"is_refused": True}, 1),
        ({"is_refused": False}, 2),
        ({"owner": "ORD"}, 2),
        ({"owner": "i-web-1"}, 3),
        ({"owner": "203.0.113.9"}, 1),
        ({"owner": "203.0.113"}, 0),
        ({"owner": ".*"}, 0),
        ({"end": NOON}, 0),
        ({"start": NOON + 1}, 0),
    ],
)
def test_filters_choose_the_flows_that_count(wanted: dict[str, Any], flows: int) -> None:
    totals = map_of([*CONNECTION, blocked("203.0.113.9", "10.0.0.1", 22)], **wanted)["totals"]
    assert totals["accepted"]["flows"] + totals["refused"]["flows"] == flows


def hosts(number: int) -> tuple[list[str], Inventory]:
    """As many callers of one database, the first with the most bytes, the last ones refused."""
    callers = [interface(f"10.0.1.{at}", name=f"host-{at:03}") for at in range(1, number + 1)]
    lines = [
        line(srcaddr=f"10.0.1.{at}", dstaddr="10.0.0.2", dstport=5432, bytes=10_000 - at) for at in range(1, number)
    ]
    return [*lines, blocked(f"10.0.1.{number}", "10.0.0.2", 5432)], Inventory.of((*callers, DATA))


def test_owners_beyond_the_busiest_and_the_most_refused_are_one_node_and_no_byte_is_lost() -> None:
    number = MAX_BUSY + MAX_REFUSED + 10
    found = map_of(*hosts(number))
    callers = [node for node in found["nodes"] if node["side"] == "caller"]
    assert len(callers) == MAX_BUSY + 2
    assert [node["name"] for node in callers if node["kind"] == MORE] == [str(number - MAX_BUSY - 1)]
    assert f"host-{number:03}" in {node["name"] for node in callers}
    assert found["left_out"]["caller_owners"] == number - MAX_BUSY - 1
    totals = found["totals"]
    assert sum(node["bytes"] for node in callers) == totals["accepted"]["bytes"] + totals["refused"]["bytes"]


def test_an_edge_names_its_busiest_ports_and_counts_all() -> None:
    lines = [line(dstport=port, srcport=60_000, bytes=1000 - port) for port in range(1, 20)]
    (edge,) = map_of(lines)["edges"]
    assert edge["ports"] == ["1/tcp", "2/tcp", "3/tcp"][:MAX_EDGE_PORTS]
    assert edge["all_ports"] == 19


def test_a_protocol_without_ports_is_named_alone() -> None:
    assert edges(map_of([line(protocol=1, srcport=0, dstport=0)]))[0][4] == ["icmp"]


def test_choices_are_those_of_the_flows_with_the_most_bytes_first() -> None:
    sent = [line(dstport=5432, bytes=10), line(dstport=443, bytes=100), line(dstport=53, protocol=17, bytes=1)]
    assert map_of(sent)["choices"] == {
        "ports": [
            {"port": 443, "service": "https"},
            {"port": 5432, "service": "postgresql"},
            {"port": 53, "service": "dns"},
        ],
        "protocols": ["tcp", "udp"],
        "owners": ["orders", "web-1"],
    }


def test_hostile_names_stay_as_they_are() -> None:
    name = '"><img src=x onerror=alert(1)>\u202e\x00' + "x" * 10_000
    found = map_of(CONNECTION, Inventory.of((interface("10.0.0.1", name=name), DATA)))
    assert name in {node["name"] for node in found["nodes"]}
    assert found["choices"]["owners"] == ["orders"]


def test_no_flows_are_an_empty_map() -> None:
    found = map_of([])
    assert (found["nodes"], found["edges"], found["totals"]["accepted"]["flows"]) == ([], [], 0)
    assert set(found["left_out"].values()) == {0}


def test_edges_beyond_the_most_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_EDGES > 100
    monkeypatch.setattr("local.console.flows.owner_map.MAX_EDGES", 1)
    found = map_of([line(dstport=5432, bytes=100), blocked("10.0.0.1", "10.0.0.2", 22)])
    assert len(found["edges"]) == 1
    assert found["left_out"]["edges"] == 1
    assert found["left_out"]["bytes"] == 100
