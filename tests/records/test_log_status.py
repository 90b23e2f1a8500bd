"""Records without traffic get NODATA, whether or not their format has log-status."""

import pytest

from flowsentry.frames import Records
from flowsentry.parse import flows_of, parse
from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from flowsentry.records.log_status import with_inferred_nodata
from tests.builders import V2, V5, Watch, flow_log, gateway_line, line, log_text, no_data

FORMATS = [tuple(name for name in names if name != "log-status") for names in (V2, V5, TRANSIT_GATEWAY_NAMES)]
without_status = pytest.mark.parametrize("names", FORMATS, ids=["v2", "v5", "transit gateway"])


def records(lines: list[str], names: tuple[str, ...]) -> Records:
    return parse(log_text(lines, names)).records


def statuses(lines: list[str], names: tuple[str, ...]) -> list[str | None]:
    actual = with_inferred_nodata(records(lines, names))
    return actual["log_status"].to_list() if "log_status" in actual.columns else [None] * len(actual)


@without_status
def test_a_record_with_only_empty_traffic_fields_is_no_flow(names: tuple[str, ...]) -> None:
    lines = [gateway_line(names), no_data(names), gateway_line(names)]
    assert statuses(lines, names) == [None, "NODATA", None]
    assert len(flows_of(records(lines, names))) == 2
    (outcome,) = Watch().see(flow_log(lines, names))
    assert (outcome.accepted_records, outcome.nodata, outcome.skipdata) == (2, 1, 0)


@pytest.mark.parametrize("value", ["srcaddr", "dstport", "protocol", "packets", "bytes", "action"])
def test_a_record_with_any_traffic_value_is_a_flow(value: str) -> None:
    names = FORMATS[0]
    actual = {
        "srcaddr": "10.0.0.1",
        "dstport": "443",
        "protocol": "6",
        "packets": "1",
        "bytes": "60",
        "action": "ACCEPT",
    }
    gaps = no_data(names).split(" ")
    gaps[names.index(value)] = actual[value]
    assert statuses([" ".join(gaps)], names) == [None]


@pytest.mark.parametrize("names", [("start", "end"), ("dstport", "interface-id"), ("bytes", "action", "start")])
def test_in_a_format_without_decisive_fields_every_record_is_a_flow(names: tuple[str, ...]) -> None:
    assert len(flows_of(records([no_data(names)], names))) == 1


def test_a_recorded_log_status_is_kept() -> None:
    lines = [no_data(V2, "SKIPDATA"), no_data(V2, "NODATA"), no_data(V2, "OK"), no_data(V2, "-"), line(V2)]
    assert statuses(lines, V2) == ["SKIPDATA", "NODATA", "NODATA", "NODATA", "OK"]
    (outcome,) = Watch().see(flow_log(lines, V2))
    assert (outcome.accepted_records, outcome.nodata, outcome.skipdata) == (1, 3, 1)


def test_records_that_all_have_traffic_are_unchanged() -> None:
    seen = records([line(V2)], V2)
    assert with_inferred_nodata(seen) is seen
