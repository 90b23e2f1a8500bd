"""Laws of tables: rows of any types are records or rejected."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from polars.testing.parametric import series

from flowsentry.frames import LogTable
from flowsentry.parse import parse_table
from flowsentry.records.fields import FIELDS, column_of, dtype_of
from tests.properties.strategies import LAW

FLAT = (
    *(pl.String, pl.Binary, pl.Categorical, pl.Boolean, pl.Int8, pl.Int64, pl.UInt64, pl.Float32, pl.Float64),
    *(pl.Decimal, pl.Date, pl.Datetime, pl.Duration, pl.Time, pl.Null),
)
NAMES = st.sampled_from([*(field.name for field in FIELDS), "moon-phase", "tide"])


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    """Some fields, each in a column of any type."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    rows = draw(st.integers(0, 8))
    sized = series(min_size=rows, max_size=rows, allow_null=True, allowed_dtypes=FLAT)
    return pl.DataFrame([draw(sized).alias(name) for name in names])


@LAW
@given(tables())
def test_rows_of_any_types_are_records_or_rejected(rows: pl.DataFrame) -> None:
    seen = parse_table(LogTable(rows, 2))
    assert len(seen.records) + seen.rejected.total == seen.lines == len(rows)
    assert seen.records.schema == {column_of(name): dtype_of(name) for name in rows.columns}


@LAW
@given(tables())
def test_a_row_gives_the_same_alone_and_among_others(rows: pl.DataFrame) -> None:
    seen = parse_table(LogTable(rows, 2))
    each = [parse_table(LogTable(rows[number], number + 2)) for number in range(len(rows))]
    assert seen.rejected.sample == [line for one in each for line in one.rejected.sample]
    if each:
        assert_frame_equal(seen.records, pl.concat(one.records for one in each), categorical_as_str=True)
