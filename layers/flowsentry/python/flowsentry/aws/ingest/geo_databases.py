"""Databases of addresses in MaxMind's format, from files or S3 objects, read again when the object changes."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import maxminddb
import polars as pl
from botocore.exceptions import ClientError

from flowsentry.aws.object_store import NOT_MODIFIED
from flowsentry.aws.service_errors import retryable, status_of
from flowsentry.aws.unreadable_objects import tell_unreadable
from flowsentry.errors import RetryableError
from flowsentry.inventory.geoip import GEOGRAPHY, Geography, Location, NoGeography, location_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

S3_SCHEME = "s3://"
REFRESH_SECONDS = 3_600.0
"""How long a database is used without asking S3. Longer: a new one, as comes once a week or a month, is used later.
Shorter: a request more for each function that is warm."""
MAX_DATABASE_BYTES = 150 << 20
"""More than any of countries and networks has (some 10 MB), or of cities (60 MB); what is larger is not fetched, as it
would fill the function's /tmp."""


"""What the reader raises over a damaged database, beside its own error: it believes the names of fields and the types
of keys."""


class DatabaseError(Exception):
    """A database can't be used: the object is missing, denied, too large, or no database. Never retry; whoever reads
    goes on without it.
    """


@dataclass
class Databases:
    """Of each address what the databases say, the first before the others."""

    readers: Sequence[maxminddb.Reader]

    def facts(self, addresses: pl.Series) -> pl.DataFrame:
        rows = [self._place(address) for address in addresses.cast(pl.String)]
        return pl.DataFrame(rows, GEOGRAPHY, orient="row")

    def _place(self, address: str | None) -> Location:
        return reduce(Location.with_more, (_found(reader, address) for reader in self.readers), Location())


def _found(reader: maxminddb.Reader, address: str | None) -> Location:
    """Nothing for what is no address, or is one of IPv6 in a database of IPv4."""
    try:
        return location_of(reader.get(address or ""))
    except Exception:  # noqa: BLE001 - a damaged one raises whatever its bytes lead to
        return Location()


def opened(path: Path) -> maxminddb.Reader:
    """The database in a file, which is read where it lies. Raises DatabaseError.

    By the reader in Python: that in C takes 1 µs for 16, and ends the process where a key in the data is no text, as
    one changed byte can make it. This one bounds what a record may have: values, depth and bytes.
    """
    try:
        return maxminddb.open_database(path, maxminddb.MODE_MMAP)
    except Exception as error:  # a damaged one raises whatever its bytes lead to
        raise DatabaseError(f"{path} is no database of addresses: {error}") from error


@dataclass
class GeoDatabases:
    """The databases at addresses such as `s3://bucket/key.mmdb`, as they are now."""

    addresses: Sequence[str]
    client: "S3Client"
    clock: Callable[[], float] = time.monotonic
    troubles: list[str] = field(default_factory=list, init=False)
    """What was wrong at the last look, a sentence for each database that is not used, or is an older one. Whoever tells
    of it empties the list: it is news once."""
    _geography: Geography = field(default_factory=NoGeography, init=False)
    _fetched: dict[str, "_Fetched"] = field(default_factory=dict, init=False)
    _fresh_until: float = field(default=float("-inf"), init=False)

    def load(self) -> Geography:
        """What is known of addresses; the same object until one of the databases changes. A database that can't be read
        is left out, or stays what it was: no record waits for it.
        """
        if self.addresses and self.clock() >= self._fresh_until:
            self._refresh()
            self._fresh_until = self.clock() + REFRESH_SECONDS
        return self._geography

    def _refresh(self) -> None:
        self.troubles, before = [], dict(self._fetched)
        for address in self.addresses:
            try:
                self._fetched[address] = self._current(address)
            except (DatabaseError, RetryableError) as error:
                self.troubles.append(str(error))
                if isinstance(error, DatabaseError):
                    tell_unreadable("geo-database", str(error))
        if self._fetched != before:
            readers = [self._fetched[address].reader for address in self.addresses if address in self._fetched]
            self._geography = Databases(readers)

    def _current(self, address: str) -> "_Fetched":
        known = self._fetched.get(address)
        bucket, _, key = address.removeprefix(S3_SCHEME).partition("/")
        condition: dict[str, Any] = {"IfNoneMatch": known.etag} if known else {}
        try:
            with retryable(f"read {address}"):
                answer = self.client.get_object(Bucket=bucket, Key=key, **condition)
                return _kept(address, answer["ContentLength"], answer["Body"], answer["ETag"])
        except ClientError as error:
            if known and status_of(error) == NOT_MODIFIED:
                return known
            raise DatabaseError(f"{address} can't be read: {error}") from error


@dataclass(frozen=True)
class _Fetched:
    reader: maxminddb.Reader
    etag: str


def _kept(address: str, size: int, body: Any, etag: str) -> _Fetched:
    """The database in a file that is gone with its reader."""
    if size > MAX_DATABASE_BYTES:
        raise DatabaseError(f"{address} has {size:,} bytes; allowed: {MAX_DATABASE_BYTES:,}")
    with tempfile.NamedTemporaryFile(suffix=".mmdb") as file:
        for block in body.iter_chunks(1 << 20):
            if file.tell() + len(block) > size:
                raise DatabaseError(f"{address} has more than the {size:,} bytes that S3 said")
            file.write(block)
        file.flush()
        return _Fetched(opened(Path(file.name)), etag)
