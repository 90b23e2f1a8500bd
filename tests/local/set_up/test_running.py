"""The set-up's lines on the terminal, its log, and what it says when a step fails."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from local.aws.embedded import REPOSITORY
from local.set_up import running
from local.set_up.reasons import FULL, NOT_TRUSTED, NOT_WRITABLE, PROXY, TOO_OLD, UNREACHABLE, SetUpError, reason_of
from local.set_up.running import Runner
from local.set_up.steps import Plan, Step
from tests.local.processes import ends

INTERRUPTED_SET_UP = """
import sys
from pathlib import Path
from local.set_up import __main__
from local.set_up.steps import Plan, Step

__main__.ROOT = Path(sys.argv[1])
command = ["sh", "-c", "sleep 60 & echo $! > pid; wait"]
__main__.PLANS = {"run": Plan("Setting up", (Step("It", lambda: [command]),))}
sys.exit(__main__.main(["run"]))
"""


def shell(*scripts: str) -> Plan:
    """A plan with one step, whose commands run at the same time."""
    return Plan("Setting up", (Step("The packages", lambda: [["sh", "-c", script] for script in scripts]),))


def failure(root: Path, *scripts: str) -> str:
    with pytest.raises(SetUpError) as error:
        Runner(root).run(shell(*scripts))
    return str(error.value)


def test_each_step_is_a_line_and_what_its_commands_print_is_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [Step(f"Step {number}", lambda: [["sh", "-c", "echo WARNING: noise; echo more >&2"]]) for number in (1, 2)]
    Runner(tmp_path).run(Plan("Setting up", steps))
    told = capsys.readouterr()
    lines = r"Setting up \(log: build/set-up\.log\)\n  1/2 Step 1  \d+ s\n  2/2 Step 2  \d+ s\n"
    assert re.fullmatch(lines, told.out)
    assert told.err == ""
    log = (tmp_path / "build" / "set-up.log").read_text()
    assert log.count("WARNING: noise\nmore\n") == 2
    assert log.startswith("$ sh -c echo")


def test_a_failure_of_an_unknown_reason_shows_the_end_of_the_log_and_its_path(tmp_path: Path) -> None:
    lines = failure(tmp_path, "seq 1 40; echo it broke; exit 3").splitlines()
    assert lines[:-1] == [f"  | {line}" for line in [*range(27, 41), "it broke"]]
    assert lines[-1] == (
        "The packages could not be set up; the lines above are the end of build/set-up.log. Run the same command again "
        "when what they name is mended."
    )


def test_a_failure_of_a_known_reason_is_one_sentence_with_the_path_of_the_log(tmp_path: Path) -> None:
    message = failure(tmp_path, "ulimit -f 1; head -c 100000 /dev/zero > file")
    assert message == f"{FULL} Log: build/set-up.log"


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", FULL),
        ("npm error code ENOSPC", FULL),
        ("PermissionError: [Errno 13] Permission denied: '/x'", NOT_WRITABLE),
        ("ProxyError('Cannot connect to proxy.', NewConnectionError(...))", PROXY),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", NOT_TRUSTED),
        ("npm error code EAI_AGAIN", UNREACHABLE),
        ("ERROR: No matching distribution found for polars==2.1.0", TOO_OLD),
        ("error: command 'gcc' failed", ""),
    ],
)
def test_the_reason_is_found_in_the_output(output: str, sentence: str) -> None:
    assert reason_of(f"Collecting polars\n{output}\n") == sentence


def test_pip_without_a_network_is_recognised(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(tmp_path), "polars"]
    variables = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    unset = {**variables, "PIP_RETRIES": "1", "PIP_FIND_LINKS": "", "PIP_NO_CACHE_DIR": "1", "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(command, env=unset, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 pip
    assert done.returncode
    assert reason_of(done.stdout + done.stderr) == UNREACHABLE


def test_a_disk_without_room_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(running.shutil, "disk_usage", lambda _: SimpleNamespace(free=500_000_000))
    assert failure(tmp_path, "touch made") == FULL
    assert capsys.readouterr() == ("", "")
    assert not (tmp_path / "made").exists()


def test_a_failed_log_of_a_full_disk_still_gives_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(running.shutil, "disk_usage", lambda _: SimpleNamespace(free=4_096))
    assert failure(tmp_path, "exit 1").startswith(FULL)


@pytest.mark.parametrize("name", [".venv", "node_modules"])
def test_packages_of_another_folder_behind_a_link_are_not_changed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    assert failure(tmp_path, "touch changed").startswith(f"{name} is a link to the packages of another folder")
    assert not (tmp_path / "changed").exists()


def test_the_first_failure_ends_the_commands_beside_it(tmp_path: Path) -> None:
    begun = time.monotonic()
    assert "the end of build/set-up.log" in failure(tmp_path, "sleep 60", "echo broken; exit 1")
    assert time.monotonic() - begun < 10


def test_commands_get_no_variable_that_would_install_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_TARGET", "PYTHONPATH"):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("HOME", "/dev/null/home")
    monkeypatch.setenv("PIP_USER", "1")
    Runner(tmp_path).run(shell("env"))
    variables = dict(line.split("=", 1) for line in log_of(tmp_path) if "=" in line)
    assert not {"PIP_TARGET", "PYTHONPATH"} & variables.keys()
    assert variables["PIP_USER"] == "0"
    assert variables["TMPDIR"] == str(tmp_path / "build" / "set-up")
    assert variables["npm_config_cache"] == str(tmp_path / "build" / "set-up" / "npm")


def log_of(root: Path) -> Sequence[str]:
    return (root / "build" / "set-up.log").read_text().splitlines()


def test_what_an_interrupted_set_up_left_is_discarded_and_what_a_failed_download_left_is_kept(tmp_path: Path) -> None:
    for script, is_kept in (("exit 1", False), ("echo ENOTFOUND; exit 1", True), ("exit 0", True)):
        (tmp_path / ".venv").mkdir(exist_ok=True)
        if script == "exit 0":
            Runner(tmp_path).run(shell(script))
        else:
            failure(tmp_path, script)
        Runner(tmp_path).discard_interrupted()
        assert (tmp_path / ".venv").exists() == is_kept, script


def test_an_environment_whose_making_failed_is_discarded(tmp_path: Path) -> None:
    failure(tmp_path, "mkdir .venv; exit 1")
    Runner(tmp_path).discard_interrupted()
    assert not (tmp_path / ".venv").exists()


def test_an_environment_whose_making_was_interrupted_is_discarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> bool:
        (tmp_path / ".venv").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(Runner, "_failed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Runner(tmp_path).run(shell("exit 0"))
    Runner(tmp_path).discard_interrupted()
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_the_commands_and_leaves_no_temporary_files(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", INTERRUPTED_SET_UP, str(tmp_path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603 the script above
        pid = pid_in(tmp_path / "pid")
        process.send_signal(number)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert output.decode().endswith("  1/1 It  interrupted\n")
    assert errors == b""
    assert ends(pid)
    assert sorted(path.name for path in (tmp_path / "build").iterdir()) == ["set-up.lock", "set-up.log"]


def pid_in(file: Path) -> int:
    deadline = time.monotonic() + 20
    while not (file.exists() and file.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return int(file.read_text())
