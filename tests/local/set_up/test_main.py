"""One set-up at a time for a folder, none that is not needed, and one again for what an interrupted one left."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.aws.embedded import REPOSITORY
from local.set_up import __main__ as set_up
from local.set_up.reasons import NOT_WRITABLE
from local.set_up.steps import Plan, Step

WAITING_SET_UP = """
import sys
from pathlib import Path
from local.set_up import __main__

__main__.ROOT = Path(sys.argv[1])
__main__.PLANS = {}
sys.exit(__main__.main(["run", "constraints.txt"]))
"""


def plan(name: str) -> Plan:
    """Makes an environment and notes that it ran."""
    script = f"mkdir -p .venv/bin; ln -sf {sys.executable} .venv/bin/python; echo {name} >> ran"
    return Plan(name, (Step(name, lambda: [["sh", "-c", script]]),))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(set_up, "ROOT", tmp_path)
    monkeypatch.setattr(set_up, "PLANS", {"run": plan("run"), "checks": plan("checks")})
    (tmp_path / "constraints.txt").touch()
    return tmp_path


def ran(folder: Path) -> list[str]:
    return (folder / "ran").read_text().split()


def test_it_runs_again_only_when_a_prerequisite_is_newer(folder: Path) -> None:
    for expected in (["run"], ["run"]):
        assert set_up.main(["run", "constraints.txt"]) == 0
        assert ran(folder) == expected
    os.utime(folder / "constraints.txt", (2e9, 2e9))
    assert set_up.main(["run", "constraints.txt"]) == 0
    assert ran(folder) == ["run", "run"]


def test_checks_alone_are_added_to_a_whole_environment_and_an_interrupted_one_is_made_anew(folder: Path) -> None:
    assert set_up.main(["run", "constraints.txt"]) == 0
    assert set_up.main(["checks", "constraints.txt"]) == 0
    assert ran(folder) == ["run", "checks"]
    (folder / ".venv" / ".incomplete").touch()
    (folder / ".venv" / ".ready-checks").unlink()
    assert set_up.main(["checks", "constraints.txt"]) == 0
    assert ran(folder) == ["run", "checks", "run", "checks"]
    assert (folder / ".venv" / ".ready-run").exists()


@pytest.mark.usefixtures("folder")
def test_a_folder_that_can_not_be_written_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(path: Path, **_: bool) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert set_up.main(["run", "constraints.txt"]) == 1
    assert capsys.readouterr().err == f"{NOT_WRITABLE}\n"


def test_a_second_set_up_waits_for_the_first_and_finds_its_work_done(folder: Path) -> None:
    (folder / "build").mkdir()
    (folder / ".venv").mkdir()
    with (folder / "build" / "set-up.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [sys.executable, "-c", WAITING_SET_UP, str(folder)]
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as second:  # noqa: S603 the script above
            assert second.stdout
            assert second.stdout.readline() == "waiting for another set-up of this folder\n"
            (folder / ".venv" / ".ready-run").touch()
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert second.wait(20) == 0
