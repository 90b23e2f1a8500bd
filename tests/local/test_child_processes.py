"""A child process and what it started end with their parent: by a block's end, an error, a signal and `kill -9`."""

import os
import signal
import subprocess
import sys

import pytest

from local.aws.embedded import REPOSITORY
from local.child_processes import child
from tests.local.processes import ends

GRANDCHILD = "sleep 60 & echo $!; wait"
PARENT = """
import os, subprocess, sys, time
from pathlib import Path
from local.child_processes import child, exits_on_signals

with exits_on_signals():
    with child(["sh", "-c", sys.argv[1]], cwd=Path(), env=os.environ, stdout=subprocess.PIPE) as process:
        print(process.stdout.readline(), flush=True)
        time.sleep(60)
"""


def output_of(*command: str) -> tuple[str, int]:
    with child(command, cwd=REPOSITORY, env=os.environ, stdout=subprocess.PIPE) as process:
        assert process.stdout
        return process.stdout.read(), process.wait()


@pytest.mark.parametrize(
    ("script", "expected"),
    [("echo out; echo err >&2; exit 3", ("out\nerr\n", 3)), ("kill -KILL $$", ("", 128 + 9)), ("cat", ("", 0))],
)
def test_it_has_one_output_no_input_and_the_exit_code_of_a_shell(script: str, expected: tuple[str, int]) -> None:
    assert output_of("sh", "-c", script) == expected


def test_a_command_that_does_not_exist_is_named() -> None:
    assert output_of("/no/such/command") == ("/no/such/command: No such file or directory\n", 127)


def test_what_it_left_running_is_ended_with_the_block() -> None:
    output, _ = output_of("sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!")
    assert ends(int(output))


def test_what_ignores_the_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.child_processes.GRACE_SECONDS", 0.1)
    command = ["sh", "-c", "trap '' TERM; echo $$; while :; do sleep 1; done"]
    with child(command, cwd=REPOSITORY, env=os.environ, stdout=subprocess.PIPE) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
    assert ends(pid)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, -2), (signal.SIGTERM, 128 + 15), (signal.SIGHUP, 128 + 1), (signal.SIGKILL, -9)],
)
def test_however_the_parent_ends_the_grandchild_ends_too(number: signal.Signals, code: int) -> None:
    with subprocess.Popen(  # noqa: S603 the script above
        [sys.executable, "-c", PARENT, GRANDCHILD],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.send_signal(number)
        assert parent.wait(10) == code
    assert ends(pid)


def test_a_command_of_make_ends_when_make_is_killed() -> None:
    script = 'MAKELEVEL=1 "$0" -c "$1" "$2" & wait'
    with subprocess.Popen(  # noqa: S603 the script above, instead of make
        ["/bin/sh", "-c", script, sys.executable, PARENT, GRANDCHILD],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as make:
        assert make.stdout
        pid = int(make.stdout.readline())
        make.kill()
    assert ends(pid)
