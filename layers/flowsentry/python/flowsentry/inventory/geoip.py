"""Country and autonomous system of outside addresses, from a GeoIP database, as a table."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import polars as pl

from flowsentry.inventory.owner_kinds import MAX_LETTERS

GEOGRAPHY = pl.Schema({"country": pl.Categorical(), "asn": pl.Int64(), "network": pl.Categorical()})
"""ISO 3166-1 code of the country; number and name of the autonomous system. Null if not known."""
_MOST_DIGITS = 10
"""Numbers of autonomous systems have 32 bits: RFC 6793."""
_COUNTRY = re.compile(r"[A-Z]{2}")


class Location(NamedTuple):
    """Location of an address, in the order of GEOGRAPHY."""

    country: str | None = None
    asn: int | None = None
    network: str | None = None

    def completed_by(self, other: "Location") -> "Location":
        """The location, with missing values taken from the other."""
        return Location(
            self.country if self.country is not None else other.country,
            self.asn if self.asn is not None else other.asn,
            self.network if self.network is not None else other.network,
        )


class Geography(Protocol):
    """A GeoIP database."""

    def facts(self, addresses: pl.Series) -> pl.DataFrame:
        """A row of GEOGRAPHY for each address (text), in order."""
        ...


_NOTHING = [pl.Series(name, [None], kind) for name, kind in GEOGRAPHY.items()]


class NoGeography:
    """Stands for no configured database: all columns are null."""

    def facts(self, addresses: pl.Series) -> pl.DataFrame:
        return pl.DataFrame(one.new_from_index(0, len(addresses)) for one in _NOTHING)


def location_of(record: object) -> Location:
    """The location in a record of a database in MaxMind's format, with the names of MaxMind and DB-IP
    (`country.iso_code`, `autonomous_system_number`) or of IPinfo (`country_code`, `asn`, `as_name`). Invalid values are
    left out.

    https://dev.maxmind.com/geoip/docs/databases, https://ipinfo.io/developers/ipinfo-lite-database
    """
    if not isinstance(record, Mapping):
        return Location()
    name = record.get("autonomous_system_organization") or record.get("as_name")
    return Location(_country(record), _asn(record), name[:MAX_LETTERS] if isinstance(name, str) and name else None)


def _country(record: Mapping[str, Any]) -> str | None:
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, Mapping) else record.get("country_code") or country
    return code if isinstance(code, str) and _COUNTRY.fullmatch(code) else None


def _asn(record: Mapping[str, Any]) -> int | None:
    asn = record.get("autonomous_system_number", record.get("asn"))
    number = str(asn).removeprefix("AS")
    return int(number) if number.isdecimal() and len(number) <= _MOST_DIGITS else None
