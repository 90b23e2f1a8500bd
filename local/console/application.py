"""The console as a Starlette application: the JSON of each page, the pages themselves, and the libraries they use."""

from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from local.console.console_data import ConsoleData, DataError, NotFoundError
from local.console.pages import (
    about,
    alarms,
    alerts,
    bill,
    blocked_path,
    dashboards,
    known_services,
    rules,
    scan,
    traffic_map,
)
from local.console.query import QueryError
from local.console.routing import refused
from local.console.security import Access, Guard

STATIC = Path(__file__).parent / "static"
LIBRARIES = Path(__file__).parents[2] / "node_modules"
ECHARTS = LIBRARIES / "echarts" / "dist" / "echarts.esm.min.js"
LIT_HTML = LIBRARIES / "lit-html"
PAGES: tuple[Callable[[ConsoleData], list[Route]], ...] = (
    about.routes,
    dashboards.routes,
    alarms.routes,
    traffic_map.routes,
    scan.routes,
    blocked_path.routes,
    alerts.routes,
    bill.routes,
    rules.routes,
    known_services.routes,
)
"""The routes of each page's module. To add a page: a module here, a module in static/pages, and a line in
static/pages.js.
"""


def application(data: ConsoleData, access: Access) -> ASGIApp:
    """The application, for requests that `access` allows. Raises DataError where the libraries are not installed. The
    guard is around Starlette's own middleware, which answers with HTTP 500 outside of any other.
    """
    if not ECHARTS.is_file() or not LIT_HTML.is_dir():
        raise DataError("the console's libraries are not installed: run make setup")
    errors = dict.fromkeys((QueryError, NotFoundError, DataError, HTTPException, Exception), refused)
    return Guard(Starlette(routes=[*api_routes(data), *_files()], exception_handlers=errors), access)


def api_routes(data: ConsoleData) -> list[Route]:
    """The routes of the JSON API, which docs/console-api.md documents."""
    return [route for routes in PAGES for route in routes(data)]


def _files() -> list[BaseRoute]:
    """Pages and libraries. Every other path is the page's own: the script reads which page to show from the path."""
    return [
        Mount("/static", StaticFiles(directory=STATIC)),
        Route("/vendor/echarts.js", _file(ECHARTS, "text/javascript")),
        Mount("/vendor/lit-html", StaticFiles(directory=LIT_HTML)),
        Route("/favicon.ico", _file(STATIC / "icon.svg", "image/svg+xml")),
        Route("/api/{rest:path}", _no_such_route),
        Route("/{rest:path}", _file(STATIC / "index.html", "text/html")),
    ]


def _file(path: Path, media_type: str) -> Callable[[Request], Response]:
    def endpoint(_request: Request) -> Response:
        return FileResponse(path, media_type=media_type)

    return endpoint


def _no_such_route(request: Request) -> Response:
    raise NotFoundError(f"there is nothing at {request.url.path}; docs/console-api.md lists what there is")
