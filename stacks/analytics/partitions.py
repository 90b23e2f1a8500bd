"""Columns of a table whose values are in the keys of its objects. Athena projects them, so that none need be added.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

from collections.abc import Mapping
from dataclasses import dataclass

FIRST_YEAR, LAST_YEAR = 2025, 2050
"""Years of keys that have the year as a folder. A range of years that follows the clock is documented for days and
months only. Wider: a query that names no year looks into more folders. Narrower: later records are not found."""

LONGEST = "10YEARS"
"""How far back days are projected of objects that are kept for ever. Longer: a query that names no day looks into more
folders. Shorter: older records are not found."""


@dataclass(frozen=True)
class Partition:
    """A column, the part of the key that holds its value (`${column}`), and how Athena projects its values."""

    column: str
    key: str
    projection: Mapping[str, str]

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the table that describe it."""
        return {f"projection.{self.column}.{name}": value for name, value in self.projection.items()}


def days(key: str, form: str, *, kept_days: int) -> Partition:
    """The column `day`, in Java's date format `form`, from the oldest kept day to tomorrow, which has the records of
    clocks that run ahead. `kept_days` is 0 for objects that are kept for ever.
    """
    oldest = f"NOW-{kept_days + 1}DAYS" if kept_days else f"NOW-{LONGEST}"
    unit = {"interval": "1", "interval.unit": "DAYS"}
    return Partition("day", key, {"type": "date", "format": form, "range": f"{oldest},NOW+1DAYS", **unit})


def numbers(column: str, key: str, first: int, last: int) -> Partition:
    """A column of whole numbers, all written with as many digits as the last one: hours are `00` to `23`."""
    width = len(str(last))
    allowed = f"{first:0{width}},{last:0{width}}"
    return Partition(column, key, {"type": "integer", "range": allowed, "digits": str(width)})


def asked(column: str, key: str) -> Partition:
    """A column whose values are not known before a query names one: a query without `column = '…'` is refused."""
    return Partition(column, key, {"type": "injected"})


def by_day(kept_days: int) -> tuple[Partition, ...]:
    """The keys of rule usage: `day=2026-11-30/`."""
    return (days("day=${day}", "yyyy-MM-dd", kept_days=kept_days),)


def by_hour(kept_days: int) -> tuple[Partition, ...]:
    """The keys of enriched objects: `day=2026-11-30/hour=07/`."""
    return (*by_day(kept_days), numbers("hour", "hour=${hour}", 0, 23))
