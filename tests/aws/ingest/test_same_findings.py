"""The findings of a traffic are equal however its records are cut into deliveries, ordered, repeated, and divided among
processors.

There is one intended difference. A scanner from outside that is answered only later first raises a finding for the
digest, and then an alert; in one pass it raises only the alert. The tests compare the final findings.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from flowsentry.aws.evidence.table import EvidenceTable
from flowsentry.decode import object_texts
from flowsentry.findings.evidence import EvidenceStore
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.pipeline import Context, Stores, process
from flowsentry.records.fields import DEFAULT_NAMES
from tests import cut_traffic
from tests.aws.one_call_at_a_time import OneCallAtATime
from tests.builders import NOON, V5
from tests.cut_traffic import (
    GUESSER,
    HEARD_SCANNER,
    INTRUDER,
    SLOW_SCANNERS,
    SWEEPER,
    Traffic,
    as_it_ends,
    capture,
    made_traffic,
)
from tests.moto_world import make_evidence_table

CUTS = (cut_traffic.five_minutes, cut_traffic.ten_seconds, cut_traffic.shuffled, cut_traffic.duplicated)
NAMES = count()
PROCESSORS = 8


def found_by(evidence: EvidenceStore, objects: Iterable[bytes], findings: FindingsInMemory | None = None) -> set[str]:
    """The ids of what one processor finds in these objects, one after the other, as it ends."""
    store, context = findings or FindingsInMemory(), Context()
    stores = Stores(evidence, store)
    for each in objects:
        process(object_texts([each]), context, stores)
    return as_it_ends(store.findings.values())


def new_table_name() -> str:
    name = f"evidence-{next(NAMES)}"
    make_evidence_table(name)
    return name


def processor(table_name: str, now: int) -> EvidenceTable:
    """A processor that remembers nothing yet, an hour after the records."""
    return EvidenceTable(table_name, OneCallAtATime(), clock=lambda: now + 3_600)  # type: ignore[arg-type]


def found_by_eight_at_once(objects: Sequence[bytes], now: int) -> set[str]:
    """The ids of what eight processors at one table find, each of which takes up every eighth object."""
    table_name, findings = new_table_name(), FindingsInMemory()
    with ThreadPoolExecutor(PROCESSORS) as threads:
        parts = [objects[first::PROCESSORS] for first in range(PROCESSORS)]
        tasks = [threads.submit(found_by, processor(table_name, now), part, findings) for part in parts]
    assert [task.exception() for task in tasks] == [None] * PROCESSORS
    return as_it_ends(findings.findings.values())


@pytest.fixture(scope="module", params=[V5, DEFAULT_NAMES], ids=["v5", "v2"])
def traffic(request: pytest.FixtureRequest) -> Traffic:
    return made_traffic(request.param)


@pytest.fixture(scope="module")
def in_one_pass(traffic: Traffic) -> set[str]:
    return found_by(EvidenceInMemory(), cut_traffic.whole(traffic))


def test_scanners_and_guessers_are_found_and_ordinary_clients_are_not(traffic: Traffic) -> None:
    findings = FindingsInMemory()
    found_by(EvidenceInMemory(), cut_traffic.whole(traffic), findings)
    found = sorted((each.kind, each.subject) for each in findings.findings.values())
    scans = [*(("network_scan", scanner) for scanner in SLOW_SCANNERS), ("port_scan", HEARD_SCANNER)]
    logins = [*[("login_brute_force", each) for each in (GUESSER, INTRUDER, INTRUDER)], ("remote_login", INTRUDER)]
    assert found == sorted([("host_sweep", SWEEPER), *scans, *logins])


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.__name__)
def test_the_findings_are_equal_however_the_traffic_is_cut(
    traffic: Traffic, in_one_pass: set[str], cut: cut_traffic.Cut
) -> None:
    assert found_by(EvidenceInMemory(), cut(traffic)) == in_one_pass


def test_the_findings_are_equal_in_a_payload_of_each_interface_and_minute() -> None:
    traffic = made_traffic(V5)
    once = found_by(EvidenceInMemory(), cut_traffic.whole(traffic))
    assert found_by(EvidenceInMemory(), cut_traffic.interface_minutes(traffic)) == once


def test_the_findings_are_equal_with_the_table(traffic: Traffic, in_one_pass: set[str]) -> None:
    assert found_by(processor(new_table_name(), NOON), cut_traffic.duplicated(traffic)) == in_one_pass


def test_the_findings_are_equal_with_eight_processors_at_once(traffic: Traffic, in_one_pass: set[str]) -> None:
    pieces = cut_traffic.ten_seconds(traffic)
    assert found_by_eight_at_once(pieces, NOON) == in_one_pass


@pytest.mark.parametrize(
    ("name", "findings", "cut"),
    [
        ("nmap-inside", 1, cut_traffic.ten_seconds),
        ("internet-host-day", 20, cut_traffic.shuffled_hours),
        ("internet-host-day-v2", 18, cut_traffic.shuffled_hours),
    ],
)
def test_the_findings_of_recorded_traffic_are_equal_however_it_is_cut(
    name: str, findings: int, cut: cut_traffic.Cut
) -> None:
    traffic = capture(name)
    once = found_by(EvidenceInMemory(), cut_traffic.whole(traffic))
    assert len(once) >= findings
    assert found_by(EvidenceInMemory(), cut(traffic)) == once


@pytest.mark.parametrize(("name", "hours", "findings"), [("nmap-inside", 24, 1), ("internet-host-day", 2, 2)])
def test_the_same_is_found_in_recorded_traffic_by_eight_at_once(name: str, hours: int, findings: int) -> None:
    traffic = capture(name).first_hours(hours)
    once, now = found_by(EvidenceInMemory(), cut_traffic.whole(traffic)), int(traffic.value("end", traffic.lines[-1]))
    assert len(once) >= findings
    assert found_by_eight_at_once(cut_traffic.duplicated(traffic), now) == once
