"""Real databases in MaxMind's format, from S3: used, replaced, and skipped when invalid."""

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from flowsentry.aws import clients, geo_databases
from flowsentry.aws.geo_databases import (
    REFRESH_SECONDS,
    DatabaseError,
    Databases,
    GeoDatabases,
    opened,
)
from flowsentry.inventory.geoip import NoGeography, location_of
from tests.moto_world import OUTPUT_BUCKET, make_bucket

COUNTRIES, NETWORKS = f"s3://{OUTPUT_BUCKET}/geo/country.mmdb", f"s3://{OUTPUT_BUCKET}/geo/asn.mmdb"
ASN = {"autonomous_system_number": 64_496, "autonomous_system_organization": "Example Networks"}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def bucket() -> None:
    make_bucket(OUTPUT_BUCKET)


def database(folder: Path, records: dict[str, Any], ip_version: int = 6) -> Path:
    writer = MMDBWriter(
        ip_version, ipv4_compatible=ip_version == 6, database_type="Test", float_type="f64", int_type="u32"
    )
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(folder / "made.mmdb"))
    return folder / "made.mmdb"


def put(folder: Path, address: str, records: dict[str, Any]) -> None:
    key = address.removeprefix(f"s3://{OUTPUT_BUCKET}/")
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=key, Body=database(folder, records).read_bytes())


def databases(*addresses: str, clock: Clock | None = None) -> GeoDatabases:
    return GeoDatabases(addresses, clients.s3(), clock or Clock())


def found(geo: GeoDatabases, *addresses: str | None) -> list[tuple[object, ...]]:
    return geo.load().facts(pl.Series(addresses, dtype=pl.Categorical())).rows()


def german(folder: Path) -> None:
    put(
        folder,
        COUNTRIES,
        {"198.51.100.0/24": {"country": {"iso_code": "DE"}}, "2001:db8::/32": {"country": {"iso_code": "FR"}}},
    )


def test_two_databases_return_country_and_network(tmp_path: Path) -> None:
    german(tmp_path)
    put(tmp_path, NETWORKS, {"198.51.100.0/25": ASN})
    geo = databases(COUNTRIES, NETWORKS)
    whole = ("DE", 64_496, "Example Networks")
    assert found(geo, "198.51.100.7", "198.51.100.200", "2001:db8::1") == [
        whole,
        ("DE", None, None),
        ("FR", None, None),
    ]
    assert found(geo, "192.0.2.1", None, "text") == [(None, None, None)] * 3
    assert geo.problems == []


def test_an_ipv6_address_is_unknown_to_an_ipv4_database(tmp_path: Path) -> None:
    path = database(tmp_path, {"198.51.100.0/24": ASN}, ip_version=4)
    geo = geo_databases.Databases([opened(path)])
    assert geo.facts(pl.Series(["2001:db8::1"])).rows() == [(None, None, None)]


def test_without_databases_there_is_no_geography() -> None:
    geo = databases()
    assert isinstance(geo.load(), NoGeography)
    assert geo.problems == []


def test_a_missing_database_is_skipped(tmp_path: Path) -> None:
    german(tmp_path)
    geo = databases(NETWORKS, COUNTRIES)
    assert found(geo, "198.51.100.7") == [("DE", None, None)]
    assert len(geo.problems) == 1
    assert NETWORKS in geo.problems[0]


def test_a_new_database_is_used_after_the_refresh_time_and_an_unchanged_one_is_the_same_object(tmp_path: Path) -> None:
    clock = Clock()
    german(tmp_path)
    geo = databases(COUNTRIES, clock=clock)
    first = geo.load()
    put(tmp_path, COUNTRIES, {"198.51.100.0/24": {"country": {"iso_code": "AT"}}})
    assert geo.load() is first
    clock.now += REFRESH_SECONDS
    assert found(geo, "198.51.100.7") == [("AT", None, None)]
    second = geo.load()
    clock.now += REFRESH_SECONDS
    assert geo.load() is second


def test_a_database_that_becomes_invalid_leaves_the_last_valid_one(tmp_path: Path) -> None:
    clock = Clock()
    german(tmp_path)
    geo = databases(COUNTRIES, clock=clock)
    first = geo.load()
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key="geo/country.mmdb", Body=b"not a database")
    clock.now += REFRESH_SECONDS
    assert geo.load() is first
    assert "no database" in geo.problems[0]


def test_a_database_over_the_size_limit_is_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geo_databases, "MAX_DATABASE_BYTES", 100)
    german(tmp_path)
    geo = databases(COUNTRIES)
    assert found(geo, "198.51.100.7") == [(None, None, None)]
    assert "allowed: 100" in geo.problems[0]


def test_opening_an_invalid_file_raises_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"missing\.mmdb is no database"):
        opened(tmp_path / "missing.mmdb")


def test_a_damaged_database_is_refused_or_returns_what_is_readable(tmp_path: Path) -> None:
    record = {"country": {"iso_code": "DE", "names": {"en": "Germany"}}, **ASN}
    whole = database(tmp_path, {"198.51.100.0/24": record}).read_bytes()
    chance = random.Random(5)  # noqa: S311 - damage
    damaged, addresses = tmp_path / "damaged.mmdb", pl.Series(["198.51.100.1", "x", None])
    for offset in [*range(len(whole) - 400, len(whole)), *chance.sample(range(len(whole)), 300)]:
        damaged.write_bytes(whole[:offset] + bytes([chance.randrange(256)]) + whole[offset + 1 :])
        with suppress(DatabaseError):
            assert len(Databases([opened(damaged)]).facts(addresses)) == len(addresses)


@pytest.mark.parametrize("number", [1 << 31, (1 << 32) - 1, 1 << 63, 1 << 127])
def test_an_impossible_network_number_is_left_out(number: int) -> None:
    assert location_of({"autonomous_system_number": number}).asn == (number if number < 1 << 32 else None)


def test_a_database_with_more_bytes_than_its_content_length_is_refused() -> None:
    class Body:
        def iter_chunks(self, size: int) -> Iterator[bytes]:
            yield from [bytes(size)] * 3

    with pytest.raises(DatabaseError, match="more than"):
        geo_databases.downloaded(COUNTRIES, 2 << 20, Body())
