"""Scan findings: number, severity, title and details."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from flowsentry.detect import SHAPES
from flowsentry.findings.finding import Finding, Severity
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.source_address import PUBLIC
from flowsentry.pipeline import Context
from tests.builders import NOON, VPC, Watch, exchange, flow_log, found_in, interface, probe

OUTSIDE = "203.0.113.9"
ONE_DAY = 86_400


def sweep(source: str, targets: Iterable[str], ports: Sequence[int] = (22,), **values: Any) -> list[str]:
    return [probe(source, target, port, **values) for target in targets for port in ports]


def hosts(count: int, network: str = "10.0.1") -> list[str]:
    return [f"{network}.{number + 1}" for number in range(count)]


def only(findings: Sequence[Finding]) -> Finding:
    (finding,) = findings
    return finding


@pytest.mark.parametrize(
    ("kind", "targets", "ports", "title"),
    [
        ("port_scan", hosts(1), range(1, 21), "203.0.113.9 scans ports of 10.0.1.1: 20 ports"),
        ("host_sweep", hosts(20), [22], "203.0.113.9 sweeps 20 hosts: port 22"),
        ("network_scan", hosts(5), [22, 80, 443], "203.0.113.9 scans 5 hosts: 3 ports"),
        ("port_scan", hosts(2), range(1, 7), "203.0.113.9 scans ports of 2 hosts: 6 ports"),
        ("host_sweep", hosts(6), [22, 80], "203.0.113.9 sweeps 6 hosts: 2 ports"),
    ],
)
def test_the_numbers_of_hosts_and_ports_decide_the_kind(
    kind: str, targets: list[str], ports: Sequence[int], title: str
) -> None:
    finding = only(found_in(sweep(OUTSIDE, targets, ports)))
    assert (finding.kind, finding.title) == (kind, title)
    assert (finding.details["hosts"], finding.details["ports"]) == (len(targets), len(ports))
    assert finding.endpoints == len(targets) * len(ports)


def test_each_shape_has_its_own_kind_and_the_last_fits_every_scan() -> None:
    assert len({shape.kind for shape in SHAPES}) == len(SHAPES)
    assert all(SHAPES[-1].fits(hosts, ports) for hosts in range(1, 30) for ports in range(1, 30))


@pytest.mark.parametrize(
    ("source", "network", "relation", "severity"),
    [
        (OUTSIDE, "10.0.1", "outside_background", Severity.BACKGROUND),
        ("10.0.0.9", "198.51.100", "inside_to_outside", Severity.HIGH),
        ("10.0.0.9", "10.0.1", "inside_to_inside", Severity.HIGH),
    ],
)
def test_the_direction_of_a_scan_decides_its_severity(
    source: str, network: str, relation: str, severity: Severity
) -> None:
    direction = "egress" if network == "198.51.100" else "ingress"
    finding = only(found_in(sweep(source, hosts(12, network), flow_direction=direction)))
    assert (finding.details["relation"], finding.severity) == (relation, severity)


def test_an_external_scan_with_an_answer_is_medium_and_lists_the_endpoint() -> None:
    lines = [*sweep(OUTSIDE, hosts(12)), *exchange(OUTSIDE, "10.0.1.99", 22)]
    finding = only(found_in(lines))
    assert (finding.details["relation"], finding.severity) == ("outside_answered", Severity.MEDIUM)
    assert finding.details["answered_endpoints"] == ["10.0.1.99:22/tcp"]


def test_a_scan_from_a_trusted_network_with_an_answer_stays_background() -> None:
    watch = Watch()
    watch.context = Context(trusted_networks=("203.0.113.0/24",))
    watch.see(flow_log([*sweep(OUTSIDE, hosts(12)), *exchange(OUTSIDE, "10.0.1.99", 22)]))
    assert [each.details["relation"] for each in watch.found] == ["outside_background"]


def test_a_scan_by_an_internal_host_in_a_trusted_network_stays_high() -> None:
    watch = Watch()
    watch.context = Context(trusted_networks=("10.0.0.0/8",))
    watch.see(flow_log(sweep("10.0.0.9", hosts(12))))
    assert only(watch.found).severity is Severity.HIGH


@pytest.mark.parametrize(("tried", "reported"), [(16, list(range(1, 17))), (17, None)])
def test_failed_ports_are_listed_up_to_a_limit(tried: int, reported: list[int] | None) -> None:
    finding = only(found_in(sweep(OUTSIDE, hosts(1), range(1, tried + 1))))
    assert finding.details["failed_ports"] == reported


def test_a_source_has_one_finding_a_day_and_another_when_the_severity_rises() -> None:
    watch = Watch()
    for first in range(0, 60, 12):
        watch.see(flow_log(sweep(OUTSIDE, hosts(60)[first : first + 12])))
    assert len(watch.found) == 1
    watch.see(flow_log([*exchange(OUTSIDE, "10.0.1.99", 22), *sweep(OUTSIDE, ["10.0.1.98"])]))
    assert [each.details["relation"] for each in watch.found] == ["outside_background", "outside_answered"]
    watch.see(flow_log(sweep(OUTSIDE, hosts(12), start=NOON + ONE_DAY, end=NOON + ONE_DAY)))
    assert len({each.id for each in watch.found}) == len(watch.found) == 3


def test_a_slow_scan_over_four_days_is_found_and_over_five_is_not() -> None:
    for days, found in ((4, 1), (5, 0)):
        watch = Watch()
        step = (days - 1) * ONE_DAY // 9
        for number, target in enumerate(hosts(10)):
            at = NOON - 12 * 3600 + 60 + number * step
            watch.see(flow_log(sweep(OUTSIDE, [target], start=at, end=at)))
        assert len(watch.found) == found


def test_late_evidence_of_an_earlier_day_makes_later_days_scans() -> None:
    watch = Watch()
    watch.see(flow_log(sweep(OUTSIDE, hosts(6), start=NOON + ONE_DAY, end=NOON + ONE_DAY)))
    watch.see(flow_log(sweep(OUTSIDE, hosts(12)[6:])))
    assert len(watch.found) == 1


def test_an_external_source_is_one_source_for_all_vpcs() -> None:
    lines = sweep(OUTSIDE, hosts(5)) + sweep(OUTSIDE, hosts(10)[5:], vpc_id="vpc-other")
    assert only(found_in(lines)).scope == PUBLIC


def test_the_same_private_address_in_two_vpcs_is_two_sources() -> None:
    lines = sweep("10.0.0.9", hosts(6)) + sweep("10.0.0.9", hosts(12)[6:], vpc_id="vpc-other")
    assert found_in(lines) == []


def test_the_title_and_details_name_the_owner() -> None:
    known = Inventory.of((interface("10.0.0.9", name="build-7"),))
    finding = only(found_in(sweep("10.0.0.9", hosts(12)), inventory=known))
    assert finding.title.startswith("build-7 (10.0.0.9) sweeps 12 hosts")
    assert finding.details["subject_owner"] == {"kind": "instance", "id": "i-build-7", "name": "build-7"}
    assert (finding.scope, finding.subject) == (VPC, "10.0.0.9")


def test_a_scan_of_thousands_has_limited_details_and_an_estimated_number() -> None:
    finding = only(found_in(sweep(OUTSIDE, hosts(200), range(1, 21))))
    assert len(finding.details["sample_endpoints"]) == 10
    assert 2500 < finding.endpoints < 6000
    assert len(finding.to_json()) < 2000


def test_times_come_from_the_records() -> None:
    lines = sweep(OUTSIDE, hosts(6), start=NOON, end=NOON + 5) + sweep(OUTSIDE, hosts(12)[6:], start=NOON + 9)
    finding = only(found_in(lines))
    assert (finding.first_seen, finding.last_seen) == (NOON, NOON + 30)


def test_a_name_longer_than_any_vpc_id_is_dropped_and_other_sources_are_kept() -> None:
    nonsense = [probe("10.0.9.1", "10.0.0.1", port, vpc_id="vpc-" + "a" * 3_000) for port in range(1, 21)]
    watch = Watch()
    watch.see(flow_log([*nonsense, *(probe("10.0.9.2", "10.0.0.1", port) for port in range(1, 21))]))
    assert [finding.subject for finding in watch.found] == ["10.0.9.1", "10.0.9.2"]
    assert all(len(key.scope) < 300 for key in watch.evidence.items)


def test_the_known_owner_of_a_single_target_is_in_the_details() -> None:
    known = Inventory.of([interface("10.0.0.1", name="orders")])
    one = [probe("10.0.9.1", "10.0.0.1", port) for port in range(1, 21)]
    (finding,) = found_in(one, inventory=known)
    assert finding.details["target_owner"]["name"] == "orders"
    (unknown,) = found_in(one)
    (several,) = found_in([*one, probe("10.0.9.1", "10.0.0.2", 1)], inventory=known)
    assert "target_owner" not in unknown.details
    assert "target_owner" not in several.details
