"""A replay of many small files judges them together, and finds what it finds in them one by one."""

from collections.abc import Sequence
from typing import Any

import pytest

from flowsentry.findings.finding import Finding
from flowsentry.pipeline import Context
from local.replay import replay as replaying
from local.replay.replay import Replay
from tests.builders import NOON, SYN_ACK, V2, V5, blocked, exchange, flow_log, line, probe
from tests.cut_traffic import five_minutes, made_traffic
from tests.local.reading.held_files import HeldFile

CLIENT, OTHER, SERVER, OUTSIDE = "10.0.0.9", "10.0.0.8", "10.0.0.5", "198.51.100.9"


def files(contents: Sequence[bytes]) -> list[HeldFile]:
    return [HeldFile(f"{number:05}", content) for number, content in enumerate(contents)]


def one_by_one(contents: Sequence[bytes]) -> tuple[list[Finding], list[str]]:
    replay = Replay(Context(), complain=lambda _: 1)
    found = [finding for each in files(contents) for finding in replay.findings_in(each)]
    return found, list(replay.summary())


def together(contents: Sequence[bytes]) -> tuple[list[Finding], list[str]]:
    replay = Replay(Context(), complain=lambda _: 1)
    found = [finding for each in replay.findings_in_all(files(contents)) for finding in each]
    return found, list(replay.summary())


def ids(findings: Sequence[Finding]) -> set[str]:
    return {each.id for each in findings}


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files were judged together, each time."""
    real, sizes = replaying.process_together, []

    def counted(contents: Sequence[Any], *arguments: Any, **more: Any) -> Any:
        sizes.append(len(contents))
        return real(contents, *arguments, **more)

    monkeypatch.setattr(replaying, "process_together", counted)
    return sizes


@pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
def test_the_findings_and_the_summary_are_those_of_the_files_one_by_one(names: tuple[str, ...]) -> None:
    contents = five_minutes(made_traffic(names, seconds=1_500))
    (found, summary), (expected, of_each) = together(contents), one_by_one(contents)
    assert (ids(found), summary) == (ids(expected), of_each)


def works(at: int, client: str = CLIENT) -> list[str]:
    return exchange(client, SERVER, 5_432, start=at, end=at + 30)


def fails(at: int) -> list[str]:
    return [probe(CLIENT, SERVER, 5_432, srcport=41_000, start=at, end=at + 10, packets=6, bytes=360)]


def test_files_of_an_hour_are_judged_once(judged: list[int]) -> None:
    together([flow_log(works(NOON + 300 * number)) for number in range(13)])
    assert judged == [13]


def test_an_outage_that_begins_and_ends_among_the_files_is_found(judged: list[int]) -> None:
    together_with = [works(NOON - 7_200), works(NOON, OTHER), fails(NOON + 600), works(NOON + 1_200, OTHER)]
    assert [each.kind for each in together([*map(flow_log, together_with)])[0]] == ["service_down"]
    assert judged == [1, 3, 1, 2, 1, 1]


def test_packets_that_a_rule_rejected_are_counted_file_by_file() -> None:
    """Three in a file are a finding; one in each of three files may be strays."""

    def rejected(at: int, packets: int) -> bytes:
        return flow_log([blocked(CLIENT, SERVER, 5_432, start=at, end=at, packets=packets)])

    assert together([rejected(NOON + 300 * number, 1) for number in range(3)])[0] == []
    assert len(together([rejected(NOON, 1), rejected(NOON + 300, 3)])[0]) == 1


def test_a_request_and_its_reply_in_two_files_are_an_answered_connection() -> None:
    """One by one, the requests of the first file look like a scan."""
    ports = range(1_000, 1_020)
    requests = [probe(OUTSIDE, SERVER, port, srcport=40_000) for port in ports]
    replies = [
        line(srcaddr=SERVER, dstaddr=OUTSIDE, srcport=port, dstport=40_000, tcp_flags=SYN_ACK, packets=1, bytes=60)
        for port in ports
    ]
    contents = [flow_log(requests), flow_log(replies)]
    assert [each.kind for each in one_by_one(contents)[0]] == ["port_scan"]
    assert together(contents)[0] == []


def test_an_unreadable_file_is_reported_alone_and_the_others_are_replayed() -> None:
    scan = [probe(OUTSIDE, SERVER, port) for port in range(1, 21)]
    contents = [flow_log(scan[:10]), flow_log(["bad", "bad", scan[0]]), b"no header", flow_log(scan[10:])]
    complaints: list[str] = []
    replay = Replay(Context(), complain=lambda message: complaints.append(str(message)) or 1)
    found = [finding for each in replay.findings_in_all(files(contents)) for finding in each]
    assert [each.kind for each in found] == ["port_scan"]
    assert [each[:5] for each in complaints] == ["00001", "00002"]
    assert next(replay.summary()) == "files     3, 2 not fully read"
