"""Log files in memory."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class HeldFile:
    """A log file in memory; `reads` counts how often it was read."""

    name: str
    content: bytes
    reads: int = 0

    @property
    def size(self) -> int | None:
        return len(self.content)

    def blocks(self) -> Iterator[bytes]:
        self.reads += 1
        yield self.content
