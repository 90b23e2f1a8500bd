"""Entries of network ACLs: the first that matches decides, in each direction by itself."""

import pytest

from tests.builders import V2, exchange, line, probe
from tests.rule_usage.network import entry, in_subnet, inventory, rule, sums, usage

CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
WEB = rule("web", cidr="0.0.0.0/0")
LAST = (entry(32_767, allows=False), entry(32_767, allows=False, is_egress=True))
OPEN = (entry(100), entry(100, is_egress=True), *LAST)
EPHEMERAL = entry(110, is_egress=True, protocol=6, first_port=1024, last_port=65_535)


def of_entries(lines: list[str], *entries: object, names: tuple[str, ...] = ()) -> dict[str, tuple[int, ...]]:
    found = usage(lines, inventory(WEB, entries=entries), *([names] if names else []))  # type: ignore[arg-type]
    counted = sums(found, "records", "alone_records", "possible_records")
    return {name: values for name, values in counted.items() if name != "web"}


@pytest.mark.parametrize("names", [(), V2], ids=["version 5", "default format"])
def test_request_and_reply_count_each_for_an_entry_of_its_direction(names: tuple[str, ...]) -> None:
    lines = exchange(CLIENT, SERVER, 443, names) if names else exchange(CLIENT, SERVER, 443)
    assert of_entries(lines, *OPEN, names=names) == {"100 inbound": (1, 1, 0), "100 outbound": (1, 1, 0)}


def test_replies_go_to_ephemeral_ports() -> None:
    narrow = entry(120, protocol=6, first_port=443, last_port=443)
    assert of_entries(exchange(CLIENT, SERVER, 443), narrow, EPHEMERAL) == {
        "120 inbound": (1, 1, 0),
        "110 outbound": (1, 1, 0),
    }


def test_a_later_entry_carries_nothing_but_stands_in_for_the_one_that_decides() -> None:
    first = entry(90, protocol=6, first_port=443, last_port=443)
    assert of_entries(exchange(CLIENT, SERVER, 443), first, *OPEN) == {
        "90 inbound": (1, 0, 0),
        "100 outbound": (1, 1, 0),
    }


def test_an_entry_that_denies_carries_what_it_rejected() -> None:
    refused = probe("192.0.2.9", SERVER, 443, action="REJECT")
    assert of_entries([refused], entry(90, allows=False, cidr="192.0.2.0/24"), *OPEN) == {"90 inbound": (1, 1, 0)}
    assert of_entries([refused], *LAST) == {"* inbound": (1, 0, 0)}


def test_what_the_group_refused_on_its_way_out_reached_no_entry() -> None:
    only_web = rule("smtp", ports=(25, 25), is_egress=True, cidr="0.0.0.0/0")
    leaving = line(srcaddr=SERVER, dstaddr="192.0.2.9", dstport=25, srcport=50_000, action="REJECT", tcp_flags=2)
    closed = entry(90, allows=False, is_egress=True)
    assert sums(usage([leaving], inventory(only_web, entries=(closed,))), "records") == {"90 outbound": 1}


def test_traffic_within_a_subnet_passes_no_entry() -> None:
    near = line(srcaddr="10.0.0.5", dstaddr=SERVER, flow_direction="ingress")
    neighbour = in_subnet("subnet-2", "10.0.0.5", interface_id="eni-0000000000000000b")
    assert set(sums(usage([near], inventory(WEB, entries=OPEN, others=(neighbour,))), "records")) == {"web"}
    assert set(sums(usage([near], inventory(WEB, entries=OPEN)), "records")) == {"web", "100 inbound"}


def test_an_entry_for_one_type_of_icmp_is_possible_and_the_next_for_all_is_certain() -> None:
    ping = line(srcport=0, dstport=0, protocol=1, tcp_flags=0, flow_direction="ingress")
    echo = entry(90, protocol=1, icmp_type=8, icmp_code=-1)
    found = usage([ping], inventory(rule("icmp", 1, (-1, -1)), entries=(echo, *OPEN)))
    assert sums(found, "records", "possible_records")["90 inbound"] == (0, 1)
    assert sums(found, "records", "possible_records")["100 inbound"] == (1, 0)
