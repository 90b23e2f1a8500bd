"""Tables of Logs Insights queries, which a dashboard's log widgets show.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.console.console_data import LogEvent
from local.log_insights.events import Event, discovered
from local.log_insights.query import run_on
from local.log_insights.structures import Value
from local.log_insights.tokens import MalformedQueryError

MAX_ROWS = 1_000
"""Rows of a table. CloudWatch shows up to 10,000; the app's own tables have ten."""
_SOURCE = re.compile(r"SOURCE\s+'([^']+)'\s*\|\s*")
Rows = Sequence[Mapping[str, Value]]
ReadRows = Callable[[str], Rows]


def log_table(query: str, rows_of: ReadRows) -> dict[str, Any]:
    """The columns and rows that a query shows of the log groups in its SOURCE commands; `error` is a sentence, empty
    where the query could be run. `rows_of` returns the discovered fields of a group's events.
    """
    rows = [row for group in _SOURCE.findall(query) for row in rows_of(group)]
    try:
        shown = run_on(_SOURCE.sub("", query), rows)
    except MalformedQueryError as error:
        return {"columns": [], "rows": [], "error": f"the query cannot be run here: {error}"}
    columns = [*shown[0]] if shown else []
    return {"columns": columns, "rows": [[row[name] for name in columns] for row in shown[:MAX_ROWS]], "error": ""}


def rows_of_events(group: str, events: Sequence[LogEvent]) -> Rows:
    """The fields of each event, as Logs Insights discovers them."""
    return [discovered(Event(each.message, each.timestamp, log=group)) for each in events]
