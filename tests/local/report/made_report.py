"""A report of made traffic, with findings of every section."""

from functools import cache

from flowsentry.findings.finding import Finding, Severity
from flowsentry.inventory.address_space import AddressSpace
from local.report.flow_sums import FlowSums
from local.report.found import FindingSums
from local.report.report import Reading, Report, report_of
from stacks.prices.traffic import quotes
from tests.builders import NOON
from tests.local.report.test_flow_sums import INVENTORY, NO_RECORDS, made

HOSTILE = "<script>alert(1)</script>\u202egnp.exe"
KINDS = ("port_scan", "service_down", "blocked_internal", "remote_login", "records_skipped")


def finding(kind: str, number: int = 0, severity: Severity = Severity.MEDIUM, title: str = "") -> Finding:
    seen = NOON + 60 * number
    return Finding(f"{kind}{number}", kind, severity, title or f"{kind} {number}", "10.0.0.1", "vpc-1", seen, seen + 30)


@cache
def report() -> Report:
    """Of two files and a damaged one."""
    sums = FlowSums(space_of_inventory(), quotes("us-east-1"))
    for flows in made():
        sums.add(NO_RECORDS, flows)
    sums.commit()
    found = FindingSums()
    found.add(finding(kind) for kind in KINDS)
    found.add([finding("port_scan", 1, Severity.HIGH, HOSTILE), finding("port_scan", 2, Severity.BACKGROUND)])
    lines = {"lines": 29, "records": 27, "NODATA": 1, "SKIPDATA": 1}
    reading = Reading(2, 1, lines, {"bad-value": 2}, NOON, NOON + 10_800, 0.125)
    return report_of(reading, sums.settle(), found, "us-east-1", ["AWS skipped records once (SKIPDATA)"])


def space_of_inventory() -> AddressSpace:
    return AddressSpace.of(INVENTORY)
