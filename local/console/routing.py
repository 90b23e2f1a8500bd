"""Routes of the JSON API: a handler gets the data and the query, and returns what becomes JSON."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.console.console_data import ConsoleData, DataError, NotFoundError
from local.console.query import Query, QueryError

Handler = Callable[[ConsoleData, Query], Any]
MAX_BODY_BYTES = 16_384
"""Of a POST. More: memory for nothing. Fewer: a note of 200 letters in JSON still fits."""
STATUSES: Mapping[type[Exception], int] = {QueryError: 400, NotFoundError: 404, DataError: 503}


class AsciiResponse(JSONResponse):
    """JSON in ASCII: half of a surrogate pair, which a damaged name may have, is no UTF-8."""

    def render(self, content: Any) -> bytes:
        """The body. Raises ValueError for a number that JSON does not have."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def get(path: str, handler: Handler, data: ConsoleData) -> Route:
    """A route that reads. The handler's docstring is its documentation in docs/console-api.md."""

    def endpoint(request: Request) -> Response:
        return AsciiResponse(handler(data, Query(_path(request), dict(request.query_params))))

    endpoint.__doc__ = handler.__doc__
    return Route(path, endpoint, methods=["GET"])


def post(path: str, handler: Handler, data: ConsoleData) -> Route:
    """A route that changes something: the body is a JSON object of at most MAX_BODY_BYTES."""

    async def endpoint(request: Request) -> Response:
        query = Query(_path(request), dict(request.query_params), await _body(request))
        return AsciiResponse(await run_in_threadpool(handler, data, query))

    endpoint.__doc__ = handler.__doc__
    return Route(path, endpoint, methods=["POST"])


def refused(_request: Request, error: Exception) -> Response:
    """The answer to a request that raised an error: its sentence as `error`."""
    if isinstance(error, HTTPException):
        return AsciiResponse({"error": error.detail}, error.status_code)
    status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 500)
    return AsciiResponse({"error": str(error) if status != 500 else _defect(error)}, status)  # noqa: PLR2004 HTTP's number


def _defect(error: Exception) -> str:
    return f"the console failed with {type(error).__name__}; the terminal where it runs has the details"


def _path(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in request.path_params.items()}


async def _body(request: Request) -> Mapping[str, Any]:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MAX_BODY_BYTES:
            raise QueryError(f"the body has more than {MAX_BODY_BYTES} bytes")
    try:
        body = json.loads(bytes(content))
    except (ValueError, RecursionError) as error:
        raise QueryError("the body must be a JSON object") from error
    if not isinstance(body, dict):
        raise QueryError("the body must be a JSON object")
    return body
