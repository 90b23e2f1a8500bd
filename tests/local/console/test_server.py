"""The server of the console: its port, its link, and its end."""

import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flowsentry.pipeline import Context
from local.aws.embedded import REPOSITORY
from local.console import server
from local.console.console_data import DataError
from local.console.replay_console import replay_on_console
from local.console.security import TOKEN_HEADER, Access
from local.console.server import PORTS_TRIED, serving
from local.console.showing import console_shown
from local.console.subjects.replayed import Replayed
from local.replay.command import ReplayOptions
from local.terminal.numbers import LAST_PORT
from tests.builders import flow_log, probe

OPTIONS = ReplayOptions(paths=[], console_port=0)


def status(access: Access, path: str, token: str) -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{access.port}{path}", headers={TOKEN_HEADER: token})
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 our own server
        return int(answer.status)


def is_refused(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def taken() -> socket.socket:
    """A port that another program listens on, with the next ones most likely free."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def test_the_server_answers_until_its_block_ends_and_leaves_no_thread(data: Replayed) -> None:
    with serving(data, 0) as access:
        assert status(access, "/api/about", access.token) == 200
        assert access.link == f"http://127.0.0.1:{access.port}/#token={access.token}"
    assert is_refused(access.port)
    assert not [each for each in threading.enumerate() if each.name == "console"]


def test_each_run_has_a_token_of_its_own_that_cannot_be_guessed() -> None:
    tokens = {Access(1).token for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 32
    assert Access(1, "secret").token not in repr(Access(1, "secret"))


def test_a_taken_port_is_left_for_the_next_free_one_and_that_is_said(data: Replayed, taken: socket.socket) -> None:
    port, lines = taken.getsockname()[1], list[str]()
    with taken, console_shown(data, port, lines.append):
        first, second = lines
    assert first.startswith(f"port {port} is taken; the console has port ")
    assert second.startswith("console: http://127.0.0.1:")


def test_without_a_free_port_the_command_goes_on_without_a_console(
    data: Replayed, monkeypatch: pytest.MonkeyPatch, taken: socket.socket
) -> None:
    monkeypatch.setattr("local.console.server.PORTS_TRIED", 1)
    port, lines = taken.getsockname()[1], list[str]()
    with taken, console_shown(data, port, lines.append):
        pass
    assert lines == [f"no console: no port from {port} to {port} is free; choose another with --console-port"]
    assert PORTS_TRIED > 1


def test_where_the_last_ports_are_taken_the_command_goes_on_without_a_console(
    data: Replayed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_port(number: int) -> socket.socket:
        assert number <= LAST_PORT
        raise server._TakenError

    monkeypatch.setattr(server, "_bound", taken_port)
    lines = list[str]()
    with console_shown(data, LAST_PORT, lines.append):
        pass
    assert lines == ["no console: no port from 65535 to 65535 is free; choose another with --console-port"]


def test_without_its_libraries_the_console_says_how_to_install_them(
    data: Replayed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("local.console.application.LIT_HTML", tmp_path / "absent")
    with pytest.raises(DataError, match="run make setup"), serving(data, 0):
        pass


def test_replay_shows_files_on_the_console_until_it_is_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scan.log").write_bytes(flow_log(probe("203.0.113.9", "10.0.0.1", port) for port in range(1, 21)))
    assert replay_on_console(Context(), OPTIONS, [str(tmp_path)], wait=lambda: None) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "read      1 files, 20 lines, 20 records of traffic",
        "findings  1 (port_scan (background) 1)",
    ]
    assert lines[2].startswith("console: http://127.0.0.1:")
    assert lines[3] == "the console is up until Ctrl-C"


def test_replay_of_nothing_serves_no_console(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay_on_console(Context(), OPTIONS, [str(tmp_path)], wait=lambda: None) == 1
    assert "no flow logs were found" in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_ends_the_console_of_a_replay(tmp_path: Path) -> None:
    (tmp_path / "scan.log").write_bytes(flow_log(probe("203.0.113.9", "10.0.0.1", port) for port in range(1, 21)))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a child inherits that a shell ignores it
    process = subprocess.Popen(  # noqa: S603 our own command
        [sys.executable, "-m", "local.cli", "replay", "--console", "--console-port", "0", str(tmp_path)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    with process, ended(process):
        assert process.stdout
        lines = [next(process.stdout) for _ in range(4)]
        assert lines[3] == "the console is up until Ctrl-C\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0


@contextmanager
def ended(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Kills the process where the block fails before it has ended."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
