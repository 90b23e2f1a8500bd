"""Processes as tests see them: whether one runs, by its id."""

import time
from pathlib import Path


def is_running(pid: int) -> bool:
    """Whether the process exists; one that has exited and is not yet reaped does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ends(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)
