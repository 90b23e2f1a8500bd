"""However `flowsentry demo` is ended in the middle, no process and no temporary file of it is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.aws.embedded import REPOSITORY

MOST_SECONDS = 60
"""Until it has ended, and until the last process has ended, on a busy machine."""


def processes_with_files_in(folder: Path) -> list[str]:
    """The command lines of processes whose temporary files are in the folder."""
    own = f"TMPDIR={folder}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(each.startswith(own) for each in (process / "environ").read_bytes().split(b"\0")):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has ended, or is somebody else's
            continue
    return found


def left_of(folder: Path) -> list[str]:
    """What is still there of a demo that has ended, after a moment for processes that end by themselves."""
    deadline = time.monotonic() + MOST_SECONDS
    while (left := [*processes_with_files_in(folder), *map(str, folder.iterdir())]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


@pytest.mark.deploy
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_demo_that_is_ended_in_its_deployment_leaves_no_process_and_no_file(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "local.cli", "demo"],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as demo:
        assert demo.stdout
        assert any(each.startswith("deploying the app") for each in demo.stdout)
        time.sleep(1)  # into the synth
        assert processes_with_files_in(tmp_path)
        demo.send_signal(number)
        _, errors = demo.communicate(timeout=MOST_SECONDS)
    assert demo.returncode == code
    assert errors == ""
    assert left_of(tmp_path) == []
