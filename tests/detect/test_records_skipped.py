"""Skipped flow log records (SKIPDATA) of an interface."""

from flowsentry.findings.finding import Finding, Severity
from flowsentry.inventory.inventory import Inventory
from tests.builders import INTERFACE, NOON, V2, V5, VPC, found_in, interface, line, no_data

HOUR = 3_600


def skipped(names: tuple[str, ...] = V5, **values: object) -> str:
    return no_data(names, "SKIPDATA", **values)


def reported(*lines: str, names: tuple[str, ...] = V5, inventory: Inventory | None = None) -> list[Finding]:
    return found_in(lines, names, inventory)


def test_an_interface_with_skipped_records_is_a_background_finding() -> None:
    (finding,) = reported(line(), skipped(), skipped(start=NOON + 60, end=NOON + 120))
    assert (finding.kind, finding.severity) == ("records_skipped", Severity.BACKGROUND)
    assert (finding.subject, finding.scope) == (INTERFACE, VPC)
    assert (finding.first_seen, finding.last_seen) == (NOON, NOON + 120)
    assert finding.title == f"{INTERFACE}: AWS skipped flow log records in the hour from 2026-01-01 12:00 UTC"
    assert finding.details == {"hour": NOON, "records": 2, "subject_owner": None, "technique": None}


def test_the_inventory_adds_the_owner_and_the_vpc_that_the_record_lacks() -> None:
    known = Inventory.of((interface("10.0.0.1", interface_id=INTERFACE),))
    (finding,) = reported(skipped(V2), names=V2, inventory=known)
    assert finding.title.startswith(f"web-1 ({INTERFACE}): ")
    assert finding.details["subject_owner"] == {"kind": "instance", "id": "i-web-1", "name": "web-1"}
    assert finding.scope == VPC


def test_an_unknown_interface_without_a_vpc_is_reported() -> None:
    (finding,) = reported(skipped(V2), names=V2)
    assert finding.scope == "unknown"


def test_each_interface_and_hour_is_reported_once() -> None:
    lines = [skipped(), skipped(), skipped(start=NOON + HOUR), skipped(interface_id="eni-other")]
    found = sorted((each.subject, each.details["hour"]) for each in reported(*lines))
    assert found == [(INTERFACE, NOON), (INTERFACE, NOON + HOUR), ("eni-other", NOON)]


def test_the_id_does_not_depend_on_the_vpc_and_the_inventory() -> None:
    known = Inventory.of((interface("10.0.0.1", interface_id=INTERFACE),))
    (with_owner,) = reported(skipped(V2), names=V2, inventory=known)
    (without,) = reported(skipped(V2), names=V2)
    (with_network,) = reported(skipped())
    assert with_owner.id == without.id == with_network.id


def test_the_id_is_pinned_because_a_new_id_is_a_second_line_in_the_digest() -> None:
    (finding,) = reported(skipped())
    assert finding.id == "9a05bac4463eabea2c86a949"


def test_an_interface_without_traffic_is_not_reported() -> None:
    assert reported(*[no_data()] * 5) == []


def test_skipped_records_without_an_interface_are_not_reported() -> None:
    assert reported(skipped(("start", "log-status")), names=("start", "log-status")) == []
