"""The alarms of the app, with their states."""

from dataclasses import asdict
from typing import Any

from starlette.routing import Route

from local.console.console_data import ConsoleData
from local.console.query import Query
from local.console.routing import get


def routes(data: ConsoleData) -> list[Route]:
    """The routes of this page."""
    return [get("/api/alarms", alarms, data)]


def alarms(data: ConsoleData, _query: Query) -> Any:
    """The alarms in order of their names: `name`, `arn`, `state` (`OK`, `ALARM`, `INSUFFICIENT_DATA`), `since` (Unix
    seconds), `description`, `reason`, `is_composite`. A replay has none.
    """
    return [asdict(each) for each in data.alarms()]
