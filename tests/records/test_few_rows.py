import polars as pl
import pytest

from flowsentry.records import few_rows
from flowsentry.records.few_rows import are_among, rows_where

SCHEMA = {"host": pl.Categorical(), "port": pl.UInt16()}
ROWS = pl.DataFrame({"host": ["a", "a", "b", None], "port": [22, 80, 22, 22]}, SCHEMA)
OTHERS = pl.DataFrame({"host": ["a", "a", "b", None], "port": [22, 22, 80, 22]}, SCHEMA)


@pytest.mark.parametrize("most", [0, 1_000])
def test_a_row_is_among_others_by_all_columns_however_many_they_are(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_rows, "MAX_FEW_KEYS", most)
    assert are_among(ROWS, OTHERS, ("host", "port")).to_list() == [True, False, False, False]
    assert are_among(ROWS, OTHERS.clear(), ("host", "port")).to_list() == [False] * len(ROWS)
    assert are_among(ROWS.clear(), OTHERS, ("host", "port")).to_list() == []


def test_rows_for_which_a_condition_is_unknown_are_left_out() -> None:
    assert rows_where(ROWS, pl.Series([True, None, False, True]))["port"].to_list() == [22, 22]
    assert rows_where(ROWS, pl.Series([False] * len(ROWS))).schema == ROWS.schema
