"""Known services in DynamoDB: a service that is known costs one write an hour, and reads only when contacts fail.

A process caches the items that it read or wrote. A batch writes only services that the cached items do not have: new
ones, those with a client of a new bit, and those whose last answer rose by REFRESH_SECONDS.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from flowsentry.aws.batch_reads import BatchReads
from flowsentry.aws.bounded_memory import BoundedMemory
from flowsentry.aws.concurrency import in_threads
from flowsentry.aws.evidence.known_services_item import (
    MAX_DOWN,
    MAX_EXCUSED,
    Shard,
    ShardContent,
    down_member,
    excused_member,
    key_of,
    partition_of,
    shard_content_in,
    shard_number,
    shard_of,
    writing,
)
from flowsentry.aws.evidence.scope_states import CACHED_SECONDS, ScopeStates
from flowsentry.aws.service_errors import is_condition_unmet, retryable
from flowsentry.errors import RetryableError
from flowsentry.findings.evidence import SECONDS_A_DAY, EvidenceKey
from flowsentry.findings.known_services import Answer, Answers, Outage, Service, Services, ended_outages
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REFRESH_SECONDS = 1_800
"""Seconds by which the last answer of an inside service must rise to be written; for an outside service it is a day.
Higher: fewer writes, and other processors learn later that the service still answers. Lower: more writes."""
MAX_WRITE_TRIES = 10
"""Attempts to write an item while other writers write it too. More: a batch waits longer. Fewer: it is retried as a
whole more often."""
MAX_CACHED_SHARDS, MAX_CACHED_PARTS = 16_000, 8_000
"""Cached items that were written, and cached parts of scopes of which all days were read. Higher: more memory than
64 MB when all are full, with some 20 services of 200 bytes in an item. Lower: with very many VPCs, items are read
again."""
MAX_CACHED_VERDICTS = 2_000
JUDGED_SECONDS = 360.0
"""Seconds between two verdicts on an excused source. Longer: a scan of hosts that answer other sources again is found
later. Shorter: its evidence is read more often."""


class _CachedShard(Value, frozen=True):
    """The content of an item and when it was read (Unix s); other processors may have added to it since."""

    content: ShardContent
    read_at: float = 0.0


class _Part(Value, frozen=True):
    """The items of a part of a scope's services by day, and when they were read (Unix s)."""

    days: range
    by_day: Mapping[int, ShardContent]
    read_at: float

    def has(self, days: range) -> bool:
        return days[0] in self.days and days[-1] in self.days


@dataclass
class KnownServicesTable:
    """A KnownServices store in the evidence table."""

    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float] = time.time
    refresh_seconds: int = REFRESH_SECONDS
    _shards: BoundedMemory[Shard, _CachedShard] = field(default_factory=lambda: BoundedMemory(MAX_CACHED_SHARDS))
    _parts: BoundedMemory[tuple[str, int], _Part] = field(default_factory=lambda: BoundedMemory(MAX_CACHED_PARTS))
    _exact: BoundedMemory[Shard, ShardContent] = field(default_factory=lambda: BoundedMemory(MAX_CACHED_SHARDS))
    _states: ScopeStates = field(init=False)
    _judged: BoundedMemory[EvidenceKey, float] = field(default_factory=lambda: BoundedMemory(MAX_CACHED_VERDICTS))

    def __post_init__(self) -> None:
        self._states = ScopeStates(self.table_name, self.client, self.clock)

    def learn(self, answers: Sequence[Answer]) -> None:
        """See KnownServices.learn."""
        by_shard: dict[Shard, list[Answer]] = defaultdict(list)
        for each in answers:
            by_shard[shard_of(each)].append(each)
        for shard, its_answers in by_shard.items():
            self._exact.put(shard, (self._exact.get(shard) or ShardContent()).with_answers(its_answers))
        news = [(shard, its_answers) for shard, its_answers in by_shard.items() if self._has_news(shard, its_answers)]
        with retryable("store known services"):
            contents = self._contents([shard for shard, _ in news])
            in_threads(self._write, [(shard, its_answers, contents[shard]) for shard, its_answers in news])

    def _has_news(self, shard: Shard, answers: Iterable[Answer]) -> bool:
        cached = self._shards.get(shard)
        return cached is None or any(self._is_news(cached.content, each) for each in answers)

    def _is_news(self, content: ShardContent, answer: Answer) -> bool:
        known = content.answers.get(answer.service.endpoint)
        if known is None:
            return True
        step = self.refresh_seconds if answer.is_inside else SECONDS_A_DAY
        return bool(answer.clients & ~known.clients) or answer.last_seen - known.last_seen >= step

    def _write(self, task: tuple[Shard, list[Answer], ShardContent]) -> None:
        """Stores the answers that the item, with this content, does not have. Raises RetryableError when other writers
        are always faster.
        """
        shard, answers, content = task
        for _ in range(MAX_WRITE_TRIES):
            news = [each for each in answers if self._is_news(content, each)]
            merged = content.with_answers(news)
            if merged.answers == content.answers:
                return
            content, is_written = self._written(shard, merged)
            self._shards.put(shard, _CachedShard(content, self.clock()))
            if is_written:
                return
        raise RetryableError(f"could not store known services: other writers were faster {MAX_WRITE_TRIES} times")

    def _written(self, shard: Shard, content: ShardContent) -> tuple[ShardContent, bool]:
        """The content after the write and True, or the content that another writer stored and False."""
        try:
            self.client.update_item(TableName=self.table_name, **writing(shard, content, self.clock()))
        except ClientError as error:
            if not is_condition_unmet(error):
                raise
            return shard_content_in(_item_of(error)), False
        return ShardContent(content.answers, content.inside, content.version + 1), True

    def _contents(self, shards: Sequence[Shard]) -> dict[Shard, ShardContent]:
        """The content of each item, at most CACHED_SECONDS old. Items that were not just read are read together, before
        they are written: mostly another processor has stored the same meanwhile, and a read costs a twentieth of a
        write whose condition fails.
        """
        now = self.clock()
        known = {shard: cached for shard in shards if (cached := self._shards.get(shard))}
        fresh = {shard: each.content for shard, each in known.items() if now - each.read_at < CACHED_SECONDS}
        unread = [shard for shard in shards if shard not in fresh]
        reads = BatchReads(self.table_name, self.client, time.sleep, "known services")
        items = {_name_in(item): item for item in reads.items(list(map(key_of, unread)), {})}
        read = {shard: shard_content_in(items.get(_name_in(key_of(shard)), {})) for shard in unread}
        for shard, content in read.items():
            self._shards.put(shard, _CachedShard(content, now))
        return fresh | read

    def recall(self, services: Collection[Service], first_day: int, last_day: int) -> Services:
        """See KnownServices.recall."""
        parts = sorted({(each.scope, shard_number(each.endpoint)) for each in services})
        days = range(first_day, last_day + 1)
        with retryable("look up known services"):
            stored = in_threads(partial(self._days_of, days), parts)
            down = {scope: self._states.of(scope).down_since for scope in {each.scope for each in services}}
        by_part = dict(zip(parts, stored, strict=True))
        answers = {each: _merged(each, by_part[each.scope, shard_number(each.endpoint)]) for each in services}
        since = {each: down[each.scope][each] for each in services if each in down[each.scope]}
        return Services({service: known for service, known in answers.items() if known}, since, self.refresh_seconds)

    def _days_of(self, days: range, part: tuple[str, int]) -> list[ShardContent]:
        """The stored items of a part of a scope's services by day, and the answers that only this process has."""
        known = self._parts.get(part)
        if known is None or self.clock() - known.read_at >= CACHED_SECONDS or not known.has(days):
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
        return _Part(days, {int(item["day"]["N"]): shard_content_in(item) for item in items}, now)

    def mark_down(self, outages: Sequence[Outage]) -> None:
        """See KnownServices.mark_down. More than MAX_DOWN outages of a scope are not stored."""
        with retryable("store outages"):
            for scope, begun in _by_scope(outages).items():
                known = self._states.of(scope).down_since
                new = [each for each in begun if each.service not in known][: max(0, MAX_DOWN - len(known))]
                self._states.change(scope, "ADD", "down", map(down_member, new))

    def recovered(self, answers: Sequence[Answer]) -> list[Outage]:
        """See KnownServices.recovered."""
        with retryable("look up outages"):
            down = [self._states.of(scope).down_since for scope in {each.service.scope for each in answers}]
        return ended_outages({service: since for each in down for service, since in each.items()}, answers)

    def mark_up(self, outages: Sequence[Outage]) -> None:
        """See KnownServices.mark_up."""
        with retryable("delete outages"):
            for scope, ended in _by_scope(outages).items():
                self._states.change(scope, "DELETE", "down", map(down_member, ended))

    def excuse(self, keys: Collection[EvidenceKey]) -> None:
        """See KnownServices.excuse. More than MAX_EXCUSED sources of a scope are not stored."""
        with retryable("store excused sources"):
            for scope, its_keys in _keys_by_scope(keys).items():
                known = self._states.of(scope).excused
                new = sorted(set(its_keys) - known)[: max(0, MAX_EXCUSED - len(known))]
                self._states.change(scope, "ADD", "excused", map(excused_member, new))

    def excused_in(self, scopes: Collection[str]) -> set[EvidenceKey]:
        """See KnownServices.excused_in. Each source is due every JUDGED_SECONDS."""
        with retryable("look up excused sources"):
            kept = {key for scope in scopes for key in self._states.of(scope).excused}
        due = {key for key in kept if self.clock() - (self._judged.get(key) or 0.0) >= JUDGED_SECONDS}
        for key in due:
            self._judged.put(key, self.clock())
        return due

    def forget_excused(self, keys: Collection[EvidenceKey]) -> None:
        """See KnownServices.forget_excused."""
        with retryable("delete excused sources"):
            for scope, its_keys in _keys_by_scope(keys).items():
                known = self._states.of(scope).excused
                self._states.change(scope, "DELETE", "excused", map(excused_member, set(its_keys) & known))


def _name_in(item: Mapping[str, Any]) -> tuple[str, str]:
    """The key of an item as text."""
    return item["source"]["S"], item["day"]["N"]


def _merged(service: Service, days: Iterable[ShardContent]) -> Answers | None:
    merged = None
    for each in (content.answers[service.endpoint] for content in days if service.endpoint in content.answers):
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
