"""The line of each check of the flow logs, for the dashboard Pipeline: how fresh each of them is."""

from collections.abc import Iterable
from heapq import nsmallest

from flowsentry.emit.log_lines.report import Report, known, line_of
from flowsentry.records.flow_logs import FlowLogHealth

MAX_FLOW_LOGS = 50
"""Flow logs that a line names, those without records for longest. More: longer lines, one every check. Fewer: the table
shows fewer of them."""


def flow_logs_line(health: Iterable[FlowLogHealth], now: int) -> str:
    """A line of about 150 bytes for each flow log; empty without any."""
    oldest = nsmallest(MAX_FLOW_LOGS, health, key=lambda each: (each.seen_at, each.flow_log.flow_log_id))
    rows = [
        known(
            {
                "flow_log": each.flow_log.flow_log_id,
                "resource": each.flow_log.resource_id,
                "name": each.flow_log.name,
                "age_seconds": max(0, now - each.seen_at),
                "records": each.activity.records if each.activity else 0,
                "skipped": each.activity.skipped if each.activity else 0,
            }
        )
        for each in oldest
    ]
    return line_of(Report.FLOW_LOGS, {"flow_logs": rows}) if rows else ""
