"""Internal hosts whose packets to external addresses are rejected."""

from collections.abc import Sequence

import pytest

from flowsentry.detect.scans.few_contacts import MAINTENANCE_PORTS
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.thresholds import BlockedThresholds
from flowsentry.inventory.inventory import Inventory
from tests.builders import NOON, V2, V5, VPC, blocked, found_in, interface, line

APP, UPDATES = "10.0.0.9", "198.51.100.7"
LEAST = BlockedThresholds()


def rejected(target: str = UPDATES, port: int = 443, names: Sequence[str] = V5, **values: object) -> str:
    """Three SYNs that a rule at the sender's interface rejected."""
    return blocked(APP, target, port, names, **{"flow_direction": "egress"} | values)


def reported(*lines: str, inventory: Inventory | None = None) -> list[Finding]:
    return [each for each in found_in(lines, inventory=inventory) if each.kind == "blocked_egress"]


def test_a_host_with_blocked_egress_is_a_low_finding() -> None:
    (finding,) = reported(rejected())
    assert (finding.subject, finding.scope, finding.severity) == (APP, VPC, Severity.LOW)
    assert finding.title == "10.0.0.9 is blocked from 198.51.100.7: port 443/tcp (https)"
    assert (finding.details["responder"], finding.details["packets"]) == (UPDATES, LEAST.min_packets)
    assert finding.details["technique"] is None


def test_the_title_and_details_name_the_host() -> None:
    known = Inventory.of((interface(APP, name="app"),))
    (finding,) = reported(rejected(), inventory=known)
    assert finding.title.startswith("app (10.0.0.9) is blocked from 198.51.100.7")
    assert finding.details["subject_owner"] == {"kind": "instance", "id": "i-app", "name": "app"}
    assert finding.details["responder_owner"] is None


def test_many_addresses_of_a_content_delivery_network_are_one_finding() -> None:
    (finding,) = reported(*(rejected(f"198.51.100.{number}") for number in (9, 7, 8)))
    assert finding.title == "10.0.0.9 is blocked from 198.51.100.7 and 2 more external addresses: port 443/tcp (https)"
    assert (finding.details["responders"], finding.endpoints) == (3, 3)
    assert finding.details["sample"] == ["198.51.100.7", "198.51.100.8", "198.51.100.9"]


def test_the_sample_of_addresses_is_limited() -> None:
    many = [rejected(f"198.51.100.{number}", packets=3) for number in range(1, 10)]
    more = [rejected(f"203.0.113.{number}", packets=3) for number in range(1, 10)]
    answered = [line(srcaddr=APP, dstaddr=f"192.0.2.{number}", dstport=443) for number in range(1, 20)]
    (finding,) = reported(*many, *more, *answered)
    assert (finding.details["responders"], len(finding.details["sample"])) == (18, 10)


def test_each_port_is_reported_once_a_day() -> None:
    lines = [rejected(), rejected(port=8443), rejected(start=NOON + 60)]
    assert len(reported(*lines)) == 2
    tomorrow = rejected("198.51.100.8", start=NOON + 86_400, end=NOON + 86_400)
    found = reported(*lines, tomorrow)
    assert (len({each.id for each in found}), len({each.thread for each in found})) == (3, 2)


def test_fewer_packets_than_the_threshold_are_not_reported() -> None:
    assert reported(rejected(packets=LEAST.min_packets - 1, bytes=60 * (LEAST.min_packets - 1))) == []


def test_a_source_rejected_on_many_ports_is_probing() -> None:
    probing = [rejected(port=port) for port in range(8000, 8001 + LEAST.max_endpoints_per_source)]
    assert reported(*probing) == []
    assert len(reported(*probing[1:])) == LEAST.max_endpoints_per_source


def test_a_scanner_is_reported_as_a_scan_and_not_as_blocked() -> None:
    (finding,) = found_in([rejected(f"198.51.100.{number}", 22) for number in range(20)])
    assert (finding.kind, finding.severity) == ("host_sweep", Severity.HIGH)


@pytest.mark.parametrize("port", MAINTENANCE_PORTS)
def test_a_host_without_egress_that_tries_many_time_servers_or_mirrors_is_no_scanner(port: int) -> None:
    (finding,) = found_in([rejected(f"198.51.100.{number}", port) for number in range(1, 41)])
    assert (finding.kind, finding.severity, finding.details["responders"]) == ("blocked_egress", Severity.LOW, 40)


def test_many_external_addresses_without_an_answer_are_a_scan_on_any_port() -> None:
    (finding,) = found_in([rejected(f"198.51.100.{number}", action="ACCEPT") for number in range(1, 41)])
    assert finding.kind == "host_sweep"


@pytest.mark.parametrize("address", ["224.0.0.251", "255.255.255.255", "169.254.10.20", "::", "ff02::fb"])
def test_an_address_that_is_no_external_host_is_not_reported(address: str) -> None:
    assert reported(rejected(address, 5353, protocol=17, tcp_flags=0)) == []


@pytest.mark.parametrize(
    "records",
    [
        blocked("203.0.113.9", APP, 443),
        blocked(APP, "10.0.1.1", 443),
        rejected(action="ACCEPT"),
        rejected(port=0, protocol=1, tcp_flags=0),
        line(srcaddr=APP, dstaddr=UPDATES, srcport=443, dstport=40000, tcp_flags=1, action="REJECT"),
    ],
    ids=["from outside", "to inside", "unanswered", "ping", "late packet"],
)
def test_an_innocent_look_alike_is_not_reported(records: str) -> None:
    assert reported(records) == []


def test_blocked_egress_is_found_in_the_default_format() -> None:
    (finding,) = found_in([blocked(APP, UPDATES, 443, V2)], V2)
    assert (finding.kind, finding.scope) == ("blocked_egress", "unknown")


def test_the_reject_reason_of_block_public_access_is_in_the_details() -> None:
    names = ("version", "interface-id", "vpc-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets")
    names += ("bytes", "start", "end", "action", "tcp-flags", "flow-direction", "log-status", "reject-reason")
    (finding,) = found_in([rejected(names=names, reject_reason="BPA")], names)
    assert finding.details["reject_reason"] == "BPA"
    assert finding.details["refusal"]["layer"] == "block_public_access"
    assert "VPC Block Public Access" in finding.details["refusal"]["sentence"]
