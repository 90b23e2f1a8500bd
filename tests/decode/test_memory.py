"""Objects that are larger than they look: each has a clear outcome, in bounded memory."""

import pytest

from tests.decode.peak_memory import OBJECTS, STATUS, Outcome, outcome_of

pytestmark = pytest.mark.slow

MOST_MIB = 700
"""585 to 651 were measured for the largest case, by how threads overlap. A function has 1,769."""

NO_HEADER = Outcome(0, 0, 0, {}, "no-header")
TOO_LONG = Outcome(0, 1, 0, {"line-too-long": 1}, None)
TOO_LARGE = Outcome(0, 0, 0, {}, "parquet-too-large")
EXPECTED = {
    "zeros": NO_HEADER,
    "newlines": Outcome(0, 4 << 20, 0, {"empty-line": 4 << 20}, None),
    "records": Outcome(0, 2_508_544, 2_508_544, {}, None),
    "headers": Outcome(0, 0, 0, {}, None),
    "line": NO_HEADER,
    "line_below_header": TOO_LONG,
    "line_among_records": Outcome(0, 3, 2, {"line-too-long": 1}, None),
    "gzip_line": NO_HEADER,
    "gzip_line_below_header": TOO_LONG,
    "words": Outcome(0, 0, 0, {}, "bad-header"),
    "json_object": TOO_LONG,
    "json_brackets": TOO_LONG,
    "json_lines": Outcome(0, 546_000, 546_000, {}, None),
    "json_run_together": Outcome(0, 558_000, 558_000, {}, None),
    "json_newlines": Outcome(0, (4 << 20) + 1, 0, {"empty-line": 4 << 20, "too-few-fields": 1}, None),
    "wide_header": Outcome(0, 4 << 20, 0, {"empty-line": 4 << 20}, None),
    "short_lines": Outcome(0, 2 << 20, 0, {"too-few-fields": 2 << 20}, None),
    "too_wide_header": Outcome(0, 0, 0, {}, "bad-header"),
    "json_empty_objects": Outcome(0, 699_051, 0, {"too-few-fields": 699_050, "bad-value": 1}, None),
    "json_values": TOO_LONG,
    "parquet_footer": TOO_LARGE,
    "parquet_rows": Outcome(0, 16_000_000, 0, {"bad-value": 16_000_000}, None),
    "parquet_long_values": Outcome(0, 1000, 0, {"line-too-long": 1000}, None),
    "parquet_long_value": TOO_LARGE,
    "parquet_different_values": TOO_LARGE,
    "parquet_every_field": Outcome(0, 500_000, 500_000, {}, None),
}


def test_every_object_has_an_expected_outcome() -> None:
    assert EXPECTED.keys() == OBJECTS.keys()


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells the memory of one program")
@pytest.mark.parametrize("name", EXPECTED)
def test_an_object_that_inflates_a_lot_is_read_in_bounded_memory(name: str) -> None:
    seen = outcome_of(name)
    assert Outcome(0, seen.lines, seen.records, seen.rejected, seen.poison) == EXPECTED[name]
    assert seen.peak_mib <= MOST_MIB
