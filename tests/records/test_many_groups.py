"""Groups are added up alike by both engines."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flowsentry.records import many_groups
from flowsentry.records.many_groups import sums_of_groups

ROWS = pl.DataFrame(
    {
        "address": pl.Series(["10.0.0.1", None, "10.0.0.2", "10.0.0.1"], dtype=pl.Categorical()),
        "port": pl.Series([443, 443, None, 443], dtype=pl.UInt16),
        "seen": [5, 3, 2, 4],
        "bits": pl.Series([1, 2, 4, 8], dtype=pl.UInt64),
        "is_inside": [False, True, False, True],
    }
)
SUMS = (pl.col("seen").max(), pl.col("bits").bitwise_or(), pl.col("is_inside").any(), pl.len().alias("rows"))


@pytest.mark.parametrize("min_rows", [len(ROWS), len(ROWS) + 1])
def test_many_and_few_rows_have_the_same_sums(monkeypatch: pytest.MonkeyPatch, min_rows: int) -> None:
    monkeypatch.setattr(many_groups, "MIN_ROWS", min_rows)
    sums = sums_of_groups(ROWS, ("address", "port"), *SUMS)
    wanted = pl.DataFrame(
        [("10.0.0.1", 443, 5, 9, True, 2), (None, 443, 3, 2, True, 1), ("10.0.0.2", None, 2, 4, False, 1)],
        sums.schema,
        orient="row",
    )
    assert_frame_equal(sums, wanted, check_row_order=False)
