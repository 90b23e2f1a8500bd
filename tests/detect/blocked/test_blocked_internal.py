"""Internal hosts whose packets to internal hosts are rejected."""

import pytest

from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.thresholds import BlockedThresholds
from flowsentry.inventory.inventory import Inventory
from tests.builders import NOON, V2, VPC, Watch, blocked, exchange, flow_log, found_in, interface, line, probe

APP, DATABASE = "10.0.0.9", "10.0.1.1"
MIN_PACKETS, MAX_ENDPOINTS_PER_SOURCE = BlockedThresholds().min_packets, BlockedThresholds().max_endpoints_per_source


def reported(*lines: str, inventory: Inventory | None = None) -> list[Finding]:
    return [each for each in found_in(lines, inventory=inventory) if each.kind == "blocked_internal"]


def test_a_client_that_retries_is_reported_as_blocked() -> None:
    (finding,) = reported(blocked(APP, DATABASE, 5432))
    assert (finding.subject, finding.scope, finding.severity) == (APP, VPC, Severity.MEDIUM)
    assert finding.title == "10.0.0.9 is blocked from 10.0.1.1: port 5432/tcp (postgresql)"
    assert finding.details["responder"] == DATABASE
    assert finding.details["packets"] == MIN_PACKETS


def test_the_title_and_details_name_both_hosts() -> None:
    known = Inventory.of((interface(APP, name="app"), interface(DATABASE, "rds", "orders")))
    (finding,) = reported(blocked(APP, DATABASE, 5432), inventory=known)
    assert finding.title.startswith("app (10.0.0.9) is blocked from orders (10.0.1.1)")
    assert finding.details["responder_owner"] == {"kind": "rds", "id": "i-orders", "name": "orders"}


def test_packets_of_several_records_add_up() -> None:
    one = [blocked(APP, DATABASE, 5432, packets=1, bytes=60, start=NOON + each) for each in range(MIN_PACKETS)]
    assert len(reported(*one)) == 1
    assert reported(*one[:-1]) == []


def test_rejected_datagrams_are_reported() -> None:
    (finding,) = reported(blocked(APP, DATABASE, 514, protocol=17, tcp_flags=0))
    assert finding.title.endswith("port 514/udp (syslog)")


@pytest.mark.parametrize(
    "records",
    [
        blocked("203.0.113.9", DATABASE, 5432),
        blocked(APP, "203.0.113.9", 5432, flow_direction="egress"),
        blocked(APP, DATABASE, 5432, action="ACCEPT"),
        blocked(APP, DATABASE, 0, protocol=1, tcp_flags=0),
        line(srcaddr=APP, dstaddr=DATABASE, srcport=5432, dstport=40000, tcp_flags=1, action="REJECT"),
    ],
    ids=["from outside", "to outside", "unanswered", "ping", "late packet"],
)
def test_an_innocent_look_alike_is_not_reported(records: str) -> None:
    assert reported(records) == []


def test_the_only_blocked_path_of_a_busy_client_is_reported() -> None:
    work = [each for number in range(40) for each in exchange(APP, f"10.0.2.{number}", 443)]
    assert len(reported(*work, blocked(APP, DATABASE, 5432))) == 1


def test_a_source_with_many_blocked_endpoints_is_probing() -> None:
    probing = [blocked(APP, DATABASE, port) for port in range(5000, 5001 + MAX_ENDPOINTS_PER_SOURCE)]
    assert reported(*probing) == []
    assert len(reported(*probing[1:])) == MAX_ENDPOINTS_PER_SOURCE


def test_a_source_with_one_blocked_endpoint_per_object_is_reported_up_to_the_limit() -> None:
    watch = Watch()
    for port in range(5000, 5009):
        watch.see(flow_log([blocked(APP, DATABASE, port, start=NOON + port, end=NOON + port)]))
    assert [each.kind for each in watch.found] == ["blocked_internal"] * MAX_ENDPOINTS_PER_SOURCE
    watch.see(flow_log([blocked(APP, DATABASE, 5432, start=NOON + 9000, end=NOON + 9000)]))
    assert [each.kind for each in watch.found[MAX_ENDPOINTS_PER_SOURCE:]] == ["port_scan"]


def test_failures_of_other_days_do_not_make_a_source_probing() -> None:
    watch = Watch()
    for day, first in enumerate((5000, 5004)):
        at = NOON + day * 86_400
        watch.see(flow_log([blocked(APP, DATABASE, port, start=at, end=at) for port in range(first, first + 4)]))
    assert len(watch.found) == 8


def test_a_blocked_path_of_a_source_with_many_dead_targets_is_not_reported() -> None:
    dead = [probe(APP, f"10.0.2.{number}", 443) for number in range(MAX_ENDPOINTS_PER_SOURCE)]
    assert reported(*dead, blocked(APP, DATABASE, 5432)) == []
    assert len(reported(*dead[1:], blocked(APP, DATABASE, 5432))) == 1


def test_a_scanner_is_reported_as_a_scan_and_not_as_blocked() -> None:
    probes = [blocked(APP, f"10.0.3.{number}", 22, packets=1, bytes=60) for number in range(20)]
    (finding,) = found_in([*probes, blocked(APP, DATABASE, 5432)])
    assert finding.kind == "host_sweep"


def test_each_path_is_reported_once_a_day() -> None:
    lines = [blocked(APP, DATABASE, 5432), blocked(APP, DATABASE, 5433), blocked(APP, DATABASE, 5432, start=NOON + 9)]
    assert len(reported(*lines)) == 2
    tomorrow = blocked(APP, DATABASE, 5432, start=NOON + 86_400, end=NOON + 86_400)
    assert len({each.id for each in reported(*lines, tomorrow)}) == 3


def test_a_long_owner_name_is_cut() -> None:
    (finding,) = reported(blocked(APP, DATABASE, 5432), inventory=Inventory.of((interface(APP, name="a" * 255),)))
    assert finding.title.startswith(f"{'a' * 61}... (10.0.0.9) is blocked from")


def test_a_blocked_path_is_found_in_the_default_format() -> None:
    (finding,) = found_in([blocked(APP, DATABASE, 5432, V2)], V2)
    assert (finding.kind, finding.scope) == ("blocked_internal", "unknown")
