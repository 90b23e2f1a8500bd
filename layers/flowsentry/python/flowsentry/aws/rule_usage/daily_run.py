"""One run: writes the rule usage of each ended day that has none yet, as far as the time of the invocation allows.

A run that ends for lack of time leaves the unfinished state of the day, and the next one goes on from there. A day that
is written is not read again, so any number of runs give the same objects.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
from botocore.exceptions import ClientError
from msgspec import Struct, field

from flowsentry.aws.object_store import MISSING
from flowsentry.aws.rule_usage.enriched_day import EnrichedDay, Part
from flowsentry.aws.rule_usage.rule_history import Period, RuleHistory
from flowsentry.aws.rule_usage.usage_object import Unfinished, packed, packed_report, unpacked
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.aws.time_budget import TimeBudget
from flowsentry.frames import EnrichedFlows
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import SECONDS_A_DAY
from flowsentry.rule_usage import RuleUsage, Usage, added
from flowsentry.settings import RULE_USAGE_PREFIX, UNFINISHED_RULE_USAGE_PREFIX, RuleUsageSettings
from flowsentry.telemetry import gauge, logger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SETTLING_SECONDS = 3 * 3_600
"""How long after its end a day is read: its last records are stored some ten minutes later, and later after an outage.
Longer: yesterday's usage is known later. Shorter: records that come late are in no sum."""
DAYS_BACK = 2
"""How many ended days are written if they are missing; S3 keeps the versions of the inventory for as long. More: later
repair, and more versions to pay for. Fewer: a function that fails for a day leaves a gap."""
LEAST_SECONDS = 90
"""Remaining time below which a run writes what it has and ends. Longer: less of the time is used. Shorter: the
unfinished state of a large day may not be written in time, and its part is done again."""


class DailyRun(Struct):
    """The days, with the objects in one bucket. `now` is a Unix second."""

    given: RuleUsageSettings
    client: "S3Client"
    now: float
    budget: TimeBudget
    behind: list[str] = field(default_factory=list)
    """Days with records whose usage is not written when the run ends."""

    def run(self) -> list[str]:
        """The days that were written now. Raises RetryableError when S3 cannot be reached: the next run goes on."""
        try:
            return [_name(start) for start in self._days() if self._is_waiting(start) and self._wrote(start)]
        finally:
            gauge("RuleUsageDaysBehind", len(self.behind))

    def _days(self) -> Iterator[int]:
        """The first seconds of the ended days, the earliest first."""
        today = int(self.now - SETTLING_SECONDS) // SECONDS_A_DAY
        for day in range(today - DAYS_BACK, today):
            yield day * SECONDS_A_DAY

    def _is_waiting(self, start: int) -> bool:
        """Whether the day has records, and no usage yet."""
        if self._has(self._report_key(start)) or not self._enriched(start).has_objects():
            return False
        self.behind.append(_name(start))
        return True

    def _wrote(self, start: int) -> bool:
        """Whether the day was finished and written in the remaining time."""
        if not self.budget.has(LEAST_SECONDS):
            return False
        periods = RuleHistory(self.given.output_bucket, self.given.inventory_key, self.client).periods(start)
        if not periods:
            logger().warning("no rules are known of the day, its usage is left out", day=_name(start))
            return False
        day = _Day(periods, self._unfinished(start))
        is_complete = day.read(self._enriched(start), self.budget)
        if not is_complete:
            self._write(self._unfinished_key(start), packed(Unfinished(day.usage(), day.cursor)))
            return False
        usage = day.usage()
        self._write(self._report_key(start), packed_report(usage))
        self.behind.remove(_name(start))
        logger().info("rule usage written", day=_name(start), rules=len(usage.rules), counts=dict(usage.counts))
        return True

    def _unfinished(self, start: int) -> Unfinished:
        stored = self._read(self._unfinished_key(start))
        return (unpacked(stored) if stored else None) or Unfinished(Usage(), "")

    def _enriched(self, start: int) -> EnrichedDay:
        prefix = f"{self.given.enriched_prefix}day={_name(start)}/"
        return EnrichedDay(self.given.output_bucket, prefix, self.client)

    def _report_key(self, start: int) -> str:
        return f"{RULE_USAGE_PREFIX}day={_name(start)}/rules.parquet"

    def _unfinished_key(self, start: int) -> str:
        return f"{UNFINISHED_RULE_USAGE_PREFIX}day={_name(start)}.zip"

    def _has(self, key: str) -> bool:
        try:
            with retryable(f"look for {key}"):
                self.client.head_object(Bucket=self.given.output_bucket, Key=key)
        except ClientError as error:
            if code_of(error) in MISSING:
                return False
            raise
        return True

    def _read(self, key: str) -> bytes | None:
        """The object's bytes; None if there is none."""
        try:
            with retryable(f"read {key}"):
                return self.client.get_object(Bucket=self.given.output_bucket, Key=key)["Body"].read()
        except ClientError as error:
            if code_of(error) in MISSING:
                return None
            raise

    def _write(self, key: str, data: bytes) -> None:
        with retryable(f"write {key}"):
            self.client.put_object(Bucket=self.given.output_bucket, Key=key, Body=data)


class _Day:
    """The usage of a day: what an earlier run had, and what each period's rules carried in the objects after that."""

    def __init__(self, periods: list[Period], before: Unfinished) -> None:
        self._before, self.cursor = before.usage, before.cursor
        self._periods = [(each, _usage_of(each)) for each in periods]

    def read(self, enriched: EnrichedDay, budget: TimeBudget) -> bool:
        """Whether all objects were read before the time ran out."""
        for part in enriched.parts(self.cursor):
            self._add(part)
            if part.cursor and not budget.has(LEAST_SECONDS):
                return False
        return True

    def usage(self) -> Usage:
        return added([self._before, *(usage.usage() for _, usage in self._periods)])

    def _add(self, part: Part) -> None:
        """Adds each record to the period it began in; one of another day, to the nearest."""
        later = pl.Series([period.starts_at for period, _ in self._periods[1:]], dtype=pl.Int64)
        numbers = later.search_sorted(part.flows["start"], side="right")
        for number, (_, usage) in enumerate(self._periods):
            usage.add(EnrichedFlows(part.flows.filter(numbers == number)))
        self.cursor = part.cursor or self.cursor


def _usage_of(period: Period) -> RuleUsage:
    return RuleUsage(AddressSpace.of(period.inventory), period.starts_at, period.ends_at)


def _name(start: int) -> str:
    return f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d}"
