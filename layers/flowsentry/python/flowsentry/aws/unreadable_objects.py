"""Stored objects that can't be read: told by a metric that an alarm watches, and read as the last good one instead."""

from collections.abc import Callable
from typing import Literal, TypeVar

import polars as pl

from flowsentry.telemetry import count_by, logger

StoredObject = Literal[
    "inventory", "log-formats", "discovery-claims", "inventory-targets", "geo-database", "known-services", "evidence"
]
"""What may be unreadable; each is a metric that CloudWatch bills while there is something to tell."""

Read = TypeVar("Read")
UNREADABLE = (Exception, pl.exceptions.PanicException)
"""What a reader of damaged bytes may raise: no list of its errors is whole (`zlib.error`, `EOFError`, `struct.error`,
`NotImplementedError`, `RecursionError`, …), and a panic of Rust is no Exception."""


def readable(what: StoredObject, read: Callable[[], Read], last_good: Callable[[], Read]) -> Read:
    """What is read, or else the last good one: whatever is wrong with what somebody stored stops nobody. To be called
    on what was fetched: errors of fetching are to be retried.
    """
    try:
        return read()
    except UNREADABLE as error:
        tell_unreadable(what, repr(error))
        return last_good()


def tell_unreadable(what: StoredObject, trouble: str) -> None:
    count_by("StoredObjectsUnreadable", {what: 1})
    logger().error("stored object not used", extra={"stored_object": what, "trouble": trouble[:1_000]})
