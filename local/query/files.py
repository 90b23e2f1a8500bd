"""The Parquet files that a command line names: files, folders, globs."""

import glob
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from local.query.errors import QueryError
from local.query.time_range import TimeRange

DAY_IN_PATH = r"day=([0-9]{4}-[0-9]{2}-[0-9]{2})"
"""The folder of a day, as it is in the output bucket; a file elsewhere is of the days of its records."""
_DAY = re.compile(rf"(?:^|/){DAY_IN_PATH}/")


def files_at(paths: Iterable[str], during: TimeRange) -> list[str]:
    """The Parquet files at these paths, sorted, without those in folders of other days. Raises QueryError for a path
    without any.
    """
    found = {file for path in paths for file in _found(path)}
    return sorted(file for file in found if _may_have(file, during))


def _found(path: str) -> list[str]:
    if path.startswith("s3://"):
        raise QueryError("objects in S3 are not read; allowed: files on this machine, copied with aws s3 sync")
    files = [str(each) for each in _matching(path)]
    if not files:
        raise QueryError(f"{path}: no Parquet file is there")
    return files


def _matching(path: str) -> Iterator[Path]:
    """A file that is named itself may have any name; of folders, files that end in .parquet."""
    named = Path(path)
    for each in [named] if named.exists() else map(Path, glob.iglob(path, recursive=True)):  # noqa: PTH207 - `**` as typed
        if each.is_dir():
            yield from each.rglob("*.parquet")
        else:
            yield each


def _may_have(file: str, during: TimeRange) -> bool:
    day = _DAY.search(Path(file).as_posix())
    first, last = during.days(with_next=True)
    return day is None or first <= day[1] <= last
