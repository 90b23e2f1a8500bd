"""Known services by day, as evidence keeps them: of a replay from memory, of a deployment from its table."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flowsentry.aws.evidence.known_services_item import shard_content_in, state_in
from flowsentry.findings.known_services import CLIENT_BITS, Answers, Service
from flowsentry.in_memory import KnownServicesInMemory

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX, STATE = "services", "state"
"""Keys of items in the evidence table: `services|<scope>|<part or state>` (aws/evidence/known_services_item.py)."""


@dataclass(frozen=True)
class KnownService:
    """A service: the UTC days (since 1970) on which it answered, its last answer (Unix seconds), the sketch of its
    clients, and since when it is down; None while it is not.
    """

    service: Service
    days: Sequence[int]
    answers: Answers
    down_since: int | None = None

    @property
    def clients(self) -> int:
        """About how many clients it answered, estimated from the bits of the sketch by linear counting (Whang et al.,
        "A linear-time probabilistic counting algorithm for database applications", 1990). At most 266: of a full sketch
        there are at least so many.
        """
        empty = max(CLIENT_BITS - self.answers.clients.bit_count(), 1)
        return round(-CLIENT_BITS * math.log(empty / CLIENT_BITS))

    @property
    def has_more_clients(self) -> bool:
        """Whether the sketch is full, so that there may be many more clients."""
        return self.answers.clients.bit_count() == CLIENT_BITS


@dataclass
class ServiceDays:
    """Answers by service and day, and the services that are down."""

    days: dict[Service, dict[int, Answers]] = field(default_factory=dict)
    down_since: Mapping[Service, int] = field(default_factory=dict)

    @classmethod
    def in_memory(cls, known: KnownServicesInMemory) -> "ServiceDays":
        """Those of a replay."""
        return cls({service: dict(days) for service, days in known.days.items()}, dict(known.down_since))

    @classmethod
    def stored(cls, table_name: str, client: "DynamoDBClient", now: float) -> "ServiceDays":
        """Those of an evidence table. All of it is read: for the console of a demo, not for a large deployment."""
        found, down = cls(), dict[Service, int]()
        pages = client.get_paginator("scan").paginate(
            TableName=table_name,
            FilterExpression="begins_with(#source, :prefix)",
            ExpressionAttributeNames={"#source": "source"},
            ExpressionAttributeValues={":prefix": {"S": f"{PREFIX}|"}},
        )
        for item in (item for page in pages for item in page["Items"]):
            _, scope, part = item["source"]["S"].split("|")
            if part == STATE:
                down |= state_in(scope, item, now).down_since
            else:
                found.add(scope, int(item["day"]["N"]), shard_content_in(item).answers)
        return cls(found.days, down)

    def add(self, scope: str, day: int, answers: Mapping[bytes, Answers]) -> None:
        """Adds the answers of a scope's endpoints on a day."""
        for endpoint, each in answers.items():
            self.days.setdefault(Service(scope, endpoint), {})[day] = each

    def services(self) -> list[KnownService]:
        """The services, those that are down first, then by their last answer, newest first."""
        found = [
            KnownService(service, sorted(days), _merged(days.values()), self.down_since.get(service))
            for service, days in self.days.items()
        ]
        return sorted(found, key=_order)


def _merged(days: Iterable[Answers]) -> Answers:
    merged = Answers(0, 0)
    for each in days:
        merged = merged.merge(each)
    return merged


def _order(known: KnownService) -> tuple[Any, ...]:
    return known.down_since is None, -known.answers.last_seen, known.service
