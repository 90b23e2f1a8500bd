"""Captured traffic with known scanners: recall and false alarms."""

import csv
import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import pytest

from flowsentry.decode import subscription, subscription_text
from flowsentry.findings.finding import Finding
from flowsentry.frames import LogText
from tests.builders import V2, Watch, flow_log, payload
from tests.recorded import recorded

LINES_A_PAYLOAD = 200
OBJECTS_AN_HOUR = 12


@dataclass(frozen=True)
class Capture:
    """The objects of a capture, in the order of their names (and time), and the known class of each source."""

    objects: list[bytes]
    truth: dict[str, str]

    @property
    def scanners(self) -> set[str]:
        return {source for source, verdict in self.truth.items() if verdict == "scanner"}


def capture(name: str) -> Capture:
    folder = recorded(f"detection/traffic/{name}")
    with (folder / "truth.csv").open(newline="") as handle:
        truth = {row["source"]: row["verdict"] for row in csv.DictReader(handle)}
    return Capture([path.read_bytes() for path in sorted(folder.rglob("*.log.gz"))], truth)


def lines_of(data: bytes) -> tuple[tuple[str, ...], list[str]]:
    header, *lines = gzip.decompress(data).decode().splitlines()
    return tuple(header.split()), lines


def by_the_hour(objects: Sequence[bytes]) -> Iterator[bytes]:
    """The same records in hourly objects: fewer objects are faster, and do not change the findings."""
    for first in range(0, len(objects), OBJECTS_AN_HOUR):
        named = [lines_of(data) for data in objects[first : first + OBJECTS_AN_HOUR]]
        yield flow_log((line for _, lines in named for line in lines), named[0][0])


def found_in(objects: Iterable[bytes]) -> list[Finding]:
    watch = Watch()
    watch.see(*objects)
    return watch.found


def recall(found: Sequence[Finding], seen: Capture) -> float:
    return len(seen.scanners & {each.subject for each in found}) / len(seen.scanners)


def accused(found: Sequence[Finding], seen: Capture) -> list[Finding]:
    """The findings about benign sources, without sources whose class is unclear."""
    return [each for each in found if seen.truth.get(each.subject, "innocent") == "innocent"]


@pytest.mark.parametrize(
    ("name", "least_recall"),
    [("internet-host-day", 0.95), ("internet-host-day-v2", 0.9), ("internet-host-day-open-v2", 0.9)],
)
def test_the_scanners_of_a_day_on_the_internet_are_found_without_false_alarms(name: str, least_recall: float) -> None:
    seen = capture(name)
    found = found_in(by_the_hour(seen.objects))
    assert recall(found, seen) >= least_recall
    assert accused(found, seen) == []
    assert len(found) <= 2 * len(seen.scanners)


@pytest.mark.parametrize("name", ["quiet-office-day", "quiet-office-day-v2"])
def test_a_day_without_scanners_has_no_findings(name: str) -> None:
    assert found_in(by_the_hour(capture(name).objects)) == []


def in_default_format(data: bytes) -> bytes:
    """The same records with only the fourteen default fields."""
    names, lines = lines_of(data)
    resources = [names.index(name) for name in V2]
    return flow_log((" ".join(line.split(" ")[target] for target in resources) for line in lines), V2)


def cut_at_random(data: bytes) -> Iterator[bytes]:
    """The same records in objects of up to 200 lines."""
    names, lines = lines_of(data)
    random, at = Random(len(lines)), 0  # noqa: S311 - seeded
    while at < len(lines):
        size = random.randint(1, 200)
        yield flow_log(lines[at : at + size], names)
        at += size


FORMS: dict[str, Callable[[bytes], Iterable[bytes]]] = {
    "as recorded": lambda data: [data],
    "in the default format": lambda data: [in_default_format(data)],
    "cut at random": cut_at_random,
}


@pytest.mark.parametrize("form", FORMS)
def test_an_internal_network_scan_is_found_in_the_first_object_with_few_findings(form: str) -> None:
    seen = capture("nmap-inside")
    found = found_in(each for data in seen.objects for each in FORMS[form](data))
    assert {each.subject for each in found} == seen.scanners
    assert len(found) <= 3
    assert {each.severity for each in found} == {"high"}
    assert found[0].endpoints < 2000


def payloads(data: bytes) -> Iterator[LogText]:
    """The records of an object in small payloads, as CloudWatch Logs delivers them."""
    names, lines = lines_of(data)
    log_format = " ".join(f"${{{name}}}" for name in names)
    for first in range(0, len(lines), LINES_A_PAYLOAD):
        yield subscription_text(subscription(payload(lines[first : first + LINES_A_PAYLOAD])), log_format)


def test_payloads_and_objects_have_the_same_scanners() -> None:
    seen = capture("nmap-inside")
    watch = Watch()
    for data in seen.objects:
        for text in payloads(data):
            watch.see_texts([text])
    assert {each.subject for each in watch.found} == seen.scanners
    assert len(watch.found) <= 3
