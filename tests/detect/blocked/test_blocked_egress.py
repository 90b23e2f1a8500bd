"""Own host refused by a rule on its way to an outside address."""

from collections.abc import Sequence

import pytest

from flowsentry.detect.scans.source_evidence import MAINTENANCE_PORTS
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.thresholds import BlockedThresholds
from flowsentry.inventory.inventory import Inventory
from tests.builders import NOON, V2, V5, VPC, blocked, found_in, interface, line

APP, UPDATES = "10.0.0.9", "198.51.100.7"
LEAST = BlockedThresholds()


def refused(target: str = UPDATES, port: int = 443, names: Sequence[str] = V5, **values: object) -> str:
    """Three SYNs that a rule of the own interface refused."""
    return blocked(APP, target, port, names, **{"flow_direction": "egress"} | values)


def told(*lines: str, inventory: Inventory | None = None) -> list[Finding]:
    return [each for each in found_in(lines, inventory=inventory) if each.kind == "blocked_egress"]


def test_a_host_that_may_not_go_out_is_a_line_in_the_digest() -> None:
    (finding,) = told(refused())
    assert (finding.subject, finding.scope, finding.severity) == (APP, VPC, Severity.LOW)
    assert finding.title == "10.0.0.9 is blocked from 198.51.100.7: port 443/tcp (https)"
    assert (finding.details["responder"], finding.details["packets"]) == (UPDATES, LEAST.min_packets)
    assert finding.details["technique"] is None


def test_who_it_is_about_is_told_by_name() -> None:
    known = Inventory.of((interface(APP, name="app"),))
    (finding,) = told(refused(), inventory=known)
    assert finding.title.startswith("app (10.0.0.9) is blocked from 198.51.100.7")
    assert finding.details["subject_owner"] == {"kind": "instance", "id": "i-app", "name": "app"}
    assert finding.details["responder_owner"] is None


def test_the_many_addresses_of_a_content_network_are_one_finding() -> None:
    (finding,) = told(*(refused(f"198.51.100.{number}") for number in (9, 7, 8)))
    assert finding.title == "10.0.0.9 is blocked from 198.51.100.7 and 2 more external addresses: port 443/tcp (https)"
    assert (finding.details["responders"], finding.endpoints) == (3, 3)
    assert finding.details["sample"] == ["198.51.100.7", "198.51.100.8", "198.51.100.9"]


def test_a_sample_is_bounded() -> None:
    many = [refused(f"198.51.100.{number}", packets=3) for number in range(1, 10)]
    more = [refused(f"203.0.113.{number}", packets=3) for number in range(1, 10)]
    answered = [line(srcaddr=APP, dstaddr=f"192.0.2.{number}", dstport=443) for number in range(1, 20)]
    (finding,) = told(*many, *more, *answered)
    assert (finding.details["responders"], len(finding.details["sample"])) == (18, 10)


def test_each_port_is_told_once_a_day() -> None:
    lines = [refused(), refused(port=8443), refused(start=NOON + 60)]
    assert len(told(*lines)) == 2
    tomorrow = refused("198.51.100.8", start=NOON + 86_400, end=NOON + 86_400)
    found = told(*lines, tomorrow)
    assert (len({each.id for each in found}), len({each.thread for each in found})) == (3, 2)


def test_fewer_packets_than_a_client_that_means_it_sends_are_not_told() -> None:
    assert told(refused(packets=LEAST.min_packets - 1, bytes=60 * (LEAST.min_packets - 1))) == []


def test_a_source_refused_on_more_ports_than_a_few_tries_doors() -> None:
    probing = [refused(port=port) for port in range(8000, 8001 + LEAST.max_endpoints_per_source)]
    assert told(*probing) == []
    assert len(told(*probing[1:])) == LEAST.max_endpoints_per_source


def test_a_scanner_is_told_as_one_and_not_as_blocked() -> None:
    (finding,) = found_in([refused(f"198.51.100.{number}", 22) for number in range(20)])
    assert (finding.kind, finding.severity) == ("host_sweep", Severity.HIGH)


@pytest.mark.parametrize("port", MAINTENANCE_PORTS)
def test_a_closed_host_that_asks_many_time_servers_or_mirrors_is_no_scanner(port: int) -> None:
    (finding,) = found_in([refused(f"198.51.100.{number}", port) for number in range(1, 41)])
    assert (finding.kind, finding.severity, finding.details["responders"]) == ("blocked_egress", Severity.LOW, 40)


def test_many_addresses_outside_that_do_not_answer_are_a_scan_on_any_port() -> None:
    (finding,) = found_in([refused(f"198.51.100.{number}", action="ACCEPT") for number in range(1, 41)])
    assert finding.kind == "host_sweep"


@pytest.mark.parametrize("nobody", ["224.0.0.251", "255.255.255.255", "169.254.10.20", "::", "ff02::fb"])
def test_an_address_of_no_host_outside_is_not_told(nobody: str) -> None:
    assert told(refused(nobody, 5353, protocol=17, tcp_flags=0)) == []


@pytest.mark.parametrize(
    "innocent",
    [
        blocked("203.0.113.9", APP, 443),
        blocked(APP, "10.0.1.1", 443),
        refused(action="ACCEPT"),
        refused(port=0, protocol=1, tcp_flags=0),
        line(srcaddr=APP, dstaddr=UPDATES, srcport=443, dstport=40000, tcp_flags=1, action="REJECT"),
    ],
    ids=["from outside", "to inside", "unanswered", "ping", "late packet"],
)
def test_what_only_looks_like_it_is_not_told(innocent: str) -> None:
    assert told(innocent) == []


def test_the_default_format_tells_it_too() -> None:
    (finding,) = found_in([blocked(APP, UPDATES, 443, V2)], V2)
    assert (finding.kind, finding.scope) == ("blocked_egress", "unknown")


def test_block_public_access_is_named_where_the_record_says_so() -> None:
    names = ("version", "interface-id", "vpc-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets")
    names += ("bytes", "start", "end", "action", "tcp-flags", "flow-direction", "log-status", "reject-reason")
    (finding,) = found_in([refused(names=names, reject_reason="BPA")], names)
    assert finding.details["reject_reason"] == "BPA"
    assert finding.details["refusal"]["layer"] == "block_public_access"
    assert "VPC Block Public Access" in finding.details["refusal"]["sentence"]
