"""The file from which a replay goes on: when it is read, written and removed."""

from pathlib import Path

import pytest

from flowsentry.pipeline import Context
from local.replay import continuation as continuing
from local.replay.continuation import SAVE_SECONDS, SAVING_SHARE, Continuation, continuation, digest_of
from local.replay.replay import Replay
from local.replay.state import StateError, load
from tests.builders import flow_log, line
from tests.local.reading.held_files import HeldFile

SETTINGS = {"--inside": "[]"}


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The user's folder for states."""
    monkeypatch.setattr(continuing, "state_folder", lambda: tmp_path / "states")
    return tmp_path / "states"


def replayed(*names: str) -> Replay:
    """A replay that has read these files."""
    replay = Replay(Context(), complain=lambda _: 1)
    list(replay.findings_in_all(HeldFile(name, flow_log([line()])) for name in names))
    return replay


def test_without_a_file_an_interrupted_replay_is_kept_under_its_paths_and_settings(folder: Path) -> None:
    one = continuation(None, ["logs/"], SETTINGS)
    assert one.path.parent == folder
    assert one.path == continuation(None, ["logs/"], SETTINGS).path
    assert one.path != continuation(None, ["others/"], SETTINGS).path
    assert one.path != continuation(None, ["logs/"], {"--inside": "['10.0.0.0/8']"}).path


def test_an_interrupted_replay_is_not_resumed_unless_its_file_is_given(folder: Path) -> None:
    first = continuation(None, ["logs/"], SETTINGS)
    first.interrupt(replayed("a", "b"))
    assert [each.name for each in folder.iterdir()] == [first.path.name]
    assert continuation(None, ["logs/"], SETTINGS).begin(replayed()) == 0
    resumed = replayed()
    assert continuation(first.path, ["logs/"], SETTINGS).begin(resumed) == 2
    assert resumed.lines["records"] == 2


def test_a_file_in_the_users_folder_is_removed_at_the_end() -> None:
    first = continuation(None, ["logs/"], SETTINGS)
    first.interrupt(replayed("a"))
    resumed, again = replayed(), continuation(first.path, ["logs/"], SETTINGS)
    again.begin(resumed)
    again.end(resumed)
    assert not first.path.exists()


def test_a_file_of_ones_own_is_written_at_the_end_so_that_the_next_replay_reads_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "mine.gz"
    first = continuation(path, ["logs/"], SETTINGS)
    assert first.begin(replayed()) == 0
    first.end(replayed("a", "b"))
    later = replayed()
    assert continuation(path, ["logs/"], SETTINGS).begin(later) == 2
    assert [each.name for each in later.not_done([HeldFile(name, b"") for name in "abc"])] == ["c"]


def test_a_file_of_other_settings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.gz"
    continuation(path, ["logs/"], SETTINGS).end(replayed("a"))
    with pytest.raises(StateError, match=r"the replay in .*mine\.gz was begun with another --inside; give the same"):
        continuation(path, ["logs/"], {"--inside": "['10.0.0.0/8']"}).begin(replayed())


def test_a_file_of_ones_own_is_written_now_and_then_and_more_seldom_where_that_takes_long(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    now, written = [0.0], list[float]()

    def slow(_state: object, _path: Path) -> None:
        written.append(now[0])
        now[0] += 10

    monkeypatch.setattr(continuing, "save", slow)
    replay = replayed()
    Continuation(tmp_path / "mine.gz", SETTINGS, is_kept=True, clock=lambda: now[0]).begin(replay)
    for second in range(0, 2_000, 20):
        now[0] = max(now[0], float(second))
        replay.between()
    assert written[0] == SAVE_SECONDS
    assert written[1] >= written[0] + SAVING_SHARE * 10


def test_the_file_is_written_between_files(tmp_path: Path) -> None:
    path, seen = tmp_path / "mine.gz", list[int]()
    ticking = iter(range(0, 10_000, 100))
    kept = Continuation(path, SETTINGS, is_kept=True, clock=lambda: float(next(ticking)))
    replay = replayed()
    kept.begin(replay)
    for _ in replay.findings_in_all(HeldFile(name, flow_log([line()] * 3_000)) for name in "abc"):
        state = load(path)
        seen.append(len(state.done) if state else 0)
    assert seen[0] == 0
    assert seen[-1] > 0


def test_a_file_that_cannot_be_written_now_is_named_and_stops_nothing(tmp_path: Path) -> None:
    ticking, said = iter(range(0, 10_000, 100)), list[object]()
    kept = Continuation(tmp_path, SETTINGS, is_kept=True, clock=lambda: float(next(ticking)))
    replay = replayed()

    def complain(message: object) -> int:
        said.append(message)
        return 1

    replay.complain = complain
    replay.between = lambda: kept._save_if_due(replay)
    list(replay.findings_in_all([HeldFile("a", flow_log([line()] * 3_000))]))
    assert said == [f"{tmp_path}: Is a directory; the replay goes on without it"]
    assert replay.sources == 1


def test_a_digest_is_that_of_the_content() -> None:
    assert digest_of(b"a") != digest_of(b"b")
