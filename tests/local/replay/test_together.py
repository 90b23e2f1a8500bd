"""A replay of many small files judges them together, and finds what it finds in them one by one."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flowsentry.findings.finding import Finding
from flowsentry.pipeline import Context
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from local.replay import replay as replaying
from local.replay.replay import Replay
from local.replay.slots import FindingsOfSlots, OrderMattersError
from tests.builders import NOON, SYN_ACK, V2, V5, blocked, exchange, flow_log, line, probe
from tests.cut_traffic import five_minutes, made_traffic
from tests.emit.findings import CUT_OFF
from tests.golden.test_stories import STORIES, objects, watch_of
from tests.local.reading.held_files import HeldFile

CLIENT, SERVER, OUTSIDE = "10.0.0.9", "10.0.0.5", "198.51.100.9"
SEVERAL = [story for story in STORIES if len(objects(story)) > 1]


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
    real, sizes = replaying.process_slots, []

    def counted(group: Sequence[Any], *arguments: Any) -> Any:
        sizes.append(len(group))
        return real(group, *arguments)

    monkeypatch.setattr(replaying, "process_slots", counted)
    return sizes


@pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
def test_the_findings_and_the_summary_are_those_of_the_files_one_by_one(names: tuple[str, ...]) -> None:
    contents = five_minutes(made_traffic(names, seconds=900))
    (found, summary), (expected, of_each) = together(contents), one_by_one(contents)
    assert (ids(found), summary) == (ids(expected), of_each)


def works(at: int) -> list[str]:
    return exchange(CLIENT, SERVER, 5_432, start=at, end=at + 30)


def fails(at: int) -> list[str]:
    return [probe(CLIENT, SERVER, 5_432, srcport=41_000, start=at, end=at + 10, packets=6, bytes=360)]


def test_files_of_an_hour_are_judged_once(judged: list[int]) -> None:
    together([flow_log(works(NOON + 300 * number)) for number in range(13)])
    assert judged == [13]


@pytest.mark.parametrize("later", [works(NOON + 1_200), []], ids=["that ends among them", "that lasts"])
def test_an_outage_is_found_although_the_client_was_answered_before(later: list[str]) -> None:
    contents = [flow_log(lines) for lines in (works(NOON), fails(NOON + 600), later)]
    assert [each.kind for each in together(contents)[0]] == ["service_down"]


def test_files_without_a_time_are_slots_of_their_own() -> None:
    """A line of one of several formats is read only when it is judged."""
    names, *_ = flow_log([]).decode().split("\n")
    formats = [" ".join(f"${{{name}}}" for name in names.split()), DEFAULT_LOG_FORMAT]
    contents = [flow_log(lines) for lines in (works(NOON), fails(NOON + 600), works(NOON + 1_200))]
    lines = [each.partition(b"\n")[2].replace(b"2 1234", b"5 1234") for each in contents]
    found = [each for some in Replay(Context(), formats).findings_in_all(files(lines)) for each in some]
    assert [each.kind for each in found] == ["service_down"]


def test_slots_of_an_outage_are_judged_apart(judged: list[int]) -> None:
    together([flow_log(lines) for lines in (works(NOON), fails(NOON + 600), works(NOON + 1_200))])
    assert judged == [3, 1, 2, 1, 1]


def rejected(at: int, packets: int, *ports: int) -> bytes:
    return flow_log(blocked(CLIENT, SERVER, port, start=at, end=at, packets=packets) for port in ports)


def test_packets_that_a_rule_rejected_are_counted_slot_by_slot() -> None:
    """Three in a slot are a finding; one in each of three slots may be strays."""
    assert together([rejected(NOON + 300 * number, 1, 5_432) for number in range(3)])[0] == []
    (finding,) = together([rejected(NOON + 300 * number, 3, 5_432) for number in range(3)])[0]
    assert (finding.kind, finding.details["packets"], finding.first_seen) == ("blocked_internal", 3, NOON)


def test_endpoints_from_which_a_source_is_blocked_are_counted_slot_by_slot() -> None:
    """Up to five are reported one by one."""
    contents = [rejected(NOON, 3, 5_001, 5_002, 5_003), rejected(NOON + 300, 3, 5_004, 5_005, 5_006)]
    found, _ = one_by_one(contents)
    assert (len(found), ids(together(contents)[0])) == (3, ids(found))


@pytest.mark.parametrize(("seconds", "kinds"), [(0, []), (300, ["port_scan"])], ids=["one slot", "two slots"])
def test_a_request_and_its_reply_are_an_answered_connection_in_two_files_of_a_slot(
    seconds: int, kinds: list[str]
) -> None:
    """One by one, the requests of the first file look like a scan."""
    ports = range(1_000, 1_020)
    requests = [probe(OUTSIDE, SERVER, port, srcport=40_000) for port in ports]
    back = {"tcp_flags": SYN_ACK, "packets": 1, "bytes": 60, "start": NOON + seconds, "end": NOON + seconds}
    replies = [line(srcaddr=SERVER, dstaddr=OUTSIDE, srcport=port, dstport=40_000, **back) for port in ports]
    contents = [flow_log(requests), flow_log(replies)]
    assert [each.kind for each in one_by_one(contents)[0]] == ["port_scan"]
    assert [each.kind for each in together(contents)[0]] == kinds


def test_findings_of_slots_that_must_be_judged_apart_are_taken_back() -> None:
    store, outage = FindingsOfSlots(), replace(CUT_OFF, id="outage", kind="service_down")
    earlier, later = replace(CUT_OFF, id="earlier"), replace(CUT_OFF, id="later")
    store.put_new([earlier])
    store.resolve(["earlier"], "answered")
    store.begin(are_several=True)
    assert store.put_new([earlier, later]) == [earlier, later]
    with pytest.raises(OrderMattersError):
        store.put_new([outage])
    assert store.unknown([earlier, later, outage]) == [earlier, later, outage]
    assert set(store.findings) == {"earlier"}


@pytest.mark.parametrize("story", SEVERAL, ids=lambda story: story.name)
def test_stories_of_several_objects_have_their_findings(story: Path) -> None:
    replay = Replay(watch_of(story).context)
    found = [finding for each in replay.findings_in_all(files(objects(story))) for finding in each]
    expected = json.loads((story / "expected.json").read_text())["findings"]
    assert ids(found) == {each["id"] for each in expected}


def test_an_unreadable_file_is_reported_alone_and_the_others_are_replayed() -> None:
    scan = [probe(OUTSIDE, SERVER, port) for port in range(1, 21)]
    contents = [flow_log(scan[:10]), flow_log(["bad", "bad", scan[0]]), b"no header", flow_log(scan[10:])]
    complaints: list[str] = []
    replay = Replay(Context(), complain=lambda message: complaints.append(str(message)) or 1)
    found = [finding for each in replay.findings_in_all(files(contents)) for finding in each]
    assert [each.kind for each in found] == ["port_scan"]
    assert [each[:5] for each in complaints] == ["00001", "00002"]
    assert next(replay.summary()) == "files     3, 2 not fully read"
