"""Words instead of numbers in records; everything else is unchanged."""

import polars as pl
import pytest

from flowsentry.parse import parse
from flowsentry.records.fields import DEFAULT_NAMES, VPC_NAMES
from local.readable import readable
from tests.builders import NOON, V5, line, log_text, no_data


def row(*, names: tuple[str, ...] = VPC_NAMES, **values: object) -> dict[str, object]:
    (only,) = readable(parse(log_text([line(names, **values)], names)).records).iter_rows(named=True)
    return only


def test_codes_are_replaced_by_words() -> None:
    shown = row(protocol=17, tcp_flags=19, traffic_path=8, encryption_status=1)
    assert [shown[name] for name in ("protocol", "tcp_flags", "traffic_path", "encryption_status")] == [
        "udp",
        "SYN-ACK+FIN",
        "internet gateway",
        "encrypted by Nitro",
    ]


def test_times_are_iso_8601_in_utc() -> None:
    shown = row(start=NOON, end=NOON + 3_661)
    assert (shown["start"], shown["end"]) == ("2026-01-01T12:00:00Z", "2026-01-01T13:01:01Z")


def test_other_numbers_are_unchanged() -> None:
    shown = row(srcport=6, packets=17, bytes=1)
    assert (shown["srcport"], shown["packets"], shown["bytes"]) == (6, 17, 1)


@pytest.mark.parametrize("names", [DEFAULT_NAMES, V5, VPC_NAMES, ("srcaddr", "moon-phase")], ids=len)
def test_rows_columns_and_nulls_are_unchanged(names: tuple[str, ...]) -> None:
    records = parse(log_text([line(names), no_data(names), line(names, protocol=250)], names)).records
    shown = readable(records)
    assert shown.columns == records.columns
    for name in records.columns:
        assert shown[name].is_null().to_list() == records[name].is_null().to_list(), name


def test_no_records_give_an_empty_frame() -> None:
    records = parse(log_text([], VPC_NAMES)).records
    assert readable(records).height == 0
    assert readable(records)["protocol"].dtype == pl.String()
