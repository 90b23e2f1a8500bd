"""Where in the world an outside address is, and in whose network: what a database of such things tells, as a table."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import polars as pl

from flowsentry.inventory.owner_kinds import MAX_LETTERS

GEOGRAPHY = pl.Schema({"country": pl.Categorical(), "asn": pl.Int64(), "network": pl.Categorical()})
"""ISO 3166-1 code of the country; number and name of the autonomous system. Null what is not known."""
_MOST_DIGITS = 10
"""Numbers of autonomous systems have 32 bits: RFC 6793."""
_COUNTRY = re.compile(r"[A-Z]{2}")


class Location(NamedTuple):
    """What is known of an address, in the order of GEOGRAPHY."""

    country: str | None = None
    asn: int | None = None
    network: str | None = None

    def with_more(self, other: "Location") -> "Location":
        """The same, and what it lacks from the other."""
        return Location(
            self.country if self.country is not None else other.country,
            self.asn if self.asn is not None else other.asn,
            self.network if self.network is not None else other.network,
        )


class Geography(Protocol):
    """A database of addresses."""

    def facts(self, addresses: pl.Series) -> pl.DataFrame:
        """A row of GEOGRAPHY for each address (text), in order."""
        ...


class NoGeography:
    """No database is configured: of every address nothing is known."""

    def facts(self, addresses: pl.Series) -> pl.DataFrame:
        nothing = (pl.repeat(None, len(addresses), dtype=kind).alias(name) for name, kind in GEOGRAPHY.items())
        return pl.select(nothing)


def location_of(record: object) -> Location:
    """What a record of a database in MaxMind's format says, as MaxMind and DB-IP (`country.iso_code`,
    `autonomous_system_number`) or IPinfo (`country_code`, `asn`, `as_name`) write it. What is not as it should be is
    left out.

    https://dev.maxmind.com/geoip/docs/databases, https://ipinfo.io/developers/ipinfo-lite-database
    """
    if not isinstance(record, Mapping):
        return Location()
    name = record.get("autonomous_system_organization") or record.get("as_name")
    return Location(_country(record), _asn(record), name[:MAX_LETTERS] if isinstance(name, str) and name else None)


def _country(record: Mapping[str, Any]) -> str | None:
    told = record.get("country")
    code = told.get("iso_code") if isinstance(told, Mapping) else record.get("country_code") or told
    return code if isinstance(code, str) and _COUNTRY.fullmatch(code) else None


def _asn(record: Mapping[str, Any]) -> int | None:
    told = record.get("autonomous_system_number", record.get("asn"))
    number = str(told).removeprefix("AS")
    return int(number) if number.isdecimal() and len(number) <= _MOST_DIGITS else None
