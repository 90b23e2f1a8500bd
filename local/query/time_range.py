"""The time range of a query: moments of records, and days of the objects that may have them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, 23, 59, 59, tzinfo=UTC)


@dataclass(frozen=True)
class TimeRange:
    """From the first to the last moment, both included, in UTC."""

    first: datetime = EARLIEST
    last: datetime = LATEST

    @property
    def seconds(self) -> tuple[int, int]:
        """Both moments in Unix seconds."""
        return int(self.first.timestamp()), int(self.last.timestamp())

    def days(self, *, with_next: bool) -> tuple[str, str]:
        """The first and the last day of the objects that may have what was in this time.

        `with_next`: the day after the last moment too, because the day of an object with records is that of its newest
        one: a record that started before midnight may be in the next day.
        """
        last = self.last + timedelta(days=1) if with_next else self.last
        return f"{self.first:%Y-%m-%d}", f"{last:%Y-%m-%d}"


def moment(text: str, *, is_last: bool) -> datetime:
    """`2026-11-03` or `2026-11-03T14:05`, with seconds and a zone or without (UTC). A day alone is its first second, or
    its last one. Raises ValueError for other text, and for times before 1970 or in the last day of 9999.
    """
    try:
        given = datetime.fromisoformat(text)
        zoned = given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
        found = zoned + timedelta(days=1, seconds=-1) if is_last and _is_day(text) else zoned
    except OverflowError as error:
        raise ValueError(text) from error
    if not EARLIEST <= found <= LATEST:
        raise ValueError(text)
    return found


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
