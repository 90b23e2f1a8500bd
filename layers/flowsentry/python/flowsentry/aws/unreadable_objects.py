"""Reports stored objects and items that cannot be read, by a metric with an alarm, and replaces them by a fallback."""

from collections.abc import Callable
from typing import Literal, TypeVar

import polars as pl

from flowsentry.telemetry import count_by, logger

StoredKind = Literal[
    "inventory",
    "log-formats",
    "discovery-claims",
    "inventory-targets",
    "flow-log-coverage",
    "geo-database",
    "known-services",
    "evidence",
]
"""The kinds of stored objects and items; each is a metric that CloudWatch bills in months in which it is reported."""

Value = TypeVar("Value")
UNREADABLE = (Exception, pl.exceptions.PanicException)
"""Errors that parsing damaged bytes may raise: no list of them is complete (`zlib.error`, `EOFError`, `struct.error`,
`NotImplementedError`, `RecursionError`, …), and a panic in polars is not an Exception."""


def parsed_or(what: StoredKind, parse: Callable[[], Value], fallback: Callable[[], Value]) -> Value:
    """The parsed value, or the fallback when parsing fails, whatever the error. Pass bytes that were already fetched:
    errors while fetching must be retried instead.
    """
    try:
        return parse()
    except UNREADABLE as error:
        report_unreadable(what, repr(error))
        return fallback()


def report_unreadable(what: StoredKind, problem: str) -> None:
    """Counts an object or item that cannot be read, and logs the problem."""
    count_by("StoredObjectsUnreadable", {what: 1})
    logger().error("stored object not used", extra={"stored_object": what, "problem": problem[:1_000]})
