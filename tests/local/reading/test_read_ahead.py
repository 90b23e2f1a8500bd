"""Sources that are read ahead: several at a time, in order, within bounds."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from local.aws.embedded import REPOSITORY
from local.log_objects import CONNECTIONS, ConnectionLostError
from local.reading.read_ahead import HELD_BYTES, HELD_FILE_BYTES, HeldSource, read_ahead
from tests.local.reading.held_files import HeldFile


@dataclass
class Sized:
    """A source that states a size and has no content; `began` counts the sources of a test that were read."""

    name: str
    size: int | None
    began: list[str] = field(default_factory=list)

    def blocks(self) -> Iterator[bytes]:
        self.began.append(self.name)
        yield b""


def test_sources_come_in_their_order_although_several_are_read_at_once() -> None:
    gate, order = threading.Barrier(4, timeout=10), [str(number) for number in range(4)]

    class Together(HeldFile):
        def blocks(self) -> Iterator[bytes]:
            gate.wait()
            yield from super().blocks()

    found = list(read_ahead([Together(name, name.encode()) for name in order]))
    assert [(each.name, b"".join(each.blocks())) for each in found] == [(name, name.encode()) for name in order]


def test_sources_are_read_ahead_up_to_a_number() -> None:
    files = [HeldFile(str(number), b"") for number in range(3 * CONNECTIONS)]
    reading = read_ahead(files)
    next(reading)
    assert sum(each.reads for each in files) <= CONNECTIONS


def test_sources_are_read_ahead_up_to_a_number_of_bytes() -> None:
    began: list[str] = []
    fitting = HELD_BYTES // HELD_FILE_BYTES
    reading = read_ahead(Sized(str(number), HELD_FILE_BYTES, began) for number in range(3 * fitting))
    next(reading)
    assert len(began) <= fitting
    assert len(list(reading)) == 3 * fitting - 1


@pytest.mark.parametrize("size", [HELD_FILE_BYTES + 1, None])
def test_a_source_that_is_large_or_of_unknown_size_is_not_read_ahead(size: int | None) -> None:
    source = Sized("large", size)
    assert list(read_ahead([source])) == [source]
    assert source.began == []


def test_an_error_shows_when_its_source_is_read_and_the_others_are_held() -> None:
    class Gone(HeldFile):
        def blocks(self) -> Iterator[bytes]:
            self.reads += 1
            raise ConnectionLostError(self.name)

    lost = Gone("lost", b"")
    found = list(read_ahead([HeldFile("a", b"1"), lost, HeldFile("b", b"2")]))
    assert [type(each) is HeldSource for each in found] == [True, False, True]
    with pytest.raises(ConnectionLostError, match="lost"):
        list(found[1].blocks())
    assert lost.reads == 1


INTERRUPTED = """
import time
from local.reading.read_ahead import read_ahead

class Slow:
    name, size = "slow", 1

    def blocks(self):
        time.sleep(60)
        yield b""

class Quick(Slow):
    def blocks(self):
        yield b""

sources = read_ahead([Quick(), Slow()])
next(sources)
raise KeyboardInterrupt
"""


def test_the_end_of_a_command_does_not_wait_for_what_is_being_read() -> None:
    begun = time.monotonic()
    command = [sys.executable, "-c", INTERRUPTED]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, timeout=50, check=False)  # noqa: S603 the script above
    assert done.stderr.endswith(b"KeyboardInterrupt\n")
    assert time.monotonic() - begun < 30
