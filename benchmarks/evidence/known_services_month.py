"""Simulates the writes, storage and cost of known services: 1,000 hosts, 5,000 services, 30 days, eight processors.

    python -m benchmarks.evidence.known_services_month [DAYS]

Every 15 minutes, ten deliveries report which services answered which clients; a random processor takes each. Once a
day, 1 % of the services are replaced by new ones, as when pods are replaced. The store is the real one; the table is a
dictionary that counts capacity units as DynamoDB does.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from botocore.exceptions import ClientError

from benchmarks.dynamodb.capacity import (
    DOLLARS_A_MILLION_READS,
    DOLLARS_A_MILLION_WRITES,
    item_bytes,
    read_units,
    write_units,
)
from flowsentry.aws.evidence.known_services_table import KnownServicesTable
from flowsentry.findings.known_services import Answer, Service, client_bit

HOSTS, SERVICES, CLIENTS_A_SERVICE, PROCESSORS, BATCHES = 1_000, 5_000, 20, 8, 10
STEP_SECONDS, DAY_SECONDS = 900, 86_400
REPLACED_A_DAY = SERVICES // 100
ACTIVE_SHARE = 0.4
"""Share of the services that answer in 15 minutes."""
FIRST_DAY = 20_454
Item = dict[str, Any]


@dataclass
class WeighedTable:
    """A DynamoDB client with one table in a dictionary, with the calls that known services use."""

    items: dict[tuple[str, int], Item] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    largest: int = 0

    def update_item(self, **arguments: Any) -> Any:
        """A conditional write of a whole item, or a change of the set of failed services."""
        key = arguments["Key"]["source"]["S"], int(arguments["Key"]["day"]["N"])
        before, values = self.items.get(key, {}), arguments["ExpressionAttributeValues"]
        if arguments.get("ConditionExpression", "").startswith("version") != bool(before) or (
            before and before["version"] != values[":version"]
        ):
            self._weigh_write("lost", item_bytes(before), item_bytes(before))
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}, "Item": before}, "UpdateItem")  # type: ignore[typeddict-unknown-key]
        item = {**arguments["Key"], "services": values[":services"], "version": values[":next"]}
        item["expires_at"] = values[":expires_at"]
        self.items[key] = item
        self._weigh_write("writes", item_bytes(before), item_bytes(item))
        return {"Attributes": item}

    def get_item(self, **arguments: Any) -> Any:
        item = self._read(arguments["Key"])
        return {"Item": item} if item else {}

    def batch_get_item(self, **arguments: Any) -> Any:
        [(table, request)] = arguments["RequestItems"].items()
        found = filter(None, map(self._read, request["Keys"]))
        return {"Responses": {table: list(found)}, "UnprocessedKeys": {}}

    def _read(self, key: Item) -> Item | None:
        item = self.items.get((key["source"]["S"], int(key["day"]["N"])))
        self.counts["reads"] += 1
        self.counts["read_halves"] += read_units(item_bytes(item)) if item else 1
        return item

    def get_paginator(self, _: str) -> "WeighedTable":
        return self

    def paginate(self, **arguments: Any) -> Iterator[Any]:
        values = arguments["ExpressionAttributeValues"]
        days = range(int(values[":first"]["N"]), int(values[":last"]["N"]) + 1)
        found = [item for day in days if (item := self.items.get((values[":source"]["S"], day)))]
        self.counts["reads"] += 1
        self.counts["read_halves"] += read_units(sum(map(item_bytes, found)))
        yield {"Items": found}

    def _weigh_write(self, name: str, before: int, after: int) -> None:
        self.counts[name] += 1
        self.counts["write_units"] += write_units(before, after)
        self.largest = max(self.largest, after)

    def expire(self, now: float) -> None:
        for key in [key for key, item in self.items.items() if int(item["expires_at"]["N"]) <= now]:
            del self.items[key]


class Month:
    """The services of one VPC, and their clients."""

    def __init__(self, draw: Random) -> None:
        self.draw, self.now = draw, FIRST_DAY * DAY_SECONDS
        self.hosts = [f"10.1.{number // 250}.{number % 250 + 1}" for number in range(HOSTS)]
        self.services = [self._new_service() for _ in range(SERVICES)]
        self.table = WeighedTable()
        self.processors = [
            KnownServicesTable("evidence", self.table, clock=lambda: self.now)  # type: ignore[arg-type]
            for _ in range(PROCESSORS)
        ]

    def _new_service(self) -> tuple[Service, list[int]]:
        endpoint = b"\x06\x0a" + self.draw.randbytes(3) + self.draw.choice((443, 5432, 8080, 6379)).to_bytes(2)
        clients = self.draw.sample(self.hosts, CLIENTS_A_SERVICE)
        return Service("vpc-0123456789abcdef0", endpoint), [client_bit(client, endpoint) for client in clients]

    def pass_day(self) -> None:
        for _ in range(DAY_SECONDS // STEP_SECONDS):
            active = self.draw.sample(self.services, int(SERVICES * ACTIVE_SHARE))
            for number in range(BATCHES):
                self.draw.choice(self.processors).learn(list(self._answers(active[number::BATCHES])))
            self.now += STEP_SECONDS
        gone = [self.services.pop(self.draw.randrange(len(self.services))) for _ in range(REPLACED_A_DAY)]
        self.services += [self._new_service() for _ in range(REPLACED_A_DAY)]
        failed = {service for service, _ in gone}
        known = self.draw.choice(self.processors).recall(failed, self.now // DAY_SECONDS - 3, self.now // DAY_SECONDS)
        if len(known.answers) < len(failed):
            raise AssertionError("a service that answered is not known")
        self.table.expire(self.now)

    def _answers(self, services: list[tuple[Service, list[int]]]) -> Iterator[Answer]:
        for service, bits in services:
            seen = self.now + self.draw.randrange(STEP_SECONDS)
            yield Answer(service, seen // DAY_SECONDS, seen, 1 << self.draw.choice(bits), is_inside=True)


def main() -> int:
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    month = Month(Random(11))
    for day in range(1, days + 1):
        before = Counter(month.table.counts)
        month.pass_day()
        today = month.table.counts - before
        if day in (1, 2, days):
            print(
                f"day {day:>2}: {today['writes']:,} writes and {today['lost']:,} lost races of "
                f"{BATCHES * DAY_SECONDS // STEP_SECONDS:,} batches, {today['write_units']:,} write units, "
                f"{today['reads']:,} reads"
            )
    counts, held = month.table.counts, sum(map(item_bytes, month.table.items.values()))
    dollars = counts["write_units"] * DOLLARS_A_MILLION_WRITES / 1e6
    dollars += counts["read_halves"] / 2 * DOLLARS_A_MILLION_READS / 1e6
    print(f"stored: {len(month.table.items):,} items, {held / 1e6:.1f} MB, the largest {month.table.largest:,} bytes")
    print(f"{days} days: {counts['writes'] / days:,.0f} writes per day, ${dollars * 30 / days:.2f} per month")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
