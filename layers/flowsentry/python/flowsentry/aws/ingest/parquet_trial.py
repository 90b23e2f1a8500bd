"""Parquet files tried in a process of their own, since what is wrong with one can end the process that reads it.

polars takes memory for as many values as a file claims to have, and gives up the process where there is less; and it
may panic where nothing can be caught. So each part of a file is read in a child first, and here only after that. The
child stays for the next file. Objects without Parquet start none.
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
"""How long a part of a file may take; 125,000 rows of 29 columns take 0.03 s, the longest that the bounds of
decode/parquet.py allow some 2 s. Longer: a file that never ends keeps the function busy. Shorter: a good file on a busy
machine is set aside."""
_COMMAND = (sys.executable, "-m", "flowsentry.aws.ingest.parquet_child")
_THREADS = "2"
"""As many as a function has. More: each takes memory that counts against the child's bound."""
_TOLD_BYTES = 300
_BLOCK_BYTES = 1 << 16


def tried(data: bytes) -> Iterator[None]:
    """Goes one step for each part of the file that could be read: its schema, and each table of decode/parquet.py.

    Raises PoisonError for a file that can't be read, also where that ended the process or took longer than MAX_SECONDS
    (never retry), RetryableError when no process can be started.
    """
    child = _cooling_down() or _started()
    is_cooling_down = False
    try:
        child.take(data)
        while (answer := child.answer()) == READ:
            yield
        poison = None if answer == DONE else _poison(answer)
        is_cooling_down = True
        if poison:
            raise poison
    except _EndedError as ended:
        why = f"the Parquet file is damaged: it ended the process that tried to read it ({ended})"
        raise PoisonError("parquet-corrupt", why) from ended
    finally:
        if is_cooling_down:
            _IDLE.append(child)
        else:
            child.end()


def _poison(answer: str) -> PoisonError:
    try:
        reason, sentence = json.loads(answer)
        return PoisonError(str(reason), str(sentence))
    except (ValueError, TypeError) as error:
        raise _EndedError(f"it answered {answer[:_TOLD_BYTES]!r}") from error


class _EndedError(Exception):
    """The child is gone, or was ended since it did not answer; the message is what is known of it."""


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
        """The next line that it says. Raises _EndedError where there is none."""
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
        code = self.process.wait()  # a panic begins with what it is about, a traceback of Python ends with it
        self.complaints.seek(0)
        lines = self.complaints.read().splitlines() or [b""]
        told = lines[0] if code < 0 else lines[-1]
        return _EndedError(f"exit status {code}: {told[:_TOLD_BYTES].decode(errors='replace').strip()}")

    def end(self) -> None:
        """Ends it, and waits until it has."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout, self.complaints):
            with suppress(OSError):
                _stream(stream).close()
        self.process.wait()


_IDLE: list[_Child] = []


def _cooling_down() -> _Child | None:
    """A child that waits for a file; none that has gone meanwhile, which is no fault of the next file."""
    while _IDLE:
        child = _IDLE.pop()
        if child.process.poll() is None:
            return child
        child.end()
    return None


def _started() -> _Child:
    """A child that is ready for a file."""
    complaints = tempfile.TemporaryFile()  # noqa: SIM115 - of the child, as long as it lives
    try:
        process = subprocess.Popen(  # noqa: S603 - ours
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, env=_environment()
        )
    except OSError as error:
        complaints.close()
        raise RetryableError(f"the process that reads Parquet can't be started: {error}") from error
    child = _Child(process, complaints)
    try:
        if (answer := child.answer()) == READY:
            return child
    except _EndedError as ended:
        answer = str(ended)
    child.end()
    raise RetryableError(f"the process that reads Parquet does not start as it should: {answer}")


def _environment() -> dict[str, str]:
    """Where Python and packages are, and nothing else: what is read there may be hostile, and needs no credentials."""
    paths = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "PATH") if name in os.environ}
    return {**paths, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "POLARS_MAX_THREADS": _THREADS}


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise TypeError("a child has pipes")
    return stream


@atexit.register
def end_idle() -> None:
    """Ends the children that wait for a file."""
    while _IDLE:
        _IDLE.pop().end()
