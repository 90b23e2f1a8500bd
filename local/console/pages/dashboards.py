"""The dashboards of CloudWatch, drawn from their own JSON."""

from collections.abc import Mapping
from typing import Any

from starlette.routing import Route

from local.console.console_data import ConsoleData, NotFoundError
from local.console.query import Query
from local.console.routing import get
from local.console.widgets.dashboard import drawn


def routes(data: ConsoleData) -> list[Route]:
    """The routes of this page."""
    return [get("/api/dashboards", dashboards, data), get("/api/dashboards/{name}", dashboard, data)]


def dashboards(data: ConsoleData, _query: Query) -> Any:
    """The dashboards as a list of `name` and `title`, in the order of their documentation."""
    return [{"name": name, "title": _title(name, body)} for name, body in data.dashboards().items()]


def dashboard(data: ConsoleData, query: Query) -> Any:
    """The dashboard `{name}` from `start` to `end`: its `name`, and its `widgets` in order. Each has `type`, its place
    on the grid of 24 columns (`x`, `y`, `width`, `height`), `title`, and an `error` where it can't be drawn.

    A `text` has `tree`, Markdown as nested `{tag, children}`. A `metric` has `view` (`timeSeries` or `singleValue`),
    `stacked`, `least` (the lowest value of the y axis), `period` in seconds, and `lines`, each with `label`, `times`
    (Unix seconds) and `values`. A `log` has the `columns` and `rows` of its Logs Insights query. An `alarm` has
    `alarms` as `/api/alarms` returns them.
    """
    name = query.path["name"]
    bodies = data.dashboards()
    if name not in bodies:
        raise NotFoundError(f"there is no dashboard {name}; there are {', '.join(bodies) or 'none'}")
    return {"name": name, "widgets": drawn(bodies[name], data, query.span)}


def _title(name: str, body: Mapping[str, Any]) -> str:
    """The first heading of the dashboard's text."""
    texts = (each.get("properties", {}).get("markdown", "") for each in body.get("widgets", ()))
    headings = (text.removeprefix("# ").partition("\n")[0] for text in texts if text.startswith("# "))
    return next(headings, name)
