"""Known services in DynamoDB: once a service is known, it costs one write an hour, and reads only where something
fails.

A process remembers what the items held when it saw them last. A batch is compared with that, and writes only where a
service is new, has a client of a new bit, or answered in another hour than is stored.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from flowsentry.aws.bounded_memory import BoundedMemory
from flowsentry.aws.concurrency import in_threads
from flowsentry.aws.evidence.known_services_item import (
    MAX_DOWN,
    MAX_EXCUSED,
    Held,
    Shard,
    down_member,
    excused_member,
    held_in,
    key_of,
    partition_of,
    shard_number,
    shard_of,
    writing,
)
from flowsentry.aws.evidence.scope_states import RECALLED_SECONDS, ScopeStates
from flowsentry.aws.service_errors import is_condition_unmet, retryable
from flowsentry.errors import RetryableError
from flowsentry.findings.evidence import SECONDS_A_DAY, EvidenceKey
from flowsentry.findings.known_services import Answer, Answers, Outage, Service, Services
from flowsentry.in_memory import over

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REFRESH_SECONDS = 1_800
"""By how much the last answer of a service inside must rise to be written. More: fewer writes, and other processors
learn later that it still answers. Less: each service costs a write more often. Of a service outside it is a day."""
MAX_WRITE_TRIES = 10
"""Tries to write one item while others write it too; the batch is retried after that."""
MAX_SHARDS_REMEMBERED, MAX_PARTS_REMEMBERED = 4_000, 2_000
"""Items that were written or read before a write, and parts of scopes of which all days were read; with some 80
services of 200 bytes in an item, 64 MB at most where all are full. Fewer: of very many VPCs, items are read again."""
MAX_JUDGED_REMEMBERED = 2_000
JUDGED_SECONDS = 360.0
"""Between two verdicts on an excused source. Longer: a sweep of hosts that answer others later is found later. Shorter:
its evidence is read more often."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    """What an item held, and when it was read (Unix s); it was then, and may hold more by now."""

    held: Held
    read_at: float = 0.0


@dataclass(frozen=True, slots=True)
class _Part:
    """What the items of some days held of a part of a scope's services, and when they were read (Unix s)."""

    days: range
    by_day: Mapping[int, Held]
    read_at: float

    def has(self, days: range) -> bool:
        return days[0] in self.days and days[-1] in self.days


@dataclass
class KnownServicesTable:
    """KnownServices on the table of evidence."""

    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float] = time.time
    refresh_seconds: int = REFRESH_SECONDS
    _shards: BoundedMemory[Shard, _Remembered] = field(default_factory=lambda: BoundedMemory(MAX_SHARDS_REMEMBERED))
    _parts: BoundedMemory[tuple[str, int], _Part] = field(default_factory=lambda: BoundedMemory(MAX_PARTS_REMEMBERED))
    _exact: BoundedMemory[Shard, Held] = field(default_factory=lambda: BoundedMemory(MAX_SHARDS_REMEMBERED))
    _states: ScopeStates = field(init=False)
    _judged: BoundedMemory[EvidenceKey, float] = field(default_factory=lambda: BoundedMemory(MAX_JUDGED_REMEMBERED))

    def __post_init__(self) -> None:
        self._states = ScopeStates(self.table_name, self.client, self.clock)

    def learn(self, answers: Sequence[Answer]) -> None:
        """See KnownServices.learn."""
        by_shard: dict[Shard, list[Answer]] = defaultdict(list)
        for each in answers:
            by_shard[shard_of(each)].append(each)
        for shard, told in by_shard.items():
            self._exact.put(shard, (self._exact.get(shard) or Held()).learning(told))
        news = [(shard, told) for shard, told in by_shard.items() if self._has_news(shard, told)]
        with retryable("keep known services"):
            in_threads(self._write, news)

    def _has_news(self, shard: Shard, answers: Iterable[Answer]) -> bool:
        remembered = self._shards.get(shard)
        return remembered is None or any(self._is_news(remembered.held, each) for each in answers)

    def _is_news(self, held: Held, answer: Answer) -> bool:
        known = held.answers.get(answer.service.endpoint)
        if known is None:
            return True
        step = self.refresh_seconds if answer.is_inside else SECONDS_A_DAY
        return bool(answer.clients & ~known.clients) or answer.last_seen - known.last_seen >= step

    def _write(self, task: tuple[Shard, list[Answer]]) -> None:
        """Stores what the item does not hold yet. Raises RetryableError when others write it all the time.

        What was not read just now is read before: others have mostly stored the same meanwhile, and a read costs a
        twentieth of a write that comes to nothing.
        """
        shard, answers = task
        held = self._held_now(shard)
        for _ in range(MAX_WRITE_TRIES):
            news = [each for each in answers if self._is_news(held, each)]
            merged = held.learning(news)
            if merged.answers == held.answers:
                return
            held, is_written = self._written(shard, merged)
            self._shards.put(shard, _Remembered(held, self.clock()))
            if is_written:
                return
        raise RetryableError(f"could not keep known services: others wrote them {MAX_WRITE_TRIES} times meanwhile")

    def _written(self, shard: Shard, held: Held) -> tuple[Held, bool]:
        """What the item holds after the write, or holds instead because others wrote it, and which of the two."""
        try:
            self.client.update_item(TableName=self.table_name, **writing(shard, held, self.clock()))
        except ClientError as error:
            if not is_condition_unmet(error):
                raise
            return held_in(_item_of(error)), False
        return Held(held.answers, held.inside, held.version + 1), True

    def _held_now(self, shard: Shard) -> Held:
        """What the item holds, as it was at most RECALLED_SECONDS ago."""
        known = self._shards.get(shard)
        if known and self.clock() - known.read_at < RECALLED_SECONDS:
            return known.held
        item = self.client.get_item(TableName=self.table_name, Key=key_of(shard)).get("Item", {})
        held = held_in(item)
        self._shards.put(shard, _Remembered(held, self.clock()))
        return held

    def recall(self, services: Collection[Service], first_day: int, last_day: int) -> Services:
        """See KnownServices.recall."""
        parts = sorted({(each.scope, shard_number(each.endpoint)) for each in services})
        days = range(first_day, last_day + 1)
        with retryable("look up known services"):
            held = in_threads(partial(self._days_of, days), parts)
            down = {scope: self._states.of(scope).down_since for scope in {each.scope for each in services}}
        by_part = dict(zip(parts, held, strict=True))
        answers = {each: _merged(each, by_part[each.scope, shard_number(each.endpoint)]) for each in services}
        since = {each: down[each.scope][each] for each in services if each in down[each.scope]}
        return Services({each: told for each, told in answers.items() if told}, since, self.refresh_seconds)

    def _days_of(self, days: range, part: tuple[str, int]) -> list[Held]:
        """What is stored of a part of a scope's services, and what this process knows beyond it, day by day."""
        known = self._parts.get(part)
        if known is None or self.clock() - known.read_at >= RECALLED_SECONDS or not known.has(days):
            known = self._read(part, days)
            self._parts.put(part, known)
        exact = (self._exact.get(Shard(*part, day)) for day in days)
        return [known.by_day[day] for day in days if day in known.by_day] + [each for each in exact if each]

    def _read(self, part: tuple[str, int], days: range) -> _Part:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table_name,
            KeyConditionExpression="#source = :source AND #day BETWEEN :first AND :last",
            ExpressionAttributeNames={"#source": "source", "#day": "day"},
            ExpressionAttributeValues={
                ":source": partition_of(*part),
                ":first": {"N": str(days[0])},
                ":last": {"N": str(days[-1])},
            },
        )
        now = self.clock()
        items = [item for page in pages for item in page["Items"] if int(item["expires_at"]["N"]) > now]
        return _Part(days, {int(item["day"]["N"]): held_in(item) for item in items}, now)

    def mark_down(self, outages: Sequence[Outage]) -> None:
        """See KnownServices.mark_down. Beyond MAX_DOWN of a scope, none is kept."""
        with retryable("keep outages"):
            for scope, told in _by_scope(outages).items():
                known = self._states.of(scope).down_since
                new = [each for each in told if each.service not in known][: max(0, MAX_DOWN - len(known))]
                self._states.change(scope, "ADD", "down", map(down_member, new))

    def recovered(self, answers: Sequence[Answer]) -> list[Outage]:
        """See KnownServices.recovered."""
        with retryable("look up outages"):
            down = [self._states.of(scope).down_since for scope in {each.service.scope for each in answers}]
        return over({service: since for each in down for service, since in each.items()}, answers)

    def mark_up(self, outages: Sequence[Outage]) -> None:
        """See KnownServices.mark_up."""
        with retryable("forget outages"):
            for scope, ended in _by_scope(outages).items():
                self._states.change(scope, "DELETE", "down", map(down_member, ended))

    def excuse(self, keys: Collection[EvidenceKey]) -> None:
        """See KnownServices.excuse. Beyond MAX_EXCUSED of a scope, none is kept."""
        with retryable("keep excused sources"):
            for scope, told in _keys_by_scope(keys).items():
                known = self._states.of(scope).excused
                new = sorted(set(told) - known)[: max(0, MAX_EXCUSED - len(known))]
                self._states.change(scope, "ADD", "excused", map(excused_member, new))

    def excused_in(self, scopes: Collection[str]) -> set[EvidenceKey]:
        """See KnownServices.excused_in. Each is due every JUDGED_SECONDS."""
        with retryable("look up excused sources"):
            kept = {key for scope in scopes for key in self._states.of(scope).excused}
        due = {key for key in kept if self.clock() - (self._judged.get(key) or 0.0) >= JUDGED_SECONDS}
        for key in due:
            self._judged.put(key, self.clock())
        return due

    def forget_excused(self, keys: Collection[EvidenceKey]) -> None:
        """See KnownServices.forget_excused."""
        with retryable("forget excused sources"):
            for scope, told in _keys_by_scope(keys).items():
                known = self._states.of(scope).excused
                self._states.change(scope, "DELETE", "excused", map(excused_member, set(told) & known))


def _merged(service: Service, days: Iterable[Held]) -> Answers | None:
    told = [held.answers[service.endpoint] for held in days if service.endpoint in held.answers]
    merged = None
    for each in told:
        merged = merged.merge(each) if merged else each
    return merged


def _item_of(error: ClientError) -> Mapping[str, Any]:
    response: Mapping[str, Any] = error.response
    item: Mapping[str, Any] = response.get("Item", {})
    return item


def _by_scope(outages: Iterable[Outage]) -> dict[str, list[Outage]]:
    found: dict[str, list[Outage]] = defaultdict(list)
    for each in outages:
        found[each.service.scope].append(each)
    return found


def _keys_by_scope(keys: Iterable[EvidenceKey]) -> dict[str, list[EvidenceKey]]:
    found: dict[str, list[EvidenceKey]] = defaultdict(list)
    for key in keys:
        found[key.scope].append(key)
    return found
