"""Evidence in DynamoDB: at most one write for each suspicious source and batch, none when it would change nothing.

Failures are written first, and read afterwards together with the neighbour days. Of two processors that write to two
days of one source, the later one then reads both days, so the verdict cannot be missed.
"""

import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from msgspec import Struct, field

from flowsentry.aws.batch_reads import BatchReads
from flowsentry.aws.bounded_memory import BoundedMemory
from flowsentry.aws.concurrency import in_threads
from flowsentry.aws.evidence.item import Item, Stored, evidence_key_of, expiry_in, key_of, stored_in
from flowsentry.aws.evidence.update import Update, merging_update
from flowsentry.aws.service_errors import is_condition_unmet, retryable
from flowsentry.aws.unreadable_objects import report_unreadable
from flowsentry.errors import RetryableError
from flowsentry.findings.evidence import (
    SECONDS_A_DAY,
    Evidence,
    EvidenceKey,
    History,
    has_neighbour,
    histories,
    merged_evidence,
    near_recorded,
    neighbours,
)
from flowsentry.records.clock_skew import MAX_ACCEPTED_LEAD_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_WRITE_TRIES = 10
"""Attempts to write an item while other writers write it too. More: a batch waits longer. Fewer: in a burst of writers
batches are retried as a whole (simulated: of a thousand within a second, the unluckiest needs five attempts)."""
MAX_WRITE_WAIT_SECONDS = 0.5
"""The longest wait after another writer was faster; each wait is random, up to 0.02 s, doubling. Longer: a burst is
spread further, and each batch waits longer. Shorter: all writers of a burst try again at once."""
ABSENT_SECONDS = 60.0
"""How long a source without items is not looked up again for its answers. Longer: fewer reads, but answers of a source
that another processor has just recorded are missed for longer. Shorter: each quiet client costs more reads."""
LAST_SEEN_STEP = 300
"""Seconds by which `last_seen` must rise to be written. Higher: the last time in an alert is less exact. Lower: a
scanner that sweeps ten thousand interfaces makes a hot item, though its sets have long been full."""
MAX_ABSENT = 20_000
"""Sources without items that are cached, some 300 bytes each. Higher: more memory. Lower: they are looked up again."""
MAX_KNOWN = 2_000
"""Items of recurring sources that are cached, mostly of 1 KB, full ones of 25. Higher: more memory. Lower: more
reads."""

PRESENCE: Mapping[str, Any] = {
    "ProjectionExpression": "#source, #day, #expires_at",
    "ExpressionAttributeNames": {f"#{name}": name for name in ("source", "day", "expires_at")},
}
"""An eventually consistent read of the keys only: it costs half, and absent items are cached for longer anyway."""
EVENTUAL: Mapping[str, Any] = {}
"""An eventually consistent read of whole items, at half the cost."""
CONTENT: Mapping[str, Any] = {"ConsistentRead": True}
"""A consistent read of whole items."""

Items = dict[EvidenceKey, Stored]


class EvidenceTable(Struct):
    """An EvidenceStore on a DynamoDB table."""

    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    absent_seconds: float = ABSENT_SECONDS
    last_seen_step: int = LAST_SEEN_STEP
    _known: BoundedMemory[EvidenceKey, Stored] = field(default_factory=lambda: BoundedMemory(MAX_KNOWN))
    _absent: BoundedMemory[EvidenceKey, float] = field(default_factory=lambda: BoundedMemory(MAX_ABSENT))

    def suspects(self, keys: Collection[EvidenceKey]) -> set[EvidenceKey]:
        """See EvidenceStore.suspects."""
        unsure = [key for key in keys if not self._is_absent(key)]
        with retryable("look up evidence"):
            items = self._items(self._near(unsure), PRESENCE)
        present = {evidence_key_of(item) for item in items}
        found = {key for key in unsure if not present.isdisjoint(neighbours(key))}
        self._remember_absent(key for key in unsure if key not in found)
        return found

    def recall(self, keys: Collection[EvidenceKey]) -> list[History]:
        """See EvidenceStore.recall."""
        unsure = [key for key in keys if not self._is_absent(key)]
        with retryable("recall evidence"):
            items = self._read(self._near(unsure), EVENTUAL)
        found = [key for key in unsure if has_neighbour(items, key)]
        self._remember_absent(key for key in unsure if key not in found)
        return histories({key: stored.evidence.within_bounds() for key, stored in items.items()}, found)

    def merge(self, batch: Sequence[Evidence]) -> list[History]:
        """See EvidenceStore.merge."""
        evidence = merged_evidence(batch)
        failures = [one for one in evidence if one.is_suspicious]
        with retryable("merge evidence"):
            unknown = {one.key for one in failures if self._known.get(one.key) is None}
            items = self._write(failures, self._read(unknown))
            present = {one.key[:2] for one in evidence if one.is_suspicious or not self._is_absent(one.key)}
            answers = [one for one in evidence if not one.is_suspicious and one.key[:2] in present]
            items |= self._read(self._near(one.key for one in failures + answers) - items.keys())
            worth_keeping = near_recorded(items, answers)
            items = self._write(worth_keeping, items)
        kept = {one.key for one in worth_keeping}
        self._remember_absent(one.key for one in answers if one.key not in kept)
        return _histories(items, failures + worth_keeping)

    def _is_absent(self, key: EvidenceKey) -> bool:
        return self.clock() < (self._absent.get(key) or 0.0)

    def _remember_absent(self, keys: Iterable[EvidenceKey]) -> None:
        for key in keys:
            self._absent.put(key, self.clock() + self.absent_seconds)

    def _write(self, batch: Sequence[Evidence], items: Items) -> Items:
        """`items`, which were just read, updated by the writes. Items that were neither read nor written are left out:
        their cached content has all of the evidence, but the stored item may have more.

        A read costs a fifth of a write whose condition fails, so the caller reads items that are not cached first.
        """
        known = {one.key: items.get(one.key) or self._known.get(one.key) for one in batch}
        updates = [(one, update) for one in batch if (update := self._update_of(known[one.key], one))]
        written = {stored.evidence.key: stored for stored in in_threads(self._write_one, updates)}
        for key, before in known.items():
            if stored := written.get(key, before):
                self._known.put(key, stored)
        for near in (near for key in written for near in neighbours(key)):
            self._absent.forget(near)
        return items | written

    def _write_one(self, task: tuple[Evidence, Update]) -> Stored:
        """The item after the write, or after another writer has written all of it. Raises RetryableError after
        MAX_WRITE_TRIES attempts in which other writers were faster.
        """
        evidence, update = task
        for attempt in range(MAX_WRITE_TRIES):
            known, is_written = self._update(update)
            if is_written and known:
                return known
            longest = min(0.02 * 2**attempt, MAX_WRITE_WAIT_SECONDS)
            self.sleep(random.uniform(0, longest))  # noqa: S311 - spreads the writers
            if (again := self._update_of(known, evidence)) is None and known:
                return known
            update = again or update
        raise RetryableError(f"could not merge evidence: other writers were faster {MAX_WRITE_TRIES} times")

    def _update_of(self, known: Stored | None, evidence: Evidence) -> Update | None:
        """The update that merges the evidence into the item with the content `known`; None when it has all of it."""
        if known and known.damage:
            report_unreadable("evidence", f"{evidence.key}: {known.damage}")
        return merging_update(known, evidence, self.clock(), self.last_seen_step)

    def _update(self, update: Update) -> tuple[Stored | None, bool]:
        """The item after the update and True, or its current content and False when the condition was not met."""
        try:
            item = self.client.update_item(TableName=self.table_name, **update)["Attributes"]
        except ClientError as error:
            if not is_condition_unmet(error):
                raise
            answer: Mapping[str, Any] = error.response
            return (stored_in(answer["Item"]) if "Item" in answer else None), False
        return stored_in(item), True

    def _near(self, keys: Iterable[EvidenceKey]) -> set[EvidenceKey]:
        """These keys and their neighbour days, without days so far ahead that no record of them is accepted."""
        last_day = int(self.clock() + MAX_ACCEPTED_LEAD_SECONDS) // SECONDS_A_DAY
        asked = set(keys)
        return asked | {near for key in asked for near in neighbours(key) if near.day <= last_day}

    def _read(self, keys: Iterable[EvidenceKey], arguments: Mapping[str, Any] = CONTENT) -> Items:
        found = (stored_in(item) for item in self._items(keys, arguments))
        return {stored.evidence.key: stored for stored in found if not stored.damage}

    def _items(self, keys: Iterable[EvidenceKey], arguments: Mapping[str, Any] = CONTENT) -> list[Item]:
        """The items of these keys that have not expired: DynamoDB deletes expired items days later."""
        reads = BatchReads(self.table_name, self.client, self.sleep, "evidence")
        now = self.clock()
        read = reads.items([key_of(key) for key in sorted(keys)], arguments)
        return [item for item in read if expiry_in(item) > now]


def _histories(items: Items, recorded: Sequence[Evidence]) -> list[History]:
    """The content of the items, merged with recorded evidence that was not worth a write."""
    evidence = {key: stored.evidence.within_bounds() for key, stored in items.items()}
    merged = {one.key: evidence.get(one.key, one).merge(one) for one in recorded}
    return histories(evidence | merged, merged)
