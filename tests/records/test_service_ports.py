"""Which ports services listen on."""

import polars as pl

from flowsentry.records.service_ports import SERVICES, is_service_port, service_name

PORTS = pl.DataFrame({"port": pl.Series([0, 22, 1023, 1024, 5432, 45000, 65535, None], dtype=pl.UInt16)})


def test_ports_below_1024_and_those_listed_are_service_ports() -> None:
    assert PORTS.select(is_service_port(pl.col("port"))).to_series().to_list() == [
        *(True, True, True),
        *(False, True, False, False, None),
    ]


def test_a_listed_port_has_its_service_name() -> None:
    names = PORTS.select(service_name(pl.col("port"))).to_series().to_list()
    assert names == [None, "ssh", None, None, "postgresql", None, None, None]


def test_service_names_are_lower_case() -> None:
    assert all(name == name.lower() and " " not in name for name in SERVICES.values())
