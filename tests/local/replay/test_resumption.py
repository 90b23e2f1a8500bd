"""A replay that was stopped anywhere goes on from its state, with the findings and the report of one that was not."""

import gzip
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flowsentry.findings.finding import Finding
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.pipeline import Context
from local.log_files import LogSource
from local.log_objects import ConnectionLostError
from local.reading.small_files import SMALL_FILE_BYTES, Limits
from local.replay import replay as replaying
from local.replay.replay import Replay
from local.replay.state import ReplayState, StateError, load, save
from local.report.flow_sums import FlowSums
from stacks.prices.traffic import quotes
from tests.builders import NOON, V5, flow_log, line, no_data, probe
from tests.cut_traffic import five_minutes, made_traffic
from tests.local.reading.held_files import HeldFile

FEW = Limits(lines=100, seconds=300)
SETTINGS = {"--inside": "[]"}


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "TOGETHER", FEW)


@cache
def contents() -> list[bytes]:
    """Traffic of five minutes, a scan, a file that is read alone, one that is damaged, and one that is no flow log."""
    scan = [probe("203.0.113.9", "10.0.0.1", port) for port in range(1, 21)]
    others = [flow_log([line(bytes=number) for number in range(3_000)]), b"no header", flow_log(["bad", "bad", *scan])]
    skipped = flow_log([no_data(log_status="SKIPDATA")])
    return [*five_minutes(made_traffic(V5, seconds=300)), flow_log(scan[:9]), *others, skipped, flow_log(scan[9:])]


def files() -> list[HeldFile]:
    return [HeldFile(f"{number:05}", content) for number, content in enumerate(contents())]


def replay() -> Replay:
    context = Context()
    flow_sums = FlowSums(context.address_space, quotes("us-east-1"))
    return Replay(context, complain=lambda _: 1, flow_sums=flow_sums, clock=lambda: NOON + 86_400.0)


def observed(found: list[Finding], done: Replay) -> tuple[Any, ...]:
    """Everything that a replay shows."""
    assert done.flow_sums
    sums = done.flow_sums.settle()
    tables = (sums.hours.values, sums.talkers.values, sums.refusals.values, sums.bill.charged, sums.bill.days)
    listed = {section: done.found_sums.of(section) for section in done.found_sums.listed}
    return [each.to_json() for each in found], list(done.summary()), tables, listed, done.found_sums.counts


@cache
def whole() -> tuple[Any, ...]:
    one = replay()
    return observed([finding for each in one.findings_in_all(files()) for finding in each], one)


def stopped_and_resumed(path: Path, stopped: Replay, found: list[Finding]) -> tuple[Any, ...]:
    save(ReplayState.of(stopped, SETTINGS), path)
    state, other = load(path), replay()
    assert state
    state.check(SETTINGS)
    state.restore(other)
    waiting = other.not_done(files())
    return observed(found + [each for some in other.findings_in_all(waiting) for each in some], other)


def take(one: Replay, sources: Sequence[LogSource], found: list[Finding], parts: int = 0) -> None:
    """Adds the findings until something stops the replay; Ctrl-C does after so many parts."""
    with one.interruption:
        for number, some in enumerate(one.findings_in_all(sources)):
            found += some
            if number + 1 == parts:
                signal.raise_signal(signal.SIGINT)


def test_a_replay_stopped_after_any_part_shows_what_a_whole_one_shows(tmp_path: Path) -> None:
    parts = len(list(replay().findings_in_all(files())))
    assert parts >= 5
    for number in range(1, parts + 1):
        stopped, found = replay(), list[Finding]()
        with pytest.raises(KeyboardInterrupt):
            take(stopped, files(), found, number)
        assert stopped_and_resumed(tmp_path / "state", stopped, found) == whole()


@pytest.mark.parametrize(
    ("store", "method", "call"),
    [(EvidenceInMemory, "merge", 2), (FindingsInMemory, "put_new", 0), (EvidenceInMemory, "suspects", 2)],
)
def test_a_replay_stopped_while_it_judges_ends_that_part_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: type[Any], method: str, call: int
) -> None:
    real, calls = getattr(store, method), iter(range(100))

    def interrupting(self: Any, *arguments: Any) -> Any:
        answer = real(self, *arguments)
        if next(calls) == call:
            signal.raise_signal(signal.SIGINT)
        return answer

    monkeypatch.setattr(store, method, interrupting)
    stopped, found = replay(), list[Finding]()
    with pytest.raises(KeyboardInterrupt):
        take(stopped, files(), found)
    monkeypatch.undo()
    monkeypatch.setattr(replaying, "TOGETHER", FEW)
    assert 0 < stopped.done.total() < len(files())
    assert stopped_and_resumed(tmp_path / "state", stopped, found) == whole()


@dataclass
class Stops:
    """A source of unknown size; `how` stops the replay while it is read."""

    name: str
    content: bytes
    how: Callable[[], None]

    @property
    def size(self) -> int | None:
        return None

    def blocks(self) -> Iterator[bytes]:
        middle = len(self.content) // 2
        yield self.content[:middle]
        self.how()
        yield self.content[middle:]


def press() -> None:
    """Ctrl-C, which the main thread gets, and sees before this one goes on."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    time.sleep(0.1)


def lose() -> None:
    raise ConnectionLostError


@pytest.mark.parametrize("how", [press, lose], ids=["Ctrl-C", "lost connection"])
def test_a_file_in_which_a_replay_was_stopped_is_read_again(tmp_path: Path, how: Any) -> None:
    stopped, found = replay(), list[Finding]()
    at = next(number for number, each in enumerate(contents()) if len(each) > SMALL_FILE_BYTES)
    sources: list[LogSource] = list(files())
    sources[at] = Stops(sources[at].name, contents()[at], how)
    with pytest.raises((KeyboardInterrupt, ConnectionLostError)):
        take(stopped, sources, found)
    assert stopped.done.total() == at
    assert stopped_and_resumed(tmp_path / "state", stopped, found) == whole()


def test_a_state_is_for_its_owner_only_and_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "state"
    for _ in range(2):
        save(ReplayState.of(replay(), SETTINGS), path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["state"]


def test_other_settings_are_refused_by_name() -> None:
    state = ReplayState.of(replay(), SETTINGS | {"--set": "1"})
    with pytest.raises(StateError, match="another --inside, --set; "):
        state.check({"--inside": "['10.0.0.0/8']"})


DAMAGED = bytes([*gzip.compress(bytes(range(256)))[:12], *[255] * 40])


@pytest.mark.parametrize("content", [b"", b"text", b"\x1f\x8b", b"{}", gzip.compress(b"{}"), DAMAGED])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state"
    path.write_bytes(content)
    with pytest.raises(StateError, match=r"no state of a replay"):
        load(path)


def test_a_missing_state_is_none(tmp_path: Path) -> None:
    assert load(tmp_path / "missing") is None


def test_a_file_that_is_given_twice_is_left_out_as_often_as_it_is_done() -> None:
    one = replay()
    list(one.findings_in_all(files()[:1]))
    twice = [files()[0], *files()[:2]]
    assert [each.name for each in one.not_done(twice)] == ["00000", "00001"]
