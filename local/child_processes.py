"""Child processes that leave nothing running: each ends with this process, however this process ends.

Run as a script, it supervises: it starts a command in a process group of its own, and kills the group as soon as the
other end of a pipe is closed, which the kernel does when a process dies, even by `kill -9`. Standard library only: the
set-up uses it before anything is installed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Any, NoReturn

ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end a process: `kill`, and a terminal that is closed."""
PARENT_SECONDS = 0.5
"""Between two looks for the parent. Longer: a demo without its make goes on for longer. Shorter: it costs more."""
GRACE_SECONDS = 3.0
"""From SIGTERM to SIGKILL. Longer: Ctrl-C takes longer when a child hangs. Shorter: npm leaves half a package."""


@contextlib.contextmanager
def child(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdout: int | IO[Any],
) -> Iterator["subprocess.Popen[str]"]:
    """The running command, without standard input and with its errors in its output.

    When the block ends, it and all processes that it started are ended: by then it has exited, or the block failed.
    """
    reader, writer = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 our own commands
            [sys.executable, "-I", "-S", __file__, str(reader), *command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=[reader],
            start_new_session=True,  # an interrupt at the terminal reaches this process only
        )
    finally:
        os.close(reader)
    try:
        yield process
    finally:
        _end(process)
        os.close(writer)
        if process.stdout:
            process.stdout.close()


@contextlib.contextmanager
def exits_on_signals() -> Iterator[None]:
    """Within the block, `kill` and the end of the terminal raise SystemExit, so that what is open is closed; so does
    the end of make, if that runs this process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _exit) for number in ENDING if signal.getsignal(number) != signal.SIG_IGN}
    ended = threading.Event()
    if "MAKELEVEL" in os.environ:
        threading.Thread(target=_exit_with, args=(os.getppid(), ended), daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit_with(parent: int, ended: threading.Event) -> None:
    """Signals this process when its parent has died, which `kill -9` of the parent does not tell it."""
    while not ended.wait(PARENT_SECONDS):
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    for each in ENDING:  # a second signal does not interrupt the end
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _end(process: "subprocess.Popen[str]") -> None:
    """Ends the process group: gently first, because a package manager deletes its temporary files."""
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: PermissionError for a group of zombies
        os.killpg(process.pid, number)


def _supervise(pipe: int, command: Sequence[str]) -> int:
    """The exit code of the command, 128 and the signal's number if one ended it; 127 if it can't be started."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # it reaches the command too, whose end is awaited
    threading.Thread(target=_kill_at_end_of, args=(pipe,), daemon=True).start()
    try:
        code = subprocess.Popen(command).wait()  # noqa: S603 our own commands
    except OSError as error:
        sys.stdout.write(f"{command[0]}: {error.strerror}\n")
        return 127
    return code if code >= 0 else 128 - code


def _kill_at_end_of(pipe: int) -> None:
    os.read(pipe, 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(_supervise(int(sys.argv[1]), sys.argv[2:]))
