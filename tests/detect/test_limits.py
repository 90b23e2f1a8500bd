"""Too many sources or findings in one batch: those with priority are recorded and flood, the others counted."""

from collections.abc import Iterator
from itertools import islice
from random import Random

import pytest

from flowsentry.detect import limits
from flowsentry.detect.logins import external_clients
from flowsentry.detect.scans import source_evidence
from flowsentry.findings.finding import Finding, Severity
from tests.builders import NOON, V2, V5, Watch, blocked, exchange, flow_log, line, probe

LIMIT, SINGLES = 40, 20
SCANNER = "203.0.113.9"
HIGH_SCANNER = "10.0.0.200"
by_format = pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])


@pytest.fixture(autouse=True)
def low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Low limits, so that tests are fast."""
    monkeypatch.setattr(limits, "MAX_SOURCES", LIMIT)
    monkeypatch.setattr(limits, "MAX_SINGLE_PROBES", SINGLES)
    monkeypatch.setattr(limits, "MAX_FINDINGS_PER_KIND", LIMIT)
    monkeypatch.setattr(external_clients, "MAX_SERVICES", LIMIT)
    monkeypatch.setattr(source_evidence, "MAX_SOURCE_LOOKUPS", LIMIT)


def spoofed(count: int, names: tuple[str, ...] = V5, first: int = 0) -> Iterator[str]:
    """Single probes, each from a different address; a rule rejects every second one."""
    for number in range(first, first + count):
        source = f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        call = blocked if number % 2 else probe
        yield call(source, f"10.0.0.{number % 9 + 1}", 1_000 + number % 50_000, names, srcport=1_024 + number % 60_000)


def scan(source: str = SCANNER, names: tuple[str, ...] = V5, hosts: int = 30) -> list[str]:
    return [probe(source, f"10.0.1.{host + 1}", 23, names, srcport=40_000 + host) for host in range(hosts)]


def seen(*batches: list[str], names: tuple[str, ...] = V5) -> Watch:
    watch = Watch()
    watch.see(*(flow_log(each, names) for each in batches))
    return watch


def floods(watch: Watch) -> list[Finding]:
    return [each for each in watch.found if each.kind == "flood"]


def scanners(watch: Watch) -> set[str]:
    return {each.subject for each in watch.found if each.kind in ("port_scan", "host_sweep", "network_scan")}


@by_format
@pytest.mark.parametrize("count", [SINGLES * 2, 1_000, 3_000])
def test_a_flood_of_single_probes_writes_a_limited_number_of_items(count: int, names: tuple[str, ...]) -> None:
    assert len(seen(list(spoofed(count, names)), names=names).evidence.items) == SINGLES


@by_format
@pytest.mark.parametrize("place", [0, 700, 1_500])
def test_scanners_are_found_at_any_position_in_a_flood(place: int, names: tuple[str, ...]) -> None:
    flood = list(spoofed(1_500, names))
    lines = [*flood[:place], *scan(names=names), *scan(HIGH_SCANNER, names), *flood[place:]]
    assert scanners(seen(lines, names=names)) == {SCANNER, HIGH_SCANNER}


@by_format
def test_sources_left_out_are_counted_and_reported_once_a_day(names: tuple[str, ...]) -> None:
    watch = seen(list(spoofed(1_000, names)), list(spoofed(500, names, first=5_000)), names=names)
    (flood,) = floods(watch)
    assert flood.severity is Severity.LOW
    assert (flood.details["number"], flood.details["side"]) == (1_000 - SINGLES, "outside")
    assert flood.details["left_out"] == "sources"


def test_a_flood_of_internal_sources_is_medium() -> None:
    lines = [probe(f"10.2.{number >> 8}.{number & 255}", "10.0.0.1", 80 + number) for number in range(300)]
    (flood,) = floods(seen(lines))
    assert (flood.severity, flood.details["side"], flood.details["number"]) == (
        Severity.MEDIUM,
        "inside",
        300 - LIMIT,
    )


def test_a_flood_of_external_sources_keeps_all_internal_sources() -> None:
    inside = [probe(f"10.2.0.{number + 1}", "10.0.0.1", 80) for number in range(LIMIT)]
    watch = seen([*inside, *spoofed(1_000)])
    assert sum(each.is_inside for each in watch.evidence.items.values()) == LIMIT


@pytest.mark.parametrize("seed", range(5))
def test_the_same_sources_are_kept_however_the_flood_is_delivered(seed: int) -> None:
    lines = list(spoofed(1_000))
    once = set(seen(lines).evidence.items)
    shuffled = iter(Random(seed).sample(lines, len(lines)))  # noqa: S311 - seeded
    cut = seen(*iter(lambda: list(islice(shuffled, 100 + 50 * seed)), []))
    assert once <= set(cut.evidence.items)


def test_sources_with_more_failed_endpoints_have_priority() -> None:
    two_each = [
        probe(f"198.51.{number >> 8}.{number & 255}", f"10.0.0.{host}", 80) for number in range(400) for host in (1, 2)
    ]
    watch = seen([*two_each, *scan(hosts=12)])
    assert SCANNER in {key.source for key in watch.evidence.items}
    assert len(watch.evidence.items) == LIMIT - SINGLES


def test_few_sources_are_all_recorded_without_a_flood_finding() -> None:
    watch = seen(list(spoofed(SINGLES)))
    assert (len(watch.evidence.items), floods(watch)) == (SINGLES, [])


def test_clients_of_a_known_service_with_an_outage_are_no_flood() -> None:
    clients = [f"198.18.{number >> 8}.{number & 255}" for number in range(300)]
    answered = [each for client in clients for each in exchange(client, "10.0.0.1", 443)]
    later = {"start": NOON + 7_200, "end": NOON + 7_210}
    watch = seen(answered, [probe(client, "10.0.0.1", 443, **later) for client in clients])
    assert (floods(watch), len(watch.evidence.items)) == ([], 0)


def sessions(count: int) -> Iterator[str]:
    """Sessions of external clients, each on a different host."""
    for number in range(count):
        source, host = f"198.51.{number >> 8}.{number & 255}", f"10.0.{number >> 8}.{number & 255}"
        sent = {"packets": 60 + number % 7, "bytes": 9_000}
        yield line(srcaddr=source, dstaddr=host, srcport=40_000, dstport=22, flow_direction="ingress", **sent)
        yield line(srcaddr=host, dstaddr=source, srcport=22, dstport=40_000, tcp_flags=18, **sent)


@pytest.mark.parametrize("count", [LIMIT + 1, 300])
def test_of_a_flood_of_sessions_those_with_most_packets_are_reported_and_the_others_counted(count: int) -> None:
    watch = seen([*sessions(count), *scan(HIGH_SCANNER)])
    logins = [each for each in watch.found if each.kind == "remote_login"]
    summary, sources = sorted(floods(watch), key=lambda each: each.details["left_out"])
    assert sources.details["number"] == count - SINGLES
    assert len(logins) == LIMIT
    assert (summary.details["left_out"], summary.details["number"]) == ("remote_login", count - LIMIT)
    assert min(each.details["packets"] for each in logins) >= 60
    assert scanners(watch) == {HIGH_SCANNER}
    assert len(watch.evidence.items) <= 3 * LIMIT


@pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
@pytest.mark.parametrize("size", [40, 44, 52, 60, 90])
def test_packets_in_one_direction_are_no_sessions(size: int, names: tuple[str, ...]) -> None:
    one_way = [
        line(
            names,
            srcaddr=f"203.0.113.{number + 1}",
            dstaddr="10.0.0.5",
            srcport=40_000 + number,
            dstport=22,
            packets=60,
            bytes=60 * size,
            tcp_flags=2,
        )
        for number in range(30)
    ]
    assert [each.kind for each in seen(one_way, names=names).found if each.kind == "remote_login"] == []


@pytest.mark.parametrize(("packets", "size"), [(60, 40), (60, 44), (60, 60), (6, 60)])
def test_syn_acks_and_resets_without_data_are_no_session(packets: int, size: int) -> None:
    ends = {"srcaddr": "203.0.113.1", "dstaddr": "10.0.0.5", "srcport": 40_000, "dstport": 22}
    back = {"srcaddr": "10.0.0.5", "dstaddr": "203.0.113.1", "srcport": 22, "dstport": 40_000}
    sent = line(**ends, packets=60, bytes=60 * 60, tcp_flags=2)
    answer = line(**back, packets=packets, bytes=packets * size, tcp_flags=18)
    assert [each.kind for each in seen([sent, answer]).found if each.kind == "remote_login"] == []
