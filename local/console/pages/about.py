"""What the console shows, for its heading."""

from dataclasses import asdict
from typing import Any

from starlette.routing import Route

from local.console.console_data import ConsoleData
from local.console.query import Query
from local.console.routing import get


def routes(data: ConsoleData) -> list[Route]:
    """The routes of this page."""
    return [get("/api/about", about, data)]


def about(data: ConsoleData, _query: Query) -> Any:
    """What is shown: `subject` (`deployed` or `replayed`), `title`, `deployment`, `region`, `newest` (Unix second of
    the newest record, 0 without any), and `settings` by their names in cdk.json.
    """
    return {**asdict(data.about), "settings": data.settings()}
