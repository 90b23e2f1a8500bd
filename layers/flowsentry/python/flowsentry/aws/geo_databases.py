"""Databases of IP addresses in MaxMind's format, in S3 objects that are read again when they change."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import polars as pl
from botocore.exceptions import ClientError
from msgspec import Struct

from flowsentry.aws.cached_object import CachedObject
from flowsentry.aws.unreadable_objects import report_unreadable
from flowsentry.errors import RetryableError
from flowsentry.inventory.geoip import GEOGRAPHY, Geography, Location, NoGeography, location_of

if TYPE_CHECKING:
    import maxminddb
    from mypy_boto3_s3 import S3Client

S3_SCHEME = "s3://"
REFRESH_SECONDS = 3_600.0
"""How long a database is used without asking S3. Longer: a new version, published once a week or a month, is used
later. Shorter: more requests of each warm function."""
MAX_DATABASE_BYTES = 150 << 20
"""Larger databases are not downloaded. Country and network databases have some 10 MB, city databases 60 MB. Higher: a
wrong object fills the function's /tmp. Lower: a large city database is refused."""


class DatabaseError(Exception):
    """A database cannot be used: the object is missing, denied, too large, or no database. Never retry: enrichment
    continues without it.
    """


class Databases(Struct):
    """Looks up each address in all databases; where two have a value, the first one's is used."""

    readers: "Sequence[maxminddb.Reader]"

    def facts(self, addresses: pl.Series) -> pl.DataFrame:
        rows = [self._location(address) for address in addresses.cast(pl.String)]
        return pl.DataFrame(rows, GEOGRAPHY, orient="row")

    def _location(self, address: str | None) -> Location:
        return reduce(Location.completed_by, (_found(reader, address) for reader in self.readers), Location())


def _found(reader: "maxminddb.Reader", address: str | None) -> Location:
    """An empty location for text that is no address, and for an IPv6 address in a database of IPv4."""
    try:
        return location_of(reader.get(address or ""))
    except Exception:  # noqa: BLE001 - damaged data raises errors of any type
        return Location()


def opened(path: Path) -> "maxminddb.Reader":
    """A reader of the database in a file, which it maps into memory. Raises DatabaseError.

    It is maxminddb's reader in Python, which limits the values, depth and bytes of a record. The one in C takes 1 µs
    for a lookup instead of 16 µs, and ends the process where a key in the data is no text, as one changed byte can do.
    """
    import maxminddb  # noqa: PLC0415 - it imports multiprocessing: 9 ms of a start, and most users have no database

    try:
        return maxminddb.open_database(path, maxminddb.MODE_MMAP)
    except Exception as error:  # damaged data raises errors of any type
        raise DatabaseError(f"{path} is no database of addresses: {error}") from error


@dataclass
class GeoDatabase(CachedObject["maxminddb.Reader"]):
    """One database."""

    refresh_seconds = REFRESH_SECONDS
    invalid = DatabaseError

    def parse(self, response: Mapping[str, Any]) -> "maxminddb.Reader":
        return downloaded(self.name, response["ContentLength"], response["Body"])

    def refused(self, error: ClientError) -> NoReturn:
        raise DatabaseError(f"{self.name} can't be read: {error}") from error


@dataclass
class GeoDatabases:
    """The newest versions of the databases at addresses such as `s3://bucket/key.mmdb`."""

    addresses: Sequence[str]
    client: "S3Client"
    clock: Callable[[], float] = time.monotonic
    problems: list[str] = field(default_factory=list, init=False)
    """A sentence for each database that the last reload could not use, or of which an older version is active. The
    caller who reports them empties the list, so that each is reported once."""
    _geography: Geography = field(default_factory=NoGeography, init=False)
    _databases: list[GeoDatabase] = field(init=False)

    def __post_init__(self) -> None:
        addresses = (address.removeprefix(S3_SCHEME).partition("/") for address in self.addresses)
        self._databases = [GeoDatabase(bucket, key, self.client, self.clock) for bucket, _, key in addresses]

    def load(self) -> Geography:
        """Looks up addresses in the databases; the same object until one of them changes. A database that cannot be
        read is left out, or its last valid version stays active: no record waits for it.
        """
        if any(database.is_due for database in self._databases):
            self._reload()
        return self._geography

    def _reload(self) -> None:
        before = self._readers()
        self.problems = [problem for database in self._databases if (problem := _problem_of_reload(database))]
        for database in self._databases:
            database.postpone()
        if (readers := self._readers()) != before:
            self._geography = Databases(readers)

    def _readers(self) -> "list[maxminddb.Reader]":
        return [database.current for database in self._databases if database.current is not None]


def _problem_of_reload(database: GeoDatabase) -> str:
    """Why the newest version of a database is not used after a reload; empty when it is used."""
    try:
        database.reload()
    except RetryableError as error:
        return str(error)
    except DatabaseError:
        pass
    if database.problem:
        report_unreadable("geo-database", database.problem)
    return database.problem


def downloaded(address: str, size: int, body: Any) -> "maxminddb.Reader":
    """A reader of the database, in a temporary file that is deleted with the reader. Raises DatabaseError."""
    if size > MAX_DATABASE_BYTES:
        raise DatabaseError(f"{address} has {size:,} bytes; allowed: {MAX_DATABASE_BYTES:,}")
    with tempfile.NamedTemporaryFile(suffix=".mmdb") as file:
        for block in body.iter_chunks(1 << 20):
            if file.tell() + len(block) > size:
                raise DatabaseError(f"{address} has more than the {size:,} bytes that S3 said")
            file.write(block)
        file.flush()
        return opened(Path(file.name))
