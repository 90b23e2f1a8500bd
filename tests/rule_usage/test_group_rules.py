"""Security group rules: a record counts for each rule that would allow it, a reply for the rule of the request."""

import polars as pl
import pytest

from flowsentry.inventory.firewall_rules import PrefixList
from tests.builders import NOON, RST, SYN, SYN_ACK, V2, V5, exchange, line, probe
from tests.rule_usage.network import inventory, rule, sums, usage

WEB = rule("web")
CLIENT, SERVER = "10.0.0.1", "10.0.0.2"


def both_ways(port: int = 443, names: tuple[str, ...] = V5, **values: object) -> list[str]:
    return exchange(CLIENT, SERVER, port, names, **values)


def test_both_directions_of_a_connection_count_for_the_rule_that_allowed_the_request() -> None:
    found = usage(both_ways(), inventory(WEB))
    assert sums(found, "records", "packets", "bytes", "alone_records") == {"web": (2, 24, 12_800, 2)}


def test_the_default_format_gives_the_same() -> None:
    found = usage(both_ways(names=V2), inventory(WEB), V2)
    assert sums(found, "records", "packets", "bytes", "alone_records") == {"web": (2, 24, 12_800, 2)}


def test_a_reply_alone_counts_for_the_inbound_rule_and_not_for_the_outbound_one() -> None:
    assert sums(usage(both_ways()[1:], inventory(WEB)), "records") == {"web": 1}


def test_what_the_server_opens_counts_for_its_outbound_rule() -> None:
    out = line(srcaddr=SERVER, dstaddr="192.0.2.9", srcport=50_000, dstport=443, flow_direction="egress")
    back = line(
        srcaddr="192.0.2.9", dstaddr=SERVER, srcport=443, dstport=50_000, flow_direction="ingress", tcp_flags=SYN_ACK
    )
    assert sums(usage([out, back], inventory(WEB)), "records", "peers", "busiest_peers") == {
        "out": (2, 1, "192.0.2.9 12800")
    }


def test_a_record_counts_for_each_rule_that_overlaps_and_for_none_alone() -> None:
    wide, other = rule("wide", ports=(0, 65_535), cidr="10.0.0.0/8"), rule("other", ports=(22, 22))
    found = usage(both_ways(), inventory(WEB, wide, other))
    assert sums(found, "records", "alone_records") == {"web": (2, 0), "wide": (2, 0)}
    assert sums(usage(both_ways(8443), inventory(WEB, wide)), "records", "alone_records") == {"wide": (2, 2)}


@pytest.mark.parametrize(("port", "expected"), [(7999, set()), (8000, {"range"}), (8010, {"range"}), (8011, set())])
def test_a_range_of_ports_includes_its_ends(port: int, expected: set[str]) -> None:
    assert set(sums(usage(both_ways(port), inventory(rule("range", ports=(8000, 8010)))), "records")) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [("10.0.0.255", set()), ("10.0.1.0", {"block"}), ("10.0.1.255", {"block"}), ("10.0.2.0", set())],
)
def test_a_block_includes_its_ends(address: str, expected: set[str]) -> None:
    lines = exchange(address, SERVER, 443)
    assert set(sums(usage(lines, inventory(rule("block", cidr="10.0.1.0/24"))), "records")) == expected


def test_ipv6_addresses_are_compared_with_ipv6_blocks() -> None:
    six, four = rule("six", cidr="2001:db8::/64"), rule("four", cidr="0.0.0.0/0")
    inside, outside = exchange("2001:db8::9", "2001:db8::2", 443), exchange("2001:db8:0:1::9", "2001:db8::2", 443)
    assert sums(usage([*inside, *outside], inventory(six, four)), "records", "busiest_peers") == {
        "six": (2, "2001:db8::9 12800")
    }


def test_a_referenced_group_covers_the_private_addresses_of_its_interfaces() -> None:
    member = rule("member", peer_group_id="sg-client")
    assert sums(usage(both_ways(), inventory(member)), "records", "alone_records") == {"member": (2, 2)}
    strangers = [each for host in (7, 8) for each in exchange(f"192.0.2.{host}", SERVER, 443)]
    assert sums(usage(strangers, inventory(member)), "records") == {}


def test_an_address_that_may_be_in_a_referenced_group_is_possible_beside_another_rule() -> None:
    member = rule("member", peer_group_id="sg-client")
    lines = exchange("10.0.0.77", SERVER, 443)
    assert sums(usage(lines, inventory(member, WEB)), "records", "alone_records", "possible_records") == {
        "web": (2, 2, 0),
        "member": (0, 0, 2),
    }


def test_what_was_accepted_counts_for_the_only_rule_that_is_possible() -> None:
    member = rule("member", peer_group_id="sg-client")
    found = usage(exchange("10.0.0.77", SERVER, 443), inventory(member))
    assert sums(found, "records", "alone_records", "possible_records") == {"member": (2, 2, 0)}


def test_a_prefix_list_covers_its_blocks_and_without_its_entries_is_unresolved() -> None:
    listed = rule("listed", prefix_list_id="pl-1")
    known = PrefixList("pl-1", "offices", ("10.0.0.0/24", "10.0.0.1/32", "192.0.2.0/24"))
    resolved = usage(both_ways(), inventory(listed, lists=(known,)))
    assert sums(resolved, "records", "is_resolved") == {"listed": (2, True)}
    unresolved = usage(both_ways(), inventory(listed, WEB))
    assert sums(unresolved, "records", "possible_records", "is_resolved") == {
        "web": (2, 0, True),
        "listed": (0, 2, False),
    }


def test_a_rule_for_one_type_of_icmp_is_possible_since_no_record_has_the_type() -> None:
    echo, every = rule("echo", 1, (8, -1)), rule("every", 1, (-1, -1), cidr="10.0.0.1/32")
    ping = line(srcport=0, dstport=0, protocol=1, tcp_flags=0, flow_direction="ingress", start=NOON)
    pong = line(
        srcaddr=SERVER, dstaddr=CLIENT, srcport=0, dstport=0, protocol=1, tcp_flags=0, start=NOON + 1, end=NOON + 30
    )
    assert sums(usage([ping, pong], inventory(echo, every)), "records", "possible_records") == {
        "every": (2, 0),
        "echo": (0, 2),
        "out": (0, 2),
    }


def test_flags_of_the_opening_decide_for_all_records_of_the_connection() -> None:
    """Port 7 is a service's and port 31000 is not, and yet 31000 serves: its client sent the SYN."""
    opening = line(srcport=7, dstport=31_000, flow_direction="ingress", tcp_flags=SYN)
    later = line(srcaddr=SERVER, dstaddr=CLIENT, srcport=31_000, dstport=7, tcp_flags=0)
    app = rule("app", ports=(31_000, 31_000))
    assert sums(usage([opening, later], inventory(app)), "records", "possible_records") == {"app": (2, 0)}


def test_a_rule_that_names_the_port_decides_between_two_guesses() -> None:
    """Neither port is a service's: without flags the rule for one port outweighs one for all ports."""
    lines = exchange(CLIENT, SERVER, 40_500, V2, srcport=40_100)
    app = rule("app", ports=(40_500, 40_500))
    assert sums(usage(lines, inventory(app), V2), "records", "possible_records") == {"app": (2, 0), "out": (0, 2)}


def test_an_interface_is_judged_by_the_rules_of_all_its_groups_only() -> None:
    elsewhere = line(interface_id="eni-0000000000000000a", flow_direction="ingress")
    found = usage([elsewhere, *both_ways()], inventory(WEB))
    assert sums(found, "records") == {"web": 2}
    assert found.counts == {"accepted": 3, "unknown_interface": 1}


def test_rejected_records_count_for_no_rule() -> None:
    assert sums(usage([probe(CLIENT, SERVER, 443, action="REJECT")], inventory(WEB)), "records") == {}


def test_what_no_rule_allows_any_more_is_counted_apart() -> None:
    found = usage([probe("192.0.2.9", SERVER, 22)], inventory(WEB))
    assert (sums(found, "records"), found.counts) == ({}, {"accepted": 1, "no_known_rule": 1})


def test_an_answer_without_its_request_counts_for_the_rule_of_the_request() -> None:
    reset = line(srcaddr=SERVER, dstaddr=CLIENT, srcport=443, dstport=50_100, tcp_flags=RST)
    answer = line(srcaddr=SERVER, dstaddr=CLIENT, srcport=443, dstport=50_101, tcp_flags=SYN_ACK)
    assert sums(usage([reset, answer], inventory(WEB)), "records") == {"web": 2}


def test_first_and_last_seen_are_the_times_of_its_records() -> None:
    early, late = both_ways(start=NOON - 60, end=NOON - 30), both_ways(start=NOON, end=NOON + 50)
    assert sums(usage([*late, *early], inventory(WEB)), "first_seen", "last_seen") == {"web": (NOON - 60, NOON + 50)}


def test_unused_rules_are_reported_with_the_interfaces_that_have_them() -> None:
    found = usage(both_ways(), inventory(WEB, rule("ssh", ports=(22, 22))))
    (unused,) = found.reported().filter(pl.col("rule_id") == "ssh").rows(named=True)
    assert {name: unused[name] for name in ("records", "interfaces", "interfaces_seen", "interfaces_logged")} == {
        "records": 0,
        "interfaces": 1,
        "interfaces_seen": 1,
        "interfaces_logged": None,
    }
