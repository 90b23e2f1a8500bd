"""A file of very many sources outside that open one contact each is held in bounded memory."""

from collections.abc import Iterator

import pytest

import flowsentry.contacts as contacts_of
from flowsentry.contacts import ContactAggregator, aggregate, thinning
from tests.builders import V2, V5, blocked, enriched, exchange, probe

HELD, MOST = 50, 100
by_format = pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts_of, "MAX_OPENINGS", MOST)
    monkeypatch.setattr(thinning, "MAX_SOURCES_HELD", HELD)


def address(number: int) -> str:
    return f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def spoofed(first: int, count: int, names: tuple[str, ...], host: str = "10.0.0.1") -> Iterator[str]:
    for number in range(first, first + count):
        yield blocked(address(number), host, 50_000 + number % 999, names, srcport=40_000 + number % 999)


def gathered(names: tuple[str, ...], *chunks: list[str]) -> ContactAggregator:
    aggregator = ContactAggregator()
    for lines in chunks:
        aggregate(enriched(lines, names), aggregator)
    return aggregator


@by_format
@pytest.mark.parametrize("chunks", [5, 20])
def test_sources_with_single_contacts_are_bounded_and_the_dropped_ones_counted(
    names: tuple[str, ...], chunks: int
) -> None:
    aggregator = gathered(names, *(list(spoofed(60 * each, 60, names)) for each in range(chunks)))
    held = len(aggregator.settle().contacts)
    assert held <= HELD + 2 * MOST
    assert held + aggregator.dropped_sources == 60 * chunks


@by_format
def test_a_source_with_two_contacts_is_kept(names: tuple[str, ...]) -> None:
    scan = [blocked("203.0.113.9", "10.0.0.1", port, names, srcport=51_000 + port) for port in (7_001, 7_002)]
    chunks = [list(spoofed(60 * each, 60, names)) for each in range(10)]
    settled = gathered(names, [*scan, *chunks[0]], *chunks[1:]).settle().contacts
    assert (settled["initiator"] == "203.0.113.9").sum() == 2


@pytest.mark.parametrize("times", [2, 3])
def test_the_same_contact_twice_is_still_one(times: int) -> None:
    chunks = [list(spoofed(60 * each, 60, V5)) * times for each in range(10)]
    aggregator = gathered(V5, *chunks)
    assert len(aggregator.settle().contacts) <= HELD + 2 * MOST
    assert aggregator.dropped_sources > 300


def test_sources_with_two_contacts_each_are_bounded_too_and_a_louder_one_is_held() -> None:
    two = [[*spoofed(60 * each, 60, V5), *spoofed(60 * each, 60, V5, host="10.0.0.2")] for each in range(10)]
    scan = [blocked("203.0.113.9", f"10.0.1.{host}", 3_389) for host in range(1, 21)]
    settled = gathered(V5, *two[:5], scan, *two[5:]).settle().contacts
    assert len(settled) <= 2 * (HELD + 2 * MOST) + 20
    assert (settled["initiator"] == "203.0.113.9").sum() == 20


@by_format
def test_sources_inside_are_never_dropped(names: tuple[str, ...]) -> None:
    inside = [probe(f"10.1.{number >> 8}.{number & 255}", "10.0.0.1", 22, names) for number in range(300)]
    aggregator = gathered(names, inside[:150], inside[150:])
    assert (len(aggregator.settle().contacts), aggregator.dropped_sources) == (300, 0)


@by_format
def test_below_the_limit_all_sources_are_held(names: tuple[str, ...]) -> None:
    aggregator = gathered(names, list(spoofed(0, MOST // 2, names)))
    assert (len(aggregator.settle().contacts), aggregator.dropped_sources) == (MOST // 2, 0)


def test_answered_contacts_survive_a_flood() -> None:
    answered = exchange("203.0.113.9", "10.0.0.1", 443)
    chunks = [list(spoofed(60 * each, 60, V5)) for each in range(10)]
    settled = gathered(V5, *chunks[:5], answered, *chunks[5:]).settle().contacts
    assert settled.filter(settled["initiator"] == "203.0.113.9")["outcome"].to_list() == ["answered"]
