"""flowsentry replay as a whole: its report, going on after Ctrl-C or a lost connection, and the live inventory."""

import gzip
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowsentry.in_memory import EvidenceInMemory
from local.inventory.live import LiveError, LiveInventory
from local.log_objects import ConnectionLostError, LogObject
from local.reading.small_files import Limits
from local.replay import command, continuation
from local.replay import replay as replaying
from local.replay.replay import Replay
from tests.builders import flow_log, line
from tests.local.conftest import BUCKET, Done, Flowsentry, store_at_once
from tests.local.replay.conftest import contents
from tests.local.report.test_flow_sums import INVENTORY

OUTSIDE, SERVER = "203.0.113.9", "10.0.0.1"


@pytest.fixture(autouse=True)
def states(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The user's folder for states; few lines are judged at once, so that there is something to stop between."""
    folder = tmp_path / "states"
    for module in (continuation, command):
        monkeypatch.setattr(module, "state_folder", lambda: folder)
    monkeypatch.setattr(replaying, "TOGETHER", Limits(lines=12, seconds=3_600))
    return folder


def stopping(monkeypatch: pytest.MonkeyPatch, parts: int) -> None:
    """The next replay gets Ctrl-C after so many parts."""
    real = Replay.findings_in_all

    def stopped(self: Replay, sources: Any) -> Iterator[Any]:
        for number, found in enumerate(real(self, sources)):
            yield found
            if number + 1 == parts:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Replay, "findings_in_all", stopped)


def joined(*runs: Done) -> tuple[list[Any], dict[str, Any]]:
    """The findings of all runs, and the report of the last."""
    printed = [record for run in runs for record in run.records]
    return [each for each in printed if "report" not in each], printed[-1]["report"]


def test_a_stopped_replay_goes_on_with_the_file_that_it_names(
    flowsentry: Flowsentry, logs: Path, states: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = flowsentry("replay", "--json", "--report", "-", logs)
    with monkeypatch.context() as patch:
        stopping(patch, 2)
        stopped = flowsentry("replay", "--json", "--report", "-", logs)
    [state] = states.iterdir()
    assert stopped.code == 130
    assert stopped.complaints == [
        f"flowsentry: stopped after 2 of 6 files; to go on, give the same command with --resume {state}"
    ]
    resumed = flowsentry("replay", "--json", "--report", "-", "--resume", state, logs)
    assert resumed.complaints[0] == "goes on with 4 files; 2 files before"
    assert (resumed.code, joined(stopped, resumed)) == (0, joined(whole))
    assert list(states.iterdir()) == []


def test_a_stopped_replay_is_refused_with_other_settings(
    flowsentry: Flowsentry, logs: Path, states: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stopping(patch, 2)
        flowsentry("replay", logs)
    [state] = states.iterdir()
    done = flowsentry("replay", "--inside", "198.51.100.0/24", "--resume", state, logs)
    assert (done.code, done.out) == (1, "")
    assert "was begun with another --inside; give the same" in done.complaints[0]


def test_new_files_are_read_into_a_file_of_ones_own(flowsentry: Flowsentry, logs: Path, tmp_path: Path) -> None:
    whole = flowsentry("replay", "--json", "--report", "-", logs)
    later, kept = logs / "5.log", tmp_path / "mine.gz"
    content = later.read_bytes()
    later.unlink()
    first = flowsentry("replay", "--json", "--report", "-", "--resume", kept, logs)
    assert first.complaints[0] == f"{kept} does not exist yet: begins, and writes to it what was read"
    later.write_bytes(content)
    second = flowsentry("replay", "--json", "--report", "-", "--resume", kept, logs)
    assert second.complaints[0] == "goes on with 1 file; 5 files before"
    assert joined(first, second) == joined(whole)


def test_files_of_an_earlier_replay_are_not_counted_among_those_that_a_stopped_one_read(
    flowsentry: Flowsentry, logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, later = tmp_path / "mine.gz", tmp_path / "later"
    flowsentry("replay", "--resume", kept, logs)
    later.mkdir()
    for number in range(2):
        (later / f"{number}.log").write_bytes(contents()[number])
    stopping(monkeypatch, 1)
    assert "stopped after 1 of 2 files; to go on" in flowsentry("replay", "--resume", kept, later).err


def test_standard_input_cannot_go_on(flowsentry: Flowsentry, monkeypatch: pytest.MonkeyPatch) -> None:
    stopping(monkeypatch, 1)
    done = flowsentry("replay", "-", stdin=contents()[0])
    assert (done.code, done.complaints) == (
        130,
        ["flowsentry: stopped after 1 of 1 file; a replay of standard input can't go on"],
    )


def test_a_second_ctrl_c_ends_a_replay_that_cannot_go_on(
    flowsentry: Flowsentry, logs: Path, states: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice(self: EvidenceInMemory, keys: Any) -> Any:
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        return self.items.keys() & keys

    monkeypatch.setattr(EvidenceInMemory, "suspects", twice)
    done = flowsentry("replay", logs)
    assert (done.code, states.exists()) == (130, False)
    assert "stopped after 0 of 6 files, in the middle of one, and can't go on" in done.complaints[0]


@pytest.fixture
def stored(bucket: Any) -> str:
    """The files in S3."""
    for number, content in enumerate(contents()):
        name = f"111111111111_vpcflowlogs_us-east-1_fl-1_20260101T1{2 + number}00Z_1.log.gz"
        bucket.put_object(Bucket=BUCKET, Key=f"AWSLogs/{name}", Body=gzip.compress(content, mtime=0))
    return f"s3://{BUCKET}/AWSLogs/"


def test_a_replay_of_s3_goes_on_after_a_lost_connection(
    flowsentry: Flowsentry, stored: str, states: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = flowsentry("replay", "--json", "--report", "-", stored)

    def lost(self: LogObject) -> Iterator[bytes]:
        if "T1500Z" in self.key:
            raise ConnectionLostError(f"cannot read {self.name}: timed out")
        yield from real(self)

    real = LogObject.blocks
    with monkeypatch.context() as patch:
        patch.setattr(LogObject, "blocks", lost)
        stopped = flowsentry("replay", "--json", "--report", "-", stored)
    assert stopped.code == 1
    assert "cannot read s3://" in stopped.complaints[0]
    assert stopped.complaints[1].startswith("flowsentry: stopped after 3 of 6 files; to go on, give the same command ")
    resumed = flowsentry("replay", "--json", "--report", "-", "--resume", next(states.iterdir()), stored)
    assert (resumed.code, joined(stopped, resumed)) == (0, joined(whole))


def test_an_object_that_is_refused_is_named_and_counted_and_the_others_are_read(
    flowsentry: Flowsentry, stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LogObject.blocks

    def refused(self: LogObject) -> Iterator[bytes]:
        if "T1400Z" in self.key:
            raise OSError(f"cannot read {self.name}: AccessDenied")
        yield from real(self)

    monkeypatch.setattr(LogObject, "blocks", refused)
    done = flowsentry("replay", "--json", "--report", "-", stored)
    assert (done.code, done.report["reading"]["files"], done.report["reading"]["not_read"]) == (1, 5, 1)
    assert sum("T1400Z" in each for each in done.complaints) == 1


@pytest.mark.usefixtures("bucket")
def test_more_objects_than_a_page_lists_are_read_and_counted_once_each(
    flowsentry: Flowsentry, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, content = 1_100, flow_log([line()])
    store_at_once((f"{each:05}.log" for each in range(number)), content)
    monkeypatch.setattr(replaying, "TOGETHER", Limits(lines=1_000, seconds=3_600))
    report = flowsentry("replay", "--json", "--report", "-", f"s3://{BUCKET}/").report
    assert (report["reading"]["files"], report["reading"]["lines"]["records"]) == (number, number)


def test_only_files_of_the_time_are_read(flowsentry: Flowsentry, stored: str, tmp_path: Path) -> None:
    plain = tmp_path / "plain.log"
    plain.write_bytes(contents()[0])
    done = flowsentry(
        "replay",
        "--json",
        "--report",
        "-",
        "--since",
        "2026-01-01T13:00",
        "--until",
        "2026-01-01T14:30",
        stored,
        str(plain),
    )
    assert done.report["reading"]["files"] == 3
    assert done.complaints[0] == "1 file without a time in the name: read whole, whatever their records' time"


def test_a_live_inventory_names_owners_and_is_saved(
    flowsentry: Flowsentry, logs: Path, states: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def live(*arguments: Any) -> LiveInventory:
        asked.append(arguments)
        states.mkdir(exist_ok=True)
        (states / "snapshot.zip").write_bytes(b"snapshot")
        return LiveInventory(INVENTORY, "1/eu-west-1", states / "snapshot.zip", ["rules: AccessDenied; no rule"])

    monkeypatch.setattr(command, "live_inventory", live)
    done = flowsentry("replay", "--json", "--report", "-", "--live", "--profile", "mine", "--region", "eu-west-1", logs)
    assert asked == [("mine", "eu-west-1", states)]
    assert done.complaints[:2] == [
        f"inventory of 1/eu-west-1: saved in {states / 'snapshot.zip'}, for --inventory next time",
        "inventory: rules: AccessDenied; no rule",
    ]
    assert "web-1" in {each["name"] for each in done.report["talkers"]}


def test_an_account_that_cannot_be_read_is_a_sentence(
    flowsentry: Flowsentry, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> LiveInventory:
        raise LiveError("the inventory can't be described without ec2:DescribeVpcs")

    monkeypatch.setattr(command, "live_inventory", refused)
    done = flowsentry("replay", "--live", logs)
    assert (done.code, done.out) == (1, "")
    assert done.complaints == ["flowsentry: the inventory can't be described without ec2:DescribeVpcs"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--live", "--inventory", "x"), "give --inventory or --live, not both"),
        (("--against", "default", "--html", "x"), "--against compares findings; it takes no --resume and no --html"),
        (("--console", "--html", "x"), "--console shows what it reads; it takes no --resume and no --html"),
        (("--resume", "x", "-"), "standard input can be read only once; --resume takes files"),
        (("--since", "soon"), "'soon' is no time; write a day or a time in UTC"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    flowsentry: Flowsentry, logs: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = flowsentry("replay", *arguments, logs)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
