"""Reads flow logs named on the command line: files, folders, s3:// addresses, standard input."""

import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from flowsentry.records.object_key import flow_log_key, is_no_flow_log

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BLOCK_BYTES = 1 << 20
_ENDS_AS_LOGS_DO = re.compile(r"\.(log|txt|gz|parquet)$")


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


@dataclass(frozen=True, slots=True)
class LogObject:
    """An S3 object of this size, read with the AWS credentials of the environment."""

    bucket: str
    key: str
    size: int
    s3: "S3Client" = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def blocks(self) -> Iterator[bytes]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only s3:// addresses need boto3

        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=self.key)["Body"]
            yield from body.iter_chunks(BLOCK_BYTES)
        except (BotoCoreError, ClientError) as error:
            raise OSError(f"cannot read {self.name}: {error}") from error


def sources_at(address: str) -> list[LogSource]:
    """The flow logs at an address, in order of time: a file itself; in a folder or under an s3:// prefix, the objects
    that are named as AWS names flow logs or that end in .log, .txt, .gz or .parquet. The number of other objects under
    a prefix is printed on stderr. Raises OSError when the address does not exist or cannot be listed.
    """
    if address.startswith("s3://"):
        return sorted(_objects_at(address), key=_order)
    path = Path(address)
    if path.is_dir():
        found = [LogFile(each) for each in path.rglob("*") if each.is_file() and _looks_like_logs(each.as_posix())]
        return sorted(found, key=_order)
    if address != "-" and not path.exists():
        raise FileNotFoundError(f"{address}: no such file or folder")
    return [LogFile(path)]


def all_sources(addresses: Iterable[str], complain: Callable[[object], int]) -> tuple[list[LogSource], int]:
    """The flow logs at all addresses, each address in order of time, and the number of addresses that can't be listed,
    of which `complain` prints the reason.
    """
    found: list[LogSource] = []
    missing = 0
    for address in addresses:
        try:
            found += sources_at(address)
        except OSError as error:
            missing += complain(error)
    return found, missing


def _looks_like_logs(key: str) -> bool:
    return bool(flow_log_key(key)) or (bool(_ENDS_AS_LOGS_DO.search(key)) and not is_no_flow_log(key))


def _order(source: LogSource) -> tuple[float, str]:
    """By the time in the file name, as AWS writes it; names without a time come last."""
    key = flow_log_key(source.name)
    return (key.delivered_at if key else math.inf, source.name)


def _blocks_of(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block


def _objects_at(address: str) -> Iterator[LogSource]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only s3:// addresses need boto3

    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    try:
        s3 = _s3()
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        sizes = {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", ())}
    except (BotoCoreError, ClientError) as error:
        raise OSError(f"cannot list {address}: {error}") from error
    if not sizes:
        raise FileNotFoundError(f"{address}: no such object or prefix")
    wanted = [key for key in sizes if key == prefix or _looks_like_logs(key)]
    if skipped := len(sizes) - len(wanted):
        print(f"flowsentry: {address}: skipped {skipped:,} objects whose keys are not flow logs", file=sys.stderr)
    yield from (LogObject(bucket, key, sizes[key], s3) for key in wanted)


def _s3() -> "S3Client":
    import boto3  # noqa: PLC0415 - only s3:// addresses need boto3

    return boto3.client("s3")
