"""A header that somebody else wrote may name a field like a column that enrichment adds."""

import pytest

from flowsentry.emit.enriched_columns import ENRICHED_COLUMNS
from flowsentry.inventory.geoip import GEOGRAPHY
from flowsentry.parse import flows_of, parse
from flowsentry.records.fields import BY_NAME, column_of
from tests.builders import V2, V5, Watch, enriched, flow_log, line, log_text, probe

SCAN = [probe("203.0.113.9", f"10.0.1.{number}", 22) for number in range(1, 21)]
OF_GEOGRAPHY = {f"{end}_{name}" for end in ("source", "destination") for name in GEOGRAPHY}
ADDED = {*ENRICHED_COLUMNS, *enriched([line()]).columns, *OF_GEOGRAPHY} - set(map(column_of, BY_NAME))
HEADER = (*V5, *(name.replace("_", "-") for name in sorted(ADDED)))


def test_records_with_fields_named_like_added_columns_are_processed_as_without_them() -> None:
    values = " ".join("x" for _ in ADDED)
    (outcome,) = Watch().see(flow_log([f"{each} {values}" for each in SCAN], HEADER))
    (without,) = Watch().see(flow_log(SCAN, V5))
    assert (outcome.accepted_records, outcome.rejected.total) == (20, 0)
    assert [each.id for each in outcome.findings] == [each.id for each in without.findings]
    assert outcome.measurements.equals(without.measurements)
    assert set(outcome.unknown_fields) == set(HEADER) - set(V5)


@pytest.mark.parametrize("names", [V2, V5, tuple(BY_NAME)])
def test_no_field_of_aws_is_left_out(names: tuple[str, ...]) -> None:
    records = parse(log_text([line(names)], names)).records
    assert set(records.columns) <= set(flows_of(records).columns)
