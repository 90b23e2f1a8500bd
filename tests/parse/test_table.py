"""Rows of Parquet files: a value is what it would be as text, whatever type its writer gave it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flowsentry.frames import MAX_LINE_BYTES, LogTable, Parsed
from flowsentry.parse import parse
from flowsentry.parse.table import parse_table
from flowsentry.records.fields import FIELDS, dtype_of
from tests.builders import NOON, V5, line, log_text

LINES = [line(srcport=port, account_id="000000123456") for port in (1, 2, 3)]
WORDS = pl.DataFrame([each.split(" ") for each in LINES], schema=[*V5], orient="row")


def table(**columns: Any) -> Parsed:
    """What becomes of WORDS with these columns, by their names with `_`; or of these alone, if they have other rows."""
    given = pl.DataFrame(columns)
    rows = WORDS.rename({name: name.replace("-", "_") for name in V5}).with_columns(given.get_columns())
    return parse_table(LogTable(rows, 2))


def alone(name: str, *values: Any, dtype: Any = None) -> Parsed:
    return parse_table(LogTable(pl.DataFrame({name: pl.Series(values, dtype=dtype, strict=False)}), 2))


def values_of(seen: Parsed) -> list[Any]:
    """The values of the only column; all rows are records."""
    assert seen.rejected.total == 0
    return seen.records.to_series().to_list()


TEXT = parse(log_text(LINES)).records


@pytest.mark.parametrize(
    "spelled", [str, str.upper, lambda name: name.replace("-", "_")], ids=["hyphens", "upper case", "underscores"]
)
def test_columns_are_fields_by_their_names(spelled: Any) -> None:
    seen = parse_table(LogTable(WORDS.rename(spelled), 2))
    assert_frame_equal(seen.records, TEXT, categorical_as_str=True)
    assert (seen.lines, seen.rejected.total) == (3, 0)


def test_columns_may_be_in_any_order_and_any_subset() -> None:
    seen = parse_table(LogTable(WORDS.select("action", "srcaddr", "bytes"), 2))
    assert_frame_equal(seen.records, TEXT.select("action", "srcaddr", "bytes"), categorical_as_str=True)


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        *((column, dtype) for column in ("srcport", "bytes", "version") for dtype in (pl.Int32, pl.Int64, pl.UInt32)),
        *((column, pl.Float64) for column in ("srcport", "bytes", "start")),
        *(("srcport", dtype) for dtype in (pl.Decimal(10, 2), pl.Int128, pl.UInt16, pl.Categorical)),
        *(("srcaddr", dtype) for dtype in (pl.Categorical, pl.Binary, pl.Enum(["10.0.0.1"]))),
        *(("bytes", dtype) for dtype in (pl.Binary, pl.Enum(["6400"]))),
        ("account_id", pl.Int64),
        ("account_id", pl.Float64),
        ("action", pl.Categorical),
        ("flow_direction", pl.Binary),
    ],
    ids=str,
)
def test_the_type_of_a_column_changes_no_value(column: str, dtype: Any) -> None:
    seen = table(**{column: WORDS[column.replace("_", "-")].cast(dtype)})
    assert_frame_equal(seen.records, TEXT, categorical_as_str=True)


def test_account_ids_that_were_numbers_have_their_leading_zeros_again() -> None:
    assert values_of(alone("account_id", 123456, 123456789012)) == ["000000123456", "123456789012"]
    assert values_of(alone("account-id", 123456.0, float("nan"))) == ["000000123456", None]
    assert values_of(alone("tgw_src_vpc_account_id", 7)) == ["000000000007"]


def test_numbers_in_other_fields_of_text_are_their_digits() -> None:
    assert values_of(alone("instance_tag", 7)) == ["7"]
    assert values_of(alone("instance_tag", 7.0, 1.5, None)) == ["7", "1.5", None]


@pytest.mark.parametrize("word", ["-", "", "None", "nan", "NaN", None])
@pytest.mark.parametrize("name", ["srcaddr", "srcport", "bytes", "start", "action", "account_id", "moon_phase"])
def test_missing_words_are_null(name: str, word: str | None) -> None:
    for dtype in (pl.String, pl.Categorical, pl.Binary):
        column = pl.Series([word], dtype=pl.String).cast(dtype)
        assert values_of(parse_table(LogTable(pl.DataFrame({name: column}), 2))) == [None]


@pytest.mark.parametrize("name", ["srcaddr", "srcport", "bytes", "start", "action", "account_id", "moon_phase"])
@pytest.mark.parametrize("dtype", [pl.Null, pl.Int64, pl.Float64, pl.Boolean, pl.Datetime, pl.Decimal(10, 2)], ids=str)
def test_null_is_null_whatever_the_type_of_the_column(name: str, dtype: Any) -> None:
    seen = alone(name, None, None, dtype=dtype)
    assert values_of(seen) == [None, None]
    assert seen.records.dtypes == [dtype_of(name.replace("_", "-"))]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_times_may_be_timestamps(unit: Any, zone: str | None) -> None:
    moments = pl.Series([datetime.fromtimestamp(NOON, UTC).replace(tzinfo=None)]).cast(pl.Datetime(unit))
    if zone:
        moments = moments.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    assert values_of(alone("start", *moments, dtype=moments.dtype)) == [NOON]


def test_times_in_milliseconds_are_in_seconds() -> None:
    assert values_of(alone("end", NOON * 1000 + 999, NOON)) == [NOON, NOON]
    assert values_of(alone("end", f"{NOON}123", None)) == [NOON, None]


def test_tags_are_percent_decoded() -> None:
    assert values_of(alone("asg_tag_2", "a%20b", "%C3%A4", "50%")) == ["a b", "ä", "50%"]


def test_columns_that_aws_does_not_have_are_text() -> None:
    told: dict[str, Any] = {"moon_phase": "full", "is_new": True, "day": date(2026, 1, 1), "took": timedelta(minutes=1)}
    told |= {"share": 0.5, "price": Decimal("1.50"), "count": 7}
    seen = parse_table(LogTable(pl.DataFrame([told, dict.fromkeys(told)]), 2))
    assert seen.rejected.total == 0
    assert set(seen.records.dtypes) == {pl.Categorical()}
    assert seen.records.rows() == [("full", "true", "2026-01-01", "PT1M", "0.5", "1.5", "7"), (None,) * 7]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("srcport", value) for value in (65536, -1, 80.5, float("inf"), "80.0", "http", " 80", True)),
        *(("protocol", value) for value in (65536, "tcp")),
        *(("bytes", value) for value in (-1, 10**15 + 1, 10**30, 1e300, "1e3", False)),
        *(("start", value) for value in (-1, 10**15, "2026-01-01", date(2026, 1, 1), True)),
        ("start", datetime(1969, 1, 1, tzinfo=UTC)),
        ("srcport", datetime(1970, 1, 1, tzinfo=UTC)),
        *(("srcaddr", value) for value in ("10.0.0", "localhost", 167772161, True)),
        *(("action", value) for value in ("accept", 0, 1, True)),
        *(("log_status", value) for value in ("FINE", 1.0)),
        *(("account_id", value) for value in (True,)),
        ("instance_tag", False),
    ],
    ids=str,
)
def test_an_invalid_value_rejects_its_row_alone(name: str, value: Any) -> None:
    dtype = pl.Int128 if isinstance(value, int) and abs(value) >= 2**63 else None
    seen = table(**{name: pl.Series([None, value, None], dtype=dtype)})
    assert (len(seen.records), seen.rejected.counts) == (2, {"bad-value": 1})
    ((number, reason, _),) = seen.rejected.sample
    assert (number, reason) == (3, f"bad-value {name}")


def test_a_rejected_row_is_shown_as_the_line_it_would_be() -> None:
    seen = table(srcport=[1, 70000, None], tcp_flags=[None, None, 3], account_id=[1, 2, 3])
    assert seen.rejected.sample == [
        (3, "bad-value srcport", line(srcport=70000, tcp_flags="-", account_id="000000000002"))
    ]


def test_the_first_bad_value_of_a_row_is_its_reason_and_counts_are_by_kind() -> None:
    seen = table(srcport=[-1, -1, 1], bytes=[-1, 1, -1])
    assert [reason for _, reason, _ in seen.rejected.sample] == ["bad-value srcport"] * 2 + ["bad-value bytes"]
    assert seen.rejected.counts == {"bad-value": 3}


def test_the_sample_is_bounded_in_rows_and_in_text() -> None:
    seen = alone("srcaddr", *["x" * 5000] * 300)
    assert (len(seen.rejected.sample), seen.rejected.total) == (20, 300)
    assert max(len(text) for _, _, text in seen.rejected.sample) == 512


@pytest.mark.parametrize("bad", [b"10.0.0.\xff", "10.0.0.\ufffd".encode()], ids=["as bytes", "as text that lost them"])
def test_bytes_that_are_not_utf_8_reject_their_row(bad: bytes) -> None:
    seen = table(srcaddr=[b"10.0.0.1", bad, None])
    assert seen.rejected.sample[0][:2] == (3, "not-utf-8")
    assert seen.records["srcaddr"].to_list() == ["10.0.0.1", None]


def test_text_that_is_not_ascii_is_text() -> None:
    assert values_of(alone("instance_tag", "straße", "東京", "plain")) == ["straße", "東京", "plain"]


@pytest.mark.parametrize("dtype", [pl.String, pl.Binary, pl.Categorical], ids=str)
def test_a_row_with_more_text_than_a_line_may_have_is_rejected(dtype: Any) -> None:
    values = pl.Series(["a", "x" * MAX_LINE_BYTES, None, "y" * (MAX_LINE_BYTES - 1)]).cast(dtype)
    seen = parse_table(LogTable(pl.DataFrame({"instance_tag": values}), 10))
    assert seen.rejected.sample == [(11, "line-too-long", "x" * 512)]
    assert seen.records["instance_tag"].cast(pl.String).str.len_bytes().to_list() == [1, None, MAX_LINE_BYTES - 1]


def test_no_rows_are_no_records_of_the_same_types() -> None:
    seen = parse_table(LogTable(WORDS.clear(), 2))
    assert (seen.lines, seen.rejected.total) == (0, 0)
    assert seen.records.schema == TEXT.schema


def test_every_field_has_a_column_of_its_type() -> None:
    rows = pl.DataFrame({field.name: [None] for field in FIELDS}, schema_overrides={"bytes": pl.Int64})
    seen = parse_table(LogTable(rows, 2))
    assert seen.records.schema == {field.column: dtype_of(field.name) for field in FIELDS}
