"""Evidence in DynamoDB: sets that merge by ADD, so that retries, duplicates, order and concurrency change nothing.

Failures are written first and read back with their neighbour days afterwards: of two processors that write to two days
of one source, the later then sees both, so none of them can miss the verdict.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from flowsentry.aws.bounded_memory import BoundedMemory
from flowsentry.aws.evidence_item import (
    Item,
    evidence_key_of,
    evidence_of,
    excess_of,
    key_of,
    lowering_update,
    merging_update,
    trimming_update,
)
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.aws.threads import in_threads
from flowsentry.errors import RetryableError
from flowsentry.evidence import Evidence, EvidenceKey, History
from flowsentry.in_memory import folded, has_neighbour, histories, neighbours

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_A_CALL = 100
"""DynamoDB's limit for BatchGetItem."""
MAX_READ_TRIES = 6
"""Tries for keys that DynamoDB left unprocessed, 0.05 s doubling between: 1.6 s in all, then the batch is retried."""
ABSENT_SECONDS = 60.0
"""How long a source without items is not looked up again for its answers. Longer: fewer reads, and more answers are
missed of a source that another processor has just recorded. Shorter: every quiet client costs reads every minute."""
LAST_SEEN_STEP = 300
"""Seconds by which last seen must rise to be worth a write of its own. Larger: an alert's last time is less exact.
Smaller: a scanner that sweeps ten thousand interfaces makes a hot item, though its sets have long been full."""
MAX_ABSENT = 20_000
"""Absent sources remembered, some 300 bytes each; past it, the oldest are forgotten and looked up again."""
MAX_KNOWN = 2_000
"""Items remembered, up to 10 KB each: sources met again and again. More: fewer writes, more memory."""


@dataclass
class EvidenceTable:
    """An EvidenceStore on a DynamoDB table."""

    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    absent_seconds: float = ABSENT_SECONDS
    last_seen_step: int = LAST_SEEN_STEP
    _known: BoundedMemory[EvidenceKey, Evidence] = field(default_factory=lambda: BoundedMemory(MAX_KNOWN))
    _absent: BoundedMemory[EvidenceKey, float] = field(default_factory=lambda: BoundedMemory(MAX_ABSENT))

    def suspects(self, keys: Collection[EvidenceKey]) -> set[EvidenceKey]:
        """See EvidenceStore.suspects."""
        unsure = [key for key in keys if not self._is_absent(key)]
        with retryable("look up evidence"):
            present = {evidence_key_of(item) for item in self._items_near(unsure, ("source", "day"))}
        found = {key for key in unsure if not present.isdisjoint(neighbours(key))}
        self._remember_absent(key for key in unsure if key not in found)
        return found

    def merge(self, batch: Sequence[Evidence]) -> list[History]:
        """See EvidenceStore.merge."""
        evidence = folded(batch)
        failures = [one for one in evidence if one.is_suspicious]
        with retryable("merge evidence"):
            self._write(failures)
            answers = [one for one in evidence if not one.is_suspicious and not self._is_absent(one.key)]
            items = self._read(one.key for one in failures + answers)
            welcome = [one for one in answers if has_neighbour(items, one.key)]
            self._remember(items[one.key] for one in welcome if one.key in items)
            self._write(welcome)
        self._remember_absent(one.key for one in answers if not has_neighbour(items, one.key))
        recorded = failures + welcome
        merged = {one.key: items.get(one.key, one).merge(one) for one in recorded}
        return histories(items | merged, merged)

    def _is_absent(self, key: EvidenceKey) -> bool:
        return self.clock() < (self._absent.get(key) or 0.0)

    def _remember_absent(self, keys: Iterable[EvidenceKey]) -> None:
        for key in keys:
            self._absent.put(key, self.clock() + self.absent_seconds)

    def _write(self, batch: Sequence[Evidence]) -> None:
        changing = [one for one in batch if not self._changes_nothing(one)]
        written = in_threads(self._write_one, changing)
        self._remember(written)
        for near in (near for item in written for near in neighbours(item.key)):
            self._absent.forget(near)

    def _remember(self, items: Iterable[Evidence]) -> None:
        for item in items:
            self._known.put(item.key, item)

    def _changes_nothing(self, evidence: Evidence) -> bool:
        """Whether what this process knows to be in the item has it all. Items only grow, so the item has it too."""
        known = self._known.get(evidence.key)
        if known is None:
            return False
        merged = known.merge(evidence)
        rise = merged.last_seen - known.last_seen
        return rise < max(self.last_seen_step, 1) and replace(merged, last_seen=known.last_seen) == known

    def _write_one(self, evidence: Evidence) -> Evidence:
        item = self._merge_item(evidence)
        if excess := excess_of(item):
            self._update(trimming_update(evidence.key, excess))
        if int(item["first_seen"]["N"]) > evidence.first_seen:
            self._update_if(lowering_update(evidence))
        return evidence_of(item).merge(replace(evidence, last_seen=0))

    def _merge_item(self, evidence: Evidence) -> Item:
        merging = partial(merging_update, evidence, self.clock())
        rising = self._update_if(merging(with_last_seen=True))
        return rising if rising is not None else self._update(merging(with_last_seen=False))

    def _update(self, arguments: Mapping[str, Any]) -> Item:
        return self.client.update_item(TableName=self.table_name, **arguments).get("Attributes", {})

    def _update_if(self, arguments: Mapping[str, Any]) -> Item | None:
        """The item after the update, or None where its condition did not hold."""
        try:
            return self._update(arguments)
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return None

    def _read(self, keys: Iterable[EvidenceKey]) -> dict[EvidenceKey, Evidence]:
        """The evidence of these keys and of their neighbour days."""
        found = (evidence_of(item) for item in self._items_near(keys))
        return {evidence.key: evidence for evidence in found}

    def _items_near(self, keys: Iterable[EvidenceKey], attributes: Sequence[str] = ()) -> list[Item]:
        wanted = sorted({near for key in keys for near in neighbours(key)})
        parts = [wanted[start : start + KEYS_A_CALL] for start in range(0, len(wanted), KEYS_A_CALL)]
        projection = {f"#{name}": name for name in attributes}
        return [item for items in in_threads(partial(self._read_part, projection), parts) for item in items]

    def _read_part(self, projection: Mapping[str, str], keys: Sequence[EvidenceKey]) -> list[Item]:
        request: Any = {"Keys": [key_of(key) for key in keys], "ConsistentRead": True}
        if projection:
            request |= {"ProjectionExpression": ", ".join(projection), "ExpressionAttributeNames": projection}
        items: list[Item] = []
        for attempt in range(MAX_READ_TRIES):
            if attempt:
                self.sleep(0.05 * 2 ** (attempt - 1))
            answer: Any = self.client.batch_get_item(RequestItems={self.table_name: request})
            items += answer["Responses"].get(self.table_name, [])
            if not answer["UnprocessedKeys"]:
                return items
            request = answer["UnprocessedKeys"][self.table_name]
        raise RetryableError(f"could not read evidence: {len(request['Keys'])} keys stay unprocessed")
