"""Rate limits: at most N messages in any 60 minutes (or another window), across concurrent processes."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flowsentry.aws.findings.item import COUNTER_PREFIX, key_of, number
from flowsentry.aws.service_errors import is_written, retryable
from flowsentry.errors import RetryableError
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HOUR_MILLISECONDS = 3_600_000
MAX_TRIES = 20
"""A failed try means that another process succeeded, so few are needed."""
KEPT_SECONDS = 7_200
"""How long an unused counter is kept. It has no effect after an hour."""


class RateLimit(Value, frozen=True):
    """`limit` slots, each taken for a window of 60 minutes by default. They are stored in an item of the findings table
    that is no finding, and written on condition of its version.
    """

    name: str
    limit: int
    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float] = time.time
    window_seconds: int = HOUR_MILLISECONDS // 1_000

    def take(self, reserved: int = 0) -> int | None:
        """The slot taken, or None when only the `reserved` slots for more urgent messages are free. Raises
        RetryableError when the table can't be reached.
        """
        now, limit = round(self.clock() * 1_000), self.limit - reserved
        return now if self._change(lambda slots: [*slots, now] if len(slots) < limit else None) else None

    def give_back(self, slot: int) -> None:
        """Frees the slot of a message that was not sent."""
        self._change(lambda slots: _without(slot, slots))

    def _change(self, new: Callable[[list[int]], list[int] | None]) -> bool:
        """Whether `new` changed the slots that are taken now; None leaves them unchanged."""
        for _ in range(MAX_TRIES):
            version, slots = self._read()
            changed = new(slots)
            if changed is None:
                return False
            if self._write(version, changed):
                return True
        raise RetryableError(f"could not update the rate limit {self.name}: too many concurrent writers")

    def _read(self) -> tuple[int, list[int]]:
        with retryable("read a rate limit"):
            answer = self.client.get_item(TableName=self.table_name, Key=self._key, ConsistentRead=True)
        item: dict[str, Any] = answer.get("Item", {})
        oldest = round(self.clock() * 1_000) - 1_000 * self.window_seconds
        slots = [int(each["N"]) for each in item.get("slots", {}).get("L", [])]
        return int(item.get("version", {}).get("N", 0)), [slot for slot in slots if slot > oldest]

    def _write(self, version: int, slots: list[int]) -> bool:
        condition = "version = :version" if version else "attribute_not_exists(id)"
        given: Any = {"ExpressionAttributeValues": {":version": number(version)}} if version else {}
        item: Any = {
            **self._key,
            "version": number(version + 1),
            "slots": {"L": [number(slot) for slot in slots]},
            "expires_at": number(self.clock() + KEPT_SECONDS),
        }
        return is_written(
            "write a rate limit",
            lambda: self.client.put_item(TableName=self.table_name, Item=item, ConditionExpression=condition, **given),
        )

    @property
    def _key(self) -> dict[str, Any]:
        return key_of(f"{COUNTER_PREFIX}{self.name}")


def _without(slot: int, slots: list[int]) -> list[int] | None:
    if slot not in slots:
        return None
    position = slots.index(slot)
    return slots[:position] + slots[position + 1 :]
