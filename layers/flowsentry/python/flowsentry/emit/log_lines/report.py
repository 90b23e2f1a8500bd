"""Lines of the functions' logs that tables of the dashboards are made from: one JSON object each.

Names come from tags and descriptions of resources, and addresses from records: JSON escapes them, and they are cut, so
that the length of a line is bounded. What is unknown is left out: a query writes `coalesce(owner, "-")`.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

REPORT = "report"
"""The property that says what a line is about. The log groups of the functions have an index of it: a query for one
report reads, and is billed for, the lines of that report only.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogs-Field-Indexing.html"""
MAX_LETTERS = 64
"""Letters of a name. More: names made up in tags fill the log. Fewer: long names look alike."""


class Report(StrEnum):
    """What a line is about."""

    TALKERS = "talkers"
    FINDING = "finding"
    FLOW_LOGS = "flow_logs"
    TRAFFIC_BILL = "traffic_bill"


def line_of(report: Report, properties: Mapping[str, Any]) -> str:
    """The line, without white space."""
    return json.dumps({REPORT: report, **properties}, separators=(",", ":"))


def known(properties: Mapping[str, Any], letters: int = MAX_LETTERS) -> dict[str, Any]:
    """The properties that are known: numbers as they are, anything else as text of at most so many letters."""
    return {
        name: value if isinstance(value, int) else str(value)[:letters]
        for name, value in properties.items()
        if value not in (None, "")
    }
