"""Reads flow logs named on the command line: files, folders, patterns, s3:// addresses, standard input."""

import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path
from typing import IO, Protocol

from flowsentry.records.object_key import flow_log_key
from local.log_objects import BLOCK_BYTES, S3Access, looks_like_logs, may_have_records_of, objects_at
from local.query.time_range import TimeRange
from local.terminal.next_steps import with_next_step
from local.terminal.waiting import waiting


class LogSource(Protocol):
    """One source of flow log bytes."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int | None:
        """Its bytes as stored, None where they are known only at its end."""
        ...

    def blocks(self) -> Iterator[bytes]:
        """The content in blocks of at most BLOCK_BYTES. Raises OSError when the source cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file, or standard input for the path `-`."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def size(self) -> int | None:
        return self.path.stat().st_size if self.path.is_file() else None

    def blocks(self) -> Iterator[bytes]:
        if str(self.path) == "-":
            yield from _blocks_of(sys.stdin.buffer)
        else:
            with self.path.open("rb") as file:
                yield from _blocks_of(file)


@dataclass(frozen=True)
class Selection:
    """Which files at an address are read: those that may have records of `times`, by the time in their names."""

    times: TimeRange = field(default_factory=TimeRange)
    s3: S3Access = field(default_factory=S3Access)


EVERYTHING = Selection()


def sources_at(address: str, selection: Selection = EVERYTHING) -> list[LogSource]:
    """The flow logs at an address, in order of time: a file itself; in a folder or under an s3:// prefix, the objects
    that are named as AWS names flow logs or that end in .log, .txt, .gz or .parquet; and what a pattern matches (`*`,
    `?`, `[…]`, and `**` for any folders; in an s3:// address only `*`). The number of other objects under a prefix is
    printed on stderr. Raises OSError when the address does not exist or cannot be listed.
    """
    if address.startswith("s3://"):
        return sorted(objects_at(address, selection.s3, selection.times), key=_order)
    found = (each for each in _files_at(address) if may_have_records_of(selection.times, each.name))
    return sorted(found, key=_order)


def all_sources(
    addresses: Iterable[str], complain: Callable[[object], int], selection: Selection = EVERYTHING
) -> tuple[list[LogSource], int]:
    """The flow logs at all addresses, each address in order of time, and the number of addresses that can't be listed,
    of which `complain` prints the reason.
    """
    found: list[LogSource] = []
    missing = 0
    for address in addresses:
        try:
            with waiting(f"looking for flow logs in {address}"):
                found += sources_at(address, selection)
        except OSError as error:
            missing += complain(with_next_step(error))
    return found, missing


def location_of(name: str) -> str:
    """The same for all spellings of the path of a file, and of links to it; other names as they are."""
    return name if name == "-" or name.startswith("s3://") else os.path.realpath(name)


def distinct(sources: Iterable[LogSource]) -> list[LogSource]:
    """The sources in the same order, each file once, although two paths may lead to it."""
    found: dict[str, LogSource] = {}
    for source in sources:
        found.setdefault(location_of(source.name), source)
    return list(found.values())


def has_time(source: LogSource) -> bool:
    """Whether the name of a source has a time, as AWS writes it."""
    return flow_log_key(source.name) is not None


def _files_at(address: str) -> list[LogFile]:
    path = Path(address).expanduser()
    if path.is_dir():
        return _files_in(path)
    if address == "-" or path.exists():
        return [LogFile(path)]
    if not has_magic(address):
        raise FileNotFoundError(f"{address}: no such file or folder")
    return _matching(str(path), address)


def _files_in(folder: Path) -> list[LogFile]:
    return [LogFile(each) for each in folder.rglob("*") if each.is_file() and looks_like_logs(each.as_posix())]


def _matching(pattern: str, address: str) -> list[LogFile]:
    """What matches. The end `*` or `**` takes what a folder takes; a more exact one takes files of any name."""
    matches = [Path(each) for each in glob(pattern, recursive=True)]  # noqa: PTH207 - Path.glob takes no absolute one
    if not matches:
        raise FileNotFoundError(f"{address}: nothing matches this pattern")
    takes_all = Path(pattern).name not in {"*", "**"}
    files = [LogFile(each) for each in matches if each.is_file() and (takes_all or looks_like_logs(each.as_posix()))]
    folders = [] if "**" in Path(pattern).parts else [each for each in matches if each.is_dir()]
    return list(dict.fromkeys([*files, *(file for folder in folders for file in _files_in(folder))]))


def _order(source: LogSource) -> tuple[float, str]:
    """By the time in the file name, as AWS writes it; names without a time come last."""
    key = flow_log_key(source.name)
    return (key.delivered_at if key else math.inf, source.name)


def _blocks_of(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block
