"""Test-reads Parquet files in a child process, since a damaged file can crash the process that reads it.

polars allocates memory for as many values as a file claims to have, and aborts the process when there is less; it may
also panic where nothing can be caught. So each part of a file is read in a child first, and only then in the function.
The child is kept for the next file. Without Parquet objects none is started.
"""

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from flowsentry.aws.ingest.parquet_child import DONE, LENGTH, READ, READY
from flowsentry.errors import PoisonError, RetryableError

MAX_SECONDS = 60.0
"""Time limit for a part of a file; 125,000 rows of 29 columns take 0.03 s, the largest part that decode/parquet.py
allows some 2 s. Longer: a file that is never read to its end occupies the function. Shorter: a valid file on a busy
machine is set aside."""
_COMMAND = (sys.executable, "-m", "flowsentry.aws.ingest.parquet_child")
_THREADS = "2"
"""The threads of a function's two CPUs. More: each takes memory that counts towards the child's limit. Fewer:
slower."""
_QUOTED_BYTES = 300
_BLOCK_BYTES = 1 << 16


def tried(data: bytes) -> Iterator[None]:
    """Yields after each part of the file that could be read: its schema, then each table of decode/parquet.py.

    Raises PoisonError for a file that cannot be read, also when it crashed the child or took longer than MAX_SECONDS
    (never retry), and RetryableError when no child can be started.
    """
    child = _idle_child() or _started()
    is_reusable = False
    try:
        child.take(data)
        while (answer := child.answer()) == READ:
            yield
        poison = None if answer == DONE else _poison(answer)
        is_reusable = True
        if poison:
            raise poison
    except _EndedError as ended:
        why = f"the Parquet file is damaged: it ended the process that test-read it ({ended})"
        raise PoisonError("parquet-corrupt", why) from ended
    finally:
        if is_reusable:
            _IDLE.append(child)
        else:
            child.end()


def _poison(answer: str) -> PoisonError:
    try:
        reason, sentence = json.loads(answer)
        return PoisonError(str(reason), str(sentence))
    except (ValueError, TypeError) as error:
        raise _EndedError(f"it answered {answer[:_QUOTED_BYTES]!r}") from error


class _EndedError(Exception):
    """The child exited, or was killed because it did not answer; the message says what is known about it."""


@dataclass
class _Child:
    process: subprocess.Popen[bytes]
    complaints: IO[bytes]
    _unread: bytes = field(default=b"", init=False)

    def take(self, data: bytes) -> None:
        self.complaints.seek(0)
        self.complaints.truncate(0)
        try:
            _stream(self.process.stdin).write(LENGTH.pack(len(data)))
            _stream(self.process.stdin).write(data)
            _stream(self.process.stdin).flush()
        except OSError as error:
            raise self._ended() from error

    def answer(self) -> str:
        """The child's next line. Raises _EndedError when there is none."""
        answers, until = _stream(self.process.stdout), time.monotonic() + MAX_SECONDS
        while b"\n" not in self._unread:
            if not select.select([answers], [], [], max(0.0, until - time.monotonic()))[0]:
                raise _EndedError(f"no answer for {MAX_SECONDS:g} s")
            if not (block := os.read(answers.fileno(), _BLOCK_BYTES)):
                raise self._ended()
            self._unread += block
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()

    def _ended(self) -> _EndedError:
        code = self.process.wait()  # the first line of a panic says what happened, the last one of a Python traceback
        self.complaints.seek(0)
        lines = self.complaints.read().splitlines() or [b""]
        line = lines[0] if code < 0 else lines[-1]
        return _EndedError(f"exit status {code}: {line[:_QUOTED_BYTES].decode(errors='replace').strip()}")

    def end(self) -> None:
        """Kills the child and waits until it has exited."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout, self.complaints):
            with suppress(OSError):
                _stream(stream).close()
        self.process.wait()


_IDLE: list[_Child] = []


def _idle_child() -> _Child | None:
    """A child that waits for a file; those that have exited are discarded, as the next file is not at fault."""
    while _IDLE:
        child = _IDLE.pop()
        if child.process.poll() is None:
            return child
        child.end()
    return None


def _started() -> _Child:
    """A new child that is ready for a file. Raises RetryableError when it does not start."""
    complaints = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the child runs
    try:
        process = subprocess.Popen(  # noqa: S603 - ours
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, env=_environment()
        )
    except OSError as error:
        complaints.close()
        raise RetryableError(f"the process that test-reads Parquet cannot be started: {error}") from error
    child = _Child(process, complaints)
    try:
        if (answer := child.answer()) == READY:
            return child
    except _EndedError as ended:
        answer = str(ended)
    child.end()
    raise RetryableError(f"the process that test-reads Parquet did not report that it is ready: {answer}")


def _environment() -> dict[str, str]:
    """The paths of Python and its packages only: a hostile file must not meet the function's credentials."""
    paths = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "PATH") if name in os.environ}
    return {**paths, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "POLARS_MAX_THREADS": _THREADS}


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise TypeError("the child was started without pipes")
    return stream


@atexit.register
def end_idle() -> None:
    """Kills the children that wait for a file."""
    while _IDLE:
        _IDLE.pop().end()
