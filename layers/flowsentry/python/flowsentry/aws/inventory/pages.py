"""Runs describe and list calls page by page until the time is up."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jmespath  # type: ignore[import-untyped]
from msgspec import field

from flowsentry.value import Value

Described = Mapping[str, Any]
Connect = Callable[[str], Any]
"""Returns a boto3 client by service name. Untyped, because the services are rows of a table."""
EC2_PAGE = 1_000
"""EC2's maximum. Without a page size EC2 returns everything at once, or times out on large results."""
PREFIX_LISTS_PAGE = 100
"""EC2's maximum for prefix lists and their entries."""
NAME_TAG = "Tags[?Key=='Name'] | [0].Value"
"""JMESPath of the Name tag."""


class OutOfTimeError(Exception):
    """There was no time left for this call; its data stays unknown until the next discovery."""


class Call(Value, frozen=True):
    """One operation of one service; `rows` is a JMESPath from a page of its answer to the list of rows.

    https://jmespath.org
    """

    service: str
    operation: str
    rows: str
    page_size: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.service} {self.operation}"


class Pages(Value, frozen=True):
    """Calls AWS APIs in one account and Region; no call starts after `until`, by `clock`."""

    connect: Connect
    clock: Callable[[], float]
    until: float = float("inf")

    def rows(self, call: Call, **arguments: Any) -> Iterator[Any]:
        """The rows of all pages, with further arguments. Raises OutOfTimeError, and any error of botocore."""
        expression = jmespath.compile(call.rows)
        for page in self._pages(call, {**call.arguments, **arguments}):
            yield from expression.search(page) or ()

    def _pages(self, call: Call, arguments: dict[str, Any]) -> Iterator[Described]:
        client = self.connect(call.service)
        pages = _paginated(client, call, arguments) if client.can_paginate(call.operation) else None
        answers = pages or _by_token(getattr(client, call.operation), arguments)
        while True:
            if self.clock() >= self.until:
                raise OutOfTimeError(f"no time left for {call}")
            page = next(answers, None)
            if page is None:
                return
            yield page


def _paginated(client: Any, call: Call, arguments: dict[str, Any]) -> Iterator[Described]:
    size = {"PaginationConfig": {"PageSize": call.page_size}} if call.page_size else {}
    return iter(client.get_paginator(call.operation).paginate(**arguments, **size))


def _by_token(operation: Callable[..., Described], arguments: dict[str, Any]) -> Iterator[Described]:
    """Pages of operations for which botocore has no paginator."""
    token: dict[str, str] = {}
    while True:
        page = operation(**arguments, **token)
        yield page
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}
