"""The lines of the traffic bill."""

import json
from typing import Any

import polars as pl

from flowsentry.emit.log_lines.charges import MAX_OWNERS, charge_lines
from flowsentry.emit.metrics import MAX_AGE_SECONDS, MAX_LEAD_SECONDS
from flowsentry.frames import ChargeSums
from flowsentry.traffic_bill import NO_CHARGES, add_up_charges
from local.aws.monitoring.embedded_format import defects_of

NOW = 1_790_000_040


def charges(*rows: tuple[int | None, str, str | None, int, int]) -> ChargeSums:
    columns = pl.DataFrame(
        [(time, path, name, "instance", name, count, at_one_end) for time, path, name, count, at_one_end in rows],
        NO_CHARGES.schema,
        orient="row",
    )
    return add_up_charges([ChargeSums(columns)])


def charged_lines(*rows: tuple[int | None, str, str | None, int, int]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in charge_lines(charges(*rows), "Flowsentry", NOW)]


TIME = NOW - NOW % 300


def test_charged_bytes_have_a_line_for_each_five_minutes_path_and_owner() -> None:
    rows = ((TIME, "nat_gateway", "web", 7, 0), (TIME, "inter_az", "web", 5, 0), (TIME - 300, "inter_az", "db", 4, 0))
    lines = charged_lines(*rows)
    assert [(each["path"], each["owner"], each["ChargedBytes"]) for each in lines] == [
        ("inter_az", "db", 4),
        ("inter_az", "web", 5),
        ("nat_gateway", "web", 7),
    ]
    assert [each["_aws"]["Timestamp"] for each in lines] == [(TIME - 300) * 1_000, TIME * 1_000, TIME * 1_000]
    assert [each["_aws"]["CloudWatchMetrics"][0]["Dimensions"] for each in lines] == [[["path"]]] * 3
    assert [defects_of(each) for each in lines] == [[]] * 3


def test_bytes_that_are_charged_at_one_end_count_half() -> None:
    assert [each["ChargedBytes"] for each in charged_lines((TIME, "inter_az", "web", 10, 6))] == [7]


def test_owners_beyond_the_limit_are_one_line_without_an_owner() -> None:
    lines = charged_lines(*((TIME, "internet", f"web-{n:02}", 100 - n, 0) for n in range(MAX_OWNERS + 2)))
    assert len(lines) == MAX_OWNERS + 1
    assert "owner" not in lines[-1]
    assert lines[-1]["ChargedBytes"] == 95 + 94


def test_bytes_of_an_unknown_path_are_no_metric() -> None:
    (line,) = charged_lines((TIME, "unknown", "web", 9, 0), (TIME, "unknown", None, 1, 0))
    assert line == {"report": "traffic_bill", "path": "unknown", "unknown_path_bytes": 10}


def test_sums_that_cloudwatch_would_reject_and_records_without_a_time_have_no_line() -> None:
    times = (None, NOW - MAX_AGE_SECONDS - 1, NOW + MAX_LEAD_SECONDS + 1)
    assert charged_lines(*((time, "internet", "web", 1, 0) for time in times)) == []
    assert len(charged_lines((NOW - MAX_AGE_SECONDS, "internet", "web", 1, 0))) == 1
