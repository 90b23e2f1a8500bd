"""The log line of a check of the flow logs: how fresh each of them is."""

import json
from typing import Any

from flowsentry.emit.log_lines.flow_logs import MAX_FLOW_LOGS, flow_logs_line
from flowsentry.records.flow_logs import Activity, FlowLog, FlowLogHealth

NOW = 1_793_676_000


def health(number: int, *, seconds_ago: int | None = None) -> FlowLogHealth:
    """A flow log with records so many seconds ago; without any since it was created, an hour ago."""
    activity = None if seconds_ago is None else Activity(NOW - seconds_ago, 70, 2)
    return FlowLogHealth(FlowLog(f"fl-{number:03}", f"vpc-{number}", "/flow-logs", NOW - 3_600), activity)


def flow_logs(*given: FlowLogHealth) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(flow_logs_line(given, NOW))["flow_logs"]
    return rows


def test_the_flow_log_without_records_for_longest_is_first() -> None:
    assert flow_logs(health(1, seconds_ago=60), health(2)) == [
        {"flow_log": "fl-002", "resource": "vpc-2", "age_seconds": 3_600, "records": 0, "skipped": 0},
        {"flow_log": "fl-001", "resource": "vpc-1", "age_seconds": 60, "records": 70, "skipped": 2},
    ]


def test_of_many_flow_logs_those_without_records_for_longest_are_named() -> None:
    many = [health(number, seconds_ago=number) for number in range(MAX_FLOW_LOGS + 1)]
    assert "fl-000" not in {each["flow_log"] for each in flow_logs(*many)}
    assert len(flow_logs(*many)) == MAX_FLOW_LOGS


def test_an_age_is_never_negative_and_without_flow_logs_there_is_no_line() -> None:
    assert flow_logs(health(1, seconds_ago=-5))[0]["age_seconds"] == 0
    assert flow_logs_line([], NOW) == ""
