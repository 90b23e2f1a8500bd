"""Locations from database records of several vendors; invalid values are left out."""

import polars as pl
import pytest

from flowsentry.inventory.geoip import GEOGRAPHY, Location, NoGeography, location_of
from flowsentry.inventory.owner_kinds import MAX_LETTERS

MAXMIND = {"country": {"iso_code": "DE", "names": {"en": "Germany"}}, "continent": {"code": "EU"}}
ASN = {"autonomous_system_number": 64_496, "autonomous_system_organization": "Example Networks"}
IPINFO = {"country": "Germany", "country_code": "DE", "asn": "AS64496", "as_name": "Example Networks"}
OLD_IPINFO = {"country": "DE", "asn": "AS64496", "as_name": "Example Networks"}
WHOLE = Location("DE", 64_496, "Example Networks")


@pytest.mark.parametrize(
    ("record", "target"),
    [(MAXMIND, Location("DE")), (ASN, WHOLE._replace(country=None)), (IPINFO, WHOLE), (OLD_IPINFO, WHOLE)],
)
def test_the_names_of_each_vendor_are_parsed(record: object, target: Location) -> None:
    assert location_of(record) == target


@pytest.mark.parametrize(
    "record",
    [None, "DE", {}, {"country": {"iso_code": 7}}, {"country": "Germany"}, {"asn": "AS", "as_name": ""}, {"asn": -1}],
)
def test_invalid_values_are_left_out(record: object) -> None:
    assert location_of(record) == Location()


def test_network_names_are_bounded() -> None:
    assert len(location_of({"as_name": "x" * 10_000}).network or "") == MAX_LETTERS


def test_a_second_database_completes_the_first() -> None:
    assert location_of(MAXMIND).completed_by(location_of(ASN)).completed_by(Location("FR", 1, "other")) == WHOLE


def test_without_a_database_all_columns_are_null() -> None:
    facts = NoGeography().facts(pl.Series(["192.0.2.1", None]))
    assert facts.schema == GEOGRAPHY
    assert facts.rows() == [(None, None, None)] * 2
