"""Recorded scanners are found while a flood of spoofed sources is in the same files."""

from collections.abc import Iterator

import pytest

from flowsentry.findings.finding import Finding
from tests.builders import Watch, flow_log
from tests.cut_traffic import Traffic, capture, hours
from tests.recorded import recorded

FLOOD_A_FILE = 3_000
"""One and a half times the single probes that a batch records. More: the test takes longer."""


def spoofed(traffic: Traffic, first: int, at: str) -> Iterator[str]:
    """Records in the format of the capture, each from a different address."""
    values = dict(zip(traffic.names, traffic.lines[0].split(" "), strict=True))
    for number in range(first, first + FLOOD_A_FILE):
        source = f"198.{18 + (number >> 16 & 1)}.{number >> 8 & 255}.{number & 255}"
        fields = {"srcaddr": source, "pkt-srcaddr": source, "srcport": str(1_024 + number % 60_000), "protocol": "6"}
        fields |= {"dstport": str(1 + number % 50_000), "packets": "1", "bytes": "40", "action": "REJECT"}
        fields |= {"start": at, "end": at, "tcp-flags": "2", "log-status": "OK"}
        yield " ".join((values | fields)[name] for name in traffic.names)


def scanners(found: list[Finding]) -> set[str]:
    return {each.subject for each in found if each.details.get("relation")}


@pytest.mark.parametrize(("name", "at_least"), [("nmap-inside", 1.0), ("internet-host-day", 0.9)])
def test_scanners_are_found_in_a_flood(name: str, at_least: float) -> None:
    recorded(f"detection/traffic/{name}")
    traffic, alone, flooded = capture(name), Watch(), Watch()
    files = hours(traffic)
    flooded_file = max(range(len(files)), key=lambda number: len(files[number]))
    for number, each in enumerate(files):
        alone.see(each)
        lines = each.decode().splitlines()[1:]
        at = traffic.value("end", lines[0])
        flood = list(spoofed(traffic, number * FLOOD_A_FILE, at)) if number == flooded_file else []
        flooded.see(flow_log([*lines, *flood], traffic.names))
    expected = scanners(alone.found)
    assert len(expected & scanners(flooded.found)) >= at_least * len(expected) > 0
    assert [[each.kind for each in watch.found].count("flood") for watch in (alone, flooded)] == [0, 1]
