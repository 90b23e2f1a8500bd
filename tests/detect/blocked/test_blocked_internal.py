"""Own host refused by a rule on the way to own host."""

import pytest

from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.thresholds import BlockedThresholds
from flowsentry.inventory.inventory import Inventory
from tests.builders import NOON, V2, VPC, Watch, blocked, exchange, flow_log, found_in, interface, line, probe

APP, DATABASE = "10.0.0.9", "10.0.1.1"
MIN_PACKETS, MAX_ENDPOINTS_A_SOURCE = BlockedThresholds().min_packets, BlockedThresholds().max_endpoints_per_source


def told(*lines: str, inventory: Inventory | None = None) -> list[Finding]:
    return [each for each in found_in(lines, inventory=inventory) if each.kind == "blocked_internal"]


def test_a_client_that_tries_again_and_again_is_blocked() -> None:
    (finding,) = told(blocked(APP, DATABASE, 5432))
    assert (finding.subject, finding.scope, finding.severity) == (APP, VPC, Severity.MEDIUM)
    assert finding.title == "10.0.0.9 is blocked from 10.0.1.1: port 5432/tcp (postgresql)"
    assert finding.details["responder"] == DATABASE
    assert finding.details["packets"] == MIN_PACKETS


def test_both_ends_are_told_by_name() -> None:
    known = Inventory.of((interface(APP, name="app"), interface(DATABASE, "rds", "orders")))
    (finding,) = told(blocked(APP, DATABASE, 5432), inventory=known)
    assert finding.title.startswith("app (10.0.0.9) is blocked from orders (10.0.1.1)")
    assert finding.details["responder_owner"] == {"kind": "rds", "id": "i-orders", "name": "orders"}


def test_packets_of_several_records_add_up() -> None:
    one = [blocked(APP, DATABASE, 5432, packets=1, bytes=60, start=NOON + each) for each in range(MIN_PACKETS)]
    assert len(told(*one)) == 1
    assert told(*one[:-1]) == []


def test_a_datagram_may_be_blocked_as_well() -> None:
    (finding,) = told(blocked(APP, DATABASE, 514, protocol=17, tcp_flags=0))
    assert finding.title.endswith("port 514/udp (syslog)")


@pytest.mark.parametrize(
    "innocent",
    [
        blocked("203.0.113.9", DATABASE, 5432),
        blocked(APP, "203.0.113.9", 5432, flow_direction="egress"),
        blocked(APP, DATABASE, 5432, action="ACCEPT"),
        blocked(APP, DATABASE, 0, protocol=1, tcp_flags=0),
        line(srcaddr=APP, dstaddr=DATABASE, srcport=5432, dstport=40000, tcp_flags=1, action="REJECT"),
    ],
    ids=["from outside", "to outside", "unanswered", "ping", "late packet"],
)
def test_what_only_looks_like_it_is_not_told(innocent: str) -> None:
    assert told(innocent) == []


def test_a_busy_client_is_told_about_its_one_blocked_path() -> None:
    work = [each for number in range(40) for each in exchange(APP, f"10.0.2.{number}", 443)]
    assert len(told(*work, blocked(APP, DATABASE, 5432))) == 1


def test_a_source_with_more_blocked_endpoints_than_a_few_tries_doors() -> None:
    probing = [blocked(APP, DATABASE, port) for port in range(5000, 5001 + MAX_ENDPOINTS_A_SOURCE)]
    assert told(*probing) == []
    assert len(told(*probing[1:])) == MAX_ENDPOINTS_A_SOURCE


def test_a_source_that_tries_one_door_an_object_is_told_for_the_first_few_alone() -> None:
    watch = Watch()
    for port in range(5000, 5009):
        watch.see(flow_log([blocked(APP, DATABASE, port, start=NOON + port, end=NOON + port)]))
    assert [each.kind for each in watch.found] == ["blocked_internal"] * MAX_ENDPOINTS_A_SOURCE
    watch.see(flow_log([blocked(APP, DATABASE, 5432, start=NOON + 9000, end=NOON + 9000)]))
    assert [each.kind for each in watch.found[MAX_ENDPOINTS_A_SOURCE:]] == ["port_scan"]


def test_what_a_source_failed_on_other_days_keeps_nothing_back() -> None:
    watch = Watch()
    for day, first in enumerate((5000, 5004)):
        at = NOON + day * 86_400
        watch.see(flow_log([blocked(APP, DATABASE, port, start=at, end=at) for port in range(first, first + 4)]))
    assert len(watch.found) == 8


def test_a_source_with_many_dead_targets_is_not_told_of_a_blocked_one_beside_them() -> None:
    dead = [probe(APP, f"10.0.2.{number}", 443) for number in range(MAX_ENDPOINTS_A_SOURCE)]
    assert told(*dead, blocked(APP, DATABASE, 5432)) == []
    assert len(told(*dead[1:], blocked(APP, DATABASE, 5432))) == 1


def test_a_scanner_is_told_as_one_and_not_as_blocked() -> None:
    probes = [blocked(APP, f"10.0.3.{number}", 22, packets=1, bytes=60) for number in range(20)]
    (finding,) = found_in([*probes, blocked(APP, DATABASE, 5432)])
    assert finding.kind == "host_sweep"


def test_each_path_is_told_once_a_day() -> None:
    lines = [blocked(APP, DATABASE, 5432), blocked(APP, DATABASE, 5433), blocked(APP, DATABASE, 5432, start=NOON + 9)]
    assert len(told(*lines)) == 2
    tomorrow = blocked(APP, DATABASE, 5432, start=NOON + 86_400, end=NOON + 86_400)
    assert len({each.id for each in told(*lines, tomorrow)}) == 3


def test_a_name_without_end_is_cut() -> None:
    (finding,) = told(blocked(APP, DATABASE, 5432), inventory=Inventory.of((interface(APP, name="a" * 255),)))
    assert finding.title.startswith(f"{'a' * 61}... (10.0.0.9) is blocked from")


def test_the_default_format_tells_it_too() -> None:
    (finding,) = found_in([blocked(APP, DATABASE, 5432, V2)], V2)
    assert (finding.kind, finding.scope) == ("blocked_internal", "unknown")
