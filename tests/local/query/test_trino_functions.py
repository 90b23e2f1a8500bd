"""Macros of Trino's functions give what Trino documents."""

import ipaddress
import random
from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest

from local.query.trino_functions import STATEMENTS

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
CONTAINS = "SELECT contains(?, TRY_CAST(? AS ipaddress))"


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        for statement in STATEMENTS:
            made.execute(statement)
        yield made


@pytest.mark.parametrize(
    ("network", "address", "expected"),
    [
        ("10.0.0.0/8", "10.255.255.255", True),
        ("10.0.0.0/8", "11.255.255.255", False),
        ("2001:0db8:0:0:0:ff00:0042:8329/128", "2001:0db8:0:0:0:ff00:0042:8329", True),
        ("0.0.0.0/0", "203.0.113.9", True),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("::/0", "2001:db8::1", True),
        ("10.0.0.0/8", "2001:db8::1", False),
        ("192.0.2.1/32", "192.0.2.1", True),
        ("10.0.0.0/8", None, None),
    ],
)
def test_an_address_is_in_a_network(
    connection: duckdb.DuckDBPyConnection, network: str, address: str | None, *, expected: bool | None
) -> None:
    assert connection.execute(CONTAINS, [network, address]).fetchall() == [(expected,)]


def test_networks_of_every_size_are_those_of_python(connection: duckdb.DuckDBPyConnection) -> None:
    pairs = list(random_pairs(300))
    connection.execute("CREATE TABLE pairs (place INT, network VARCHAR, address VARCHAR)")
    rows = [(place, str(network), str(address)) for place, (network, address) in enumerate(pairs)]
    connection.executemany("INSERT INTO pairs VALUES (?, ?, ?)", rows)
    found = connection.execute("SELECT contains(network, address) FROM pairs ORDER BY place").fetchall()
    assert found == [(address in network,) for network, address in pairs]


def random_pairs(number: int) -> Iterator[tuple[Network, Address]]:
    """A network, and an address in it; or one that differs from that in one bit."""
    chance = random.Random(15)  # noqa: S311 - no secret
    for place in range(number):
        kind, bits = (ipaddress.IPv4Address, 32) if place % 2 else (ipaddress.IPv6Address, 128)
        value = chance.getrandbits(bits) & ~((1 << chance.randrange(bits)) - 1)
        network = ipaddress.ip_network(f"{kind(value)}/{chance.randint(0, bits)}", strict=False)
        yield network, kind(value ^ (1 << chance.randrange(bits)) if place % 3 else value)


def test_what_is_no_address_is_in_no_network(connection: duckdb.DuckDBPyConnection) -> None:
    for text in ("", "-", "unknown", "10.0.0", "10.0.0.256x", "::g", "1.2.3.4.5.6"):
        ((found,),) = connection.execute(CONTAINS, ["203.0.113.0/24", text]).fetchall()
        assert not found


def test_unix_seconds_are_times_in_utc(connection: duckdb.DuckDBPyConnection) -> None:
    expected = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - as DuckDB gives it
    assert connection.execute("SELECT from_unixtime(1767268800)").fetchall() == [(expected,)]
