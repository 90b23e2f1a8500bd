"""Reads sources ahead of what is done with them: several at a time, in their order, within a bound of bytes."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Thread

from local.log_files import LogSource
from local.log_objects import CONNECTIONS

HELD_FILE_BYTES = 8 << 20
"""Bytes of a source up to which it is read ahead. Larger: one that is read alone begins sooner, and more memory is
used. Smaller: what S3 takes to send an object is waited for."""
HELD_BYTES = 64 << 20
"""Bytes of all sources that are read ahead. More: more memory. Less: fewer objects are read at the same time."""


@dataclass(frozen=True)
class HeldSource:
    """A source whose content is in memory."""

    name: str
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    def blocks(self) -> Iterator[bytes]:
        yield self.content


@dataclass(frozen=True)
class UnreadSource:
    """A source that could not be read."""

    name: str
    error: OSError

    @property
    def size(self) -> None:
        return None

    def blocks(self) -> Iterator[bytes]:
        """Raises the error with which it was read."""
        raise self.error
        yield b""  # pragma: no cover - makes this a generator


def read_ahead(sources: Iterable[LogSource]) -> Iterator[LogSource]:
    """The sources in their order: up to HELD_FILE_BYTES as HeldSource, or as UnreadSource; larger ones, and those of
    unknown size, as they are.
    """
    readers = _Readers()
    queue = _Queue(readers, iter(sources))
    try:
        while (reading := queue.next()) is not None:
            yield reading
    finally:  # also where the reader stops: what was not begun is not read any more
        readers.end()


class _Readers:
    """Threads that read sources, at most CONNECTIONS. The end of the process does not wait for them, as it would for
    those of an executor: where the network is gone, a read of S3 ends after minutes.
    """

    def __init__(self) -> None:
        self._tasks = SimpleQueue[tuple[LogSource, Future[LogSource]] | None]()
        self._number = 0
        self._has_ended = False

    def begin(self, source: LogSource) -> Future[LogSource]:
        """The source, once it is read."""
        future = Future[LogSource]()
        self._tasks.put((source, future))
        if self._number < CONNECTIONS:
            self._number += 1
            Thread(target=self._read, name=f"read-ahead-{self._number}", daemon=True).start()
        return future

    def end(self) -> None:
        """Ends each thread after what it reads now."""
        self._has_ended = True
        for _ in range(self._number):
            self._tasks.put(None)

    def _read(self) -> None:
        while (task := self._tasks.get()) and not self._has_ended:
            source, future = task
            try:
                future.set_result(_read(source))
            except BaseException as error:  # noqa: BLE001 - whoever asks for the source gets it
                future.set_exception(error)


@dataclass
class _Queue:
    """Sources that are being read, in order. Only the thread that asks for the next one adds to it."""

    readers: _Readers
    waiting: Iterator[LogSource]
    bytes: int = 0
    _reading: deque[tuple[int, Future[LogSource]]] = field(default_factory=deque)
    _next: tuple[int, LogSource] | None = None

    def next(self) -> LogSource | None:
        """The next source; None after the last."""
        self._fill()
        if not self._reading:
            return None
        size, future = self._reading.popleft()
        self.bytes -= size
        return future.result()

    def _fill(self) -> None:
        """Begins to read as many as there is room for, at least one."""
        while len(self._reading) < CONNECTIONS and (pending := self._pending()):
            size, source = pending
            if self._reading and self.bytes + size > HELD_BYTES:
                return
            self._next = None
            self.bytes += size
            self._reading.append((size, self.readers.begin(source)))

    def _pending(self) -> tuple[int, LogSource] | None:
        if self._next is None and (source := next(self.waiting, None)) is not None:
            self._next = (_held_bytes(source), source)
        return self._next


def _held_bytes(source: LogSource) -> int:
    """The bytes that a source takes in memory; 0 for one that is not read ahead."""
    try:
        size = source.size
    except OSError:
        return 0
    return size if size is not None and size <= HELD_FILE_BYTES else 0


def _read(source: LogSource) -> LogSource:
    try:
        size = source.size
        if size is None or size > HELD_FILE_BYTES:
            return source
        return HeldSource(source.name, b"".join(source.blocks()))
    except OSError as error:
        return UnreadSource(source.name, error)
