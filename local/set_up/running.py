"""Runs the steps of the set-up: a line each on the terminal, and everything that their commands print in a log."""

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

from local.child_processes import child
from local.set_up.reasons import FULL, NEEDED_MB, UNREACHABLE, SetUpError, reason_of
from local.set_up.steps import NODE_MODULES, PYTHON, VENV, Command, Plan, Step, is_whole

if TYPE_CHECKING:
    from subprocess import Popen

FORBIDDEN = ("PYTHONHOME", "PYTHONPATH", "PIP_PREFIX", "PIP_REQUIREMENT", "PIP_TARGET", "NODE_OPTIONS")
"""Variables with which pip or npm would install other things, or elsewhere."""
SHOWN_LINES = 15
FULL_BYTES = 10_000_000
"""With less free space than this, a failure is that of a full disk, whatever was logged: the log could not be."""


class Runner:
    """Sets up one folder. While packages are being changed, `.venv` has a file that says so: an environment with one
    was left by a set-up that was interrupted, and is made anew.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._shown_log = Path("build") / "set-up.log"
        self._log = root / self._shown_log
        self._temporary = root / "build" / "set-up"
        self._incomplete = root / VENV / ".incomplete"

    def discard_interrupted(self) -> bool:
        """Whether there is a virtual environment; one of a set-up that was interrupted is deleted first."""
        if self._incomplete.exists():
            shutil.rmtree(self._root / VENV)
        return is_whole(self._root / PYTHON)

    def run(self, plan: Plan) -> None:
        """Raises SetUpError with a sentence for the user, after the end of the log unless the sentence says why."""
        self._check_links()
        self._check_space()
        self._temporary.mkdir(parents=True, exist_ok=True)
        _say(f"{plan.title} (log: {self._shown_log})\n")
        try:
            with self._log.open("a", encoding="utf-8") as log:
                log.truncate(0)
                for number, step in enumerate(plan.steps, 1):
                    self._run_step(f"  {number}/{len(plan.steps)} {step.title}", step, log)
            self._incomplete.unlink(missing_ok=True)
        finally:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _run_step(self, title: str, step: Step, log: IO[str]) -> None:
        _say(title)
        begun, offset = time.monotonic(), self._log.stat().st_size
        commands = step.commands()
        self._mark_incomplete()
        try:
            failed = self._failed(commands, log)
        except (KeyboardInterrupt, SystemExit):
            self._mark_incomplete()
            _say("  interrupted\n")
            raise
        _say(f"{'  failed after' if failed else ' '} {time.monotonic() - begun:.0f} s\n")
        if failed:
            self._mark_incomplete()
            raise self._error(step, offset)

    def _mark_incomplete(self) -> None:
        """Marks the environment, if there is one: the step that makes it begins without, and makes it without mark."""
        if (self._root / VENV).exists():
            self._incomplete.touch()

    def _failed(self, commands: Sequence[Command], log: IO[str]) -> bool:
        """Whether one of the commands, which run at the same time, failed; the first failure ends the others."""
        with ExitStack() as running:
            processes = []
            for command in commands:
                log.write(f"$ {' '.join(command)}\n")
                log.flush()
                started = child(command, cwd=self._root, env=self._variables(), stdout=log)
                processes.append(running.enter_context(started))
            return _any_failed(processes)

    def _error(self, step: Step, offset: int) -> SetUpError:
        output = self._log.read_bytes()[offset:].decode(errors="replace")
        reason = reason_of(output)
        if reason == UNREACHABLE:  # pip installs nothing before it has everything
            self._incomplete.unlink(missing_ok=True)
        if shutil.disk_usage(self._root).free < FULL_BYTES:
            reason = FULL
        if reason:
            return SetUpError(f"{reason} Log: {self._shown_log}")
        shown = "".join(f"  | {line}\n" for line in output.splitlines()[-SHOWN_LINES:])
        return SetUpError(
            f"{shown}{step.title} could not be set up; the lines above are the end of {self._shown_log}. Run the same "
            "command again when what they name is mended."
        )

    def _check_links(self) -> None:
        """Pip and npm would change the packages of the checkout that a link leads to."""
        for name in (VENV, NODE_MODULES):
            if (self._root / name).is_symlink():
                raise SetUpError(
                    f"{name} is a link to the packages of another folder, which the set-up would change: remove the "
                    "link, then run the same command again."
                )

    def _check_space(self) -> None:
        if not (self._root / VENV).exists() and shutil.disk_usage(self._root).free < NEEDED_MB * 1_000_000:
            raise SetUpError(FULL)

    def _variables(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in FORBIDDEN}
        variables = {**kept, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "TMPDIR": str(self._temporary)}
        if not _is_home_writable():
            variables["npm_config_cache"] = str(self._temporary / "npm")
        return variables


def _any_failed(processes: Sequence["Popen[str]"]) -> bool:
    while any(process.poll() is None for process in processes):
        if any(process.poll() for process in processes):
            return True
        time.sleep(0.05)
    return any(process.returncode for process in processes)


def _is_home_writable() -> bool:
    """Whether npm can keep its cache in the user's home; it fails where it can't."""
    home = Path("~").expanduser()
    return home.is_dir() and os.access(home, os.W_OK)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
