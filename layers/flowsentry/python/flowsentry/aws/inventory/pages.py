"""A describe or list call → what it answers, row by row, page after page, and no more calls when time is up."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath  # type: ignore[import-untyped]

Described = Mapping[str, Any]
Connect = Callable[[str], Any]
"""A boto3 client by its service's name. Untyped: the services are rows of a table."""
EC2_PAGE = 1_000
"""EC2's most. Without a size it answers with everything at once, or with a time-out where there is much."""
NAME_TAG = "Tags[?Key=='Name'] | [0].Value"
"""JMESPath to the name that people gave to a thing."""


class OutOfTimeError(Exception):
    """There was no time left for this call: what it would have told stays unknown until the next look."""


@dataclass(frozen=True)
class Call:
    """One operation of one service; `rows` is a JMESPath from a page of its answer to the list of what matters.

    https://jmespath.org
    """

    service: str
    operation: str
    rows: str
    page_size: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.service} {self.operation}"


@dataclass(frozen=True)
class Pages:
    """Asks services of one account and region; `until` is when time is up, by the `clock`."""

    connect: Connect
    clock: Callable[[], float]
    until: float = float("inf")

    def rows(self, call: Call, **arguments: Any) -> Iterator[Any]:
        """What the call tells, with further arguments. Raises OutOfTimeError, and whatever botocore does."""
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
    """For the operations that botocore knows no paginator of."""
    token: dict[str, str] = {}
    while True:
        page = operation(**arguments, **token)
        yield page
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}
