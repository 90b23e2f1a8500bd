"""The scan view: what one source tried, with the outcomes that detection settles."""

from typing import Any

import pytest

from flowsentry.inventory.inventory import Inventory
from local.console.flows.scan_grid import MAX_HOSTS, MAX_PORTS, busiest_sources, scan_grid
from local.console.span import Span
from tests.builders import NOON, RST, SYN, blocked, exchange, interface, line, probe, reset
from tests.local.console.flows.stored import completed_flows

SCANNER = "203.0.113.9"
HOUR = Span(NOON, NOON + 3600)
LINES = [
    probe(SCANNER, "10.0.0.10", 22),
    blocked(SCANNER, "10.0.0.9", 22),
    *exchange(SCANNER, "10.0.0.9", 443, start=NOON + 120, end=NOON + 150),
    probe(SCANNER, "10.0.0.9", 80),
    reset("10.0.0.9", SCANNER, 80),
    probe("203.0.113.77", "10.0.0.9", 23),
]


def grid_of(lines: list[str], source: str = SCANNER, span: Span = HOUR) -> dict[str, Any]:
    inventory = Inventory.of((interface("10.0.0.9", name="web-1"),))
    return scan_grid(completed_flows(lines, inventory=inventory), source, span)


def cells(grid: dict[str, Any]) -> dict[tuple[str, str], str]:
    """The outcome of each host and port."""
    return {
        (grid["hosts"][each["host"]]["address"], grid["ports"][each["port"]]["name"]): each["outcome"]
        for each in grid["cells"]
    }


def test_each_host_and_port_of_the_source_has_its_outcome() -> None:
    assert cells(grid_of(LINES)) == {
        ("10.0.0.10", "22/tcp"): "unanswered",
        ("10.0.0.9", "22/tcp"): "rejected",
        ("10.0.0.9", "443/tcp"): "answered",
        ("10.0.0.9", "80/tcp"): "refused",
    }


def test_hosts_and_ports_are_in_numeric_order_with_owners_and_services() -> None:
    grid = grid_of(LINES)
    assert grid["hosts"] == [{"address": "10.0.0.9", "owner": "web-1"}, {"address": "10.0.0.10", "owner": ""}]
    assert [(each["name"], each["service"]) for each in grid["ports"]] == [
        ("22/tcp", "ssh"),
        ("80/tcp", "http"),
        ("443/tcp", "https"),
    ]


def test_totals_and_steps_count_every_endpoint() -> None:
    grid = grid_of(LINES)
    assert grid["totals"] == {"answered": 1, "refused": 1, "rejected": 1, "unanswered": 1, "doubtful": 0}
    assert (grid["all_hosts"], grid["all_ports"]) == (2, 3)
    assert sum(step["endpoints"] for step in grid["steps"]) == 4
    assert [step["start"] for step in grid["steps"]] == [NOON, NOON, NOON, NOON + 120]
    assert (grid["first_seen"], grid["last_seen"]) == (NOON, NOON + 150)


def test_only_the_time_range_counts() -> None:
    assert cells(grid_of(LINES, span=Span(NOON + 100, NOON + 200))) == {("10.0.0.9", "443/tcp"): "answered"}


def test_an_endpoint_that_answered_once_is_answered() -> None:
    later = exchange(SCANNER, "10.0.0.9", 443, start=NOON + 86_400, end=NOON + 86_430)
    tried = [probe(SCANNER, "10.0.0.9", 443), *later]
    grid = grid_of(tried, span=Span(NOON, NOON + 2 * 86_400))
    assert cells(grid) == {("10.0.0.9", "443/tcp"): "answered"}
    assert (grid["cells"][0]["first_seen"], grid["cells"][0]["last_seen"]) == (NOON, NOON + 86_430)


def test_the_64_of_an_outside_source_includes_its_addresses() -> None:
    tried = [probe(f"2001:db8:1:2::{at}", "2001:db8:9::1", 22 + at) for at in (1, 2)]
    grid = grid_of(tried, "2001:db8:1:2::/64")
    assert sorted(each["name"] for each in grid["ports"]) == ["23/tcp", "24/tcp"]
    assert [each["name"] for each in grid_of(tried, "2001:db8:1:2::1")["ports"]] == ["23/tcp"]


def test_replies_of_the_source_are_nothing_that_it_tried() -> None:
    assert cells(grid_of(LINES, "10.0.0.9")) == {}


@pytest.mark.parametrize("source", ["198.51.100.1", "<script>alert(1)</script>", "\ud800", ""])
def test_an_unknown_source_has_an_empty_grid(source: str) -> None:
    grid = grid_of(LINES, source)
    assert (grid["cells"], grid["hosts"], grid["steps"], grid["first_seen"]) == ([], [], [], None)


def test_hosts_and_ports_beyond_the_most_are_counted() -> None:
    ports = [probe(SCANNER, "10.0.0.9", port) for port in range(1, MAX_PORTS + 6)]
    hosts = [probe(SCANNER, f"10.0.{at // 200}.{at % 200}", 1) for at in range(10, MAX_HOSTS + 20)]
    grid = grid_of([*ports, *hosts])
    assert (len(grid["hosts"]), len(grid["ports"])) == (MAX_HOSTS, MAX_PORTS)
    assert grid["left_out"]["ports"] == 5
    assert grid["left_out"]["hosts"] == grid["all_hosts"] - MAX_HOSTS
    assert len(grid["cells"]) + grid["left_out"]["endpoints"] == sum(grid["totals"].values())


def test_ports_that_answered_are_never_left_out_for_silent_ones() -> None:
    silent = [probe(SCANNER, "10.0.0.9", port) for port in range(1, MAX_PORTS + 6)]
    grid = grid_of([*silent, *exchange(SCANNER, "10.0.0.9", 8443)])
    assert cells(grid)["10.0.0.9", "8443/tcp"] == "answered"
    assert len(grid["ports"]) == MAX_PORTS


def test_sources_are_those_that_tried_most_first() -> None:
    found = busiest_sources(completed_flows([*LINES, line()]), HOUR)
    assert [(each["source"], each["targets"], each["hosts"], each["ports"]) for each in found[:2]] == [
        (SCANNER, 4, 2, 3),
        ("10.0.0.1", 1, 1, 1),
    ]
    assert (found[0]["flows"], found[0]["refused_flows"], found[0]["is_inside"]) == (4, 1, False)
    assert busiest_sources(completed_flows([]), HOUR) == []


def test_a_source_inside_that_only_its_targets_log_is_there_and_flows_that_both_log_count_once() -> None:
    at_targets = [probe("10.0.0.66", "10.0.0.9", port) for port in (22, 80)]
    both = [line(srcaddr="10.0.0.1", flow_direction=way) for way in ("egress", "ingress")]
    found = busiest_sources(completed_flows([*at_targets, *both]), HOUR)
    assert [(each["source"], each["targets"], each["flows"]) for each in found] == [
        ("10.0.0.66", 2, 2),
        ("10.0.0.1", 1, 1),
    ]


def test_flags_of_replies_do_not_make_a_source() -> None:
    reply = line(srcaddr="10.0.0.9", srcport=22, dstport=45_000, tcp_flags=RST)
    assert SYN != RST
    assert busiest_sources(completed_flows([reply]), HOUR) == []
