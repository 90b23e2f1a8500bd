"""Installs what Flowsentry runs on, or what checks it too: `python3 -m local.set_up run|checks PREREQUISITE…`.

Standard library only. The Makefile calls it, by start.sh, when a prerequisite is newer than the stamp of the plan; a
set-up that was interrupted has left no stamp, and is begun again by the next call. Exit code: 0 when all is installed,
1 with one sentence when not, 130 after Ctrl-C.
"""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from local.child_processes import exits_on_signals
from local.set_up.reasons import SetUpError, reason_of
from local.set_up.running import Runner
from local.set_up.steps import PLANS, stamp_of

ROOT = Path(__file__).parents[2]
INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    plan, *prerequisites = arguments
    os.chdir(ROOT)
    try:
        with exits_on_signals(), _alone(ROOT / "build"):
            if not _is_current(stamp_of(plan), [Path(each) for each in prerequisites]):
                _set_up(plan)
    except SetUpError as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(reason_of(str(error)) or f"The set-up failed: {error}.")
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _set_up(plan: str) -> None:
    runner = Runner(ROOT)
    was_whole = runner.discard_interrupted()
    for each in (plan,) if was_whole else dict.fromkeys(("run", plan)):
        runner.run(PLANS[each])
        stamp_of(each).touch()


def _is_current(stamp: Path, prerequisites: Sequence[Path]) -> bool:
    """Whether another set-up has done it while this one waited; else as make judges it."""
    if not stamp.exists():
        return False
    made = stamp.stat().st_mtime_ns
    return all(path.stat().st_mtime_ns <= made for path in prerequisites)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Waits for another set-up of this folder; the kernel frees the lock of one that dies."""
    folder.mkdir(exist_ok=True)
    with (folder / "set-up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stdout.write("waiting for another set-up of this folder\n")
            sys.stdout.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _failed(sentence: str) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"{sentence}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
