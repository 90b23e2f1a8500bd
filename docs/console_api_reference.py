"""Generates docs/console-api.md from the routes of the console and the docstrings of their handlers."""
# ruff: noqa: INP001 - a script beside the pages it writes; only docs/generate.py imports it

import inspect
from collections.abc import Iterator, Sequence
from itertools import groupby

from starlette.routing import Route

from docs.markdown import table
from local.console.application import api_routes
from local.console.console_data import MAX_FLOWS
from local.console.query import MAX_LETTERS, MAX_ROWS
from local.console.routing import MAX_BODY_BYTES
from local.console.security import TOKEN_HEADER
from local.console.span import MAX_SECONDS

ABOUT = f"""\
The JSON API of the [console](console.md), which its own pages use. It is served on 127.0.0.1 for as long as
`flowsentry demo` or `flowsentry replay --console` runs. The command prints `http://127.0.0.1:8740/#token=TOKEN`:

```
curl -H "{TOKEN_HEADER}: TOKEN" http://127.0.0.1:8740/api/alerts
```

Times are Unix seconds, in UTC. `start` and `end` are a time range of at most {MAX_SECONDS // 86_400} days, with the
start and without the end. Texts have at most {MAX_LETTERS} characters. `limit` is at most {MAX_ROWS:,} rows. Pages read
the newest {MAX_FLOWS:,} records."""
REFUSALS: Sequence[tuple[str, str]] = (
    ("400", "a parameter is missing or invalid"),
    ("401", f"the header `{TOKEN_HEADER}` does not have the token of this run"),
    ("403", "the request comes from a page of another site, or its `Origin` is not this server"),
    ("404", "there is no such route, dashboard or finding"),
    ("421", "the `Host` header is not `127.0.0.1` or `localhost` with this port"),
    ("503", "AWS cannot be read now"),
)
ABOUT_CHANGES = f"""\
A POST has a JSON object of at most {MAX_BODY_BYTES:,} bytes as its body, and needs the header `Origin` with the address
of this server."""


def console_api_page() -> Iterator[str]:
    yield from (ABOUT, "", ABOUT_CHANGES, "", "Any other answer than 200 has a sentence as `error`:", "")
    yield from table(("status", "when"), REFUSALS)
    routes = api_routes(None)  # type: ignore[arg-type]  # only handlers read data, and none is called
    for page, some in groupby(routes, lambda each: each.path.split("/")[2]):
        yield from ("", f"## {page}")
        for route in some:
            yield from _section(route)


def _section(route: Route) -> Iterator[str]:
    [method] = (route.methods or set()) - {"HEAD"}
    yield from ("", f"### {method} {route.path}", "")
    yield from inspect.cleandoc(route.endpoint.__doc__ or "").splitlines()
