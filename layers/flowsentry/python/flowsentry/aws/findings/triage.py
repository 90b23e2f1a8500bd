"""What people say of findings, kept in the table: acknowledged, snoozed, resolved, reopened, each by whom and why."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from flowsentry.aws.findings.item import (
    IN_OUTBOX_ONLY,
    LIFE_NAMES,
    SNOOZED_WORD,
    Entry,
    Item,
    change,
    entry_of,
    key_of,
    life_attributes,
    newest_of_thread,
    number,
)
from flowsentry.aws.findings.table import KEPT_SECONDS, FindingTable
from flowsentry.aws.service_errors import is_condition_unmet, retryable
from flowsentry.errors import PoisonError
from flowsentry.findings.triage import MAX_BY_LETTERS, MAX_NOTE_LETTERS, Earlier, Life, State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

IS_A_FINDING = "attribute_exists(finding)"


class NoSuchFindingError(Exception):
    """The table has no such finding: the id is mistyped, or the finding was forgotten after its time."""


@dataclass(frozen=True)
class FindingLives:
    """The findings table, for people. Saying the same again changes nothing; what was not told yet of a finding that is
    acknowledged, snoozed or resolved is not told. Whatever is called raises RetryableError when the table can't be
    reached.
    """

    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float] = time.time

    def acknowledge(self, finding_id: str, by: str, note: str = "") -> Life:
        """Known: its like is not told on other days either."""
        return self._say(finding_id, self._life(State.ACKNOWLEDGED, by, note))

    def snooze(self, finding_id: str, until: int, by: str, note: str = "") -> Life:
        """Not now: it is told again at `until` (Unix s), and its like not before that."""
        return self._say(finding_id, self._life(State.SNOOZED, by, note, until))

    def resolve(self, finding_id: str, by: str, note: str = "") -> Life:
        """Over: when it is seen again, on this day or another, it is told as that."""
        return self._say(finding_id, self._life(State.RESOLVED, by, note))

    def reopen(self, finding_id: str, by: str, note: str = "") -> Life:
        """Not over, and to be heard of: its like is told again."""
        return self._say(finding_id, self._life(State.OPEN, by, note))

    def entry(self, finding_id: str) -> Entry:
        """Raises NoSuchFindingError."""
        with retryable("read a finding"):
            answer = self.client.get_item(TableName=self.table_name, Key=key_of(finding_id), ConsistentRead=True)
        if "finding" not in answer.get("Item", {}):
            raise NoSuchFindingError(f"there is no finding {finding_id}")
        return entry_of(answer["Item"])

    def newest(self, since: int, on_poison: Callable[[PoisonError], object]) -> list[Entry]:
        """Those found since then (Unix s), newest first. Items that are no findings are told to `on_poison`."""
        pages = self.client.get_paginator("scan").paginate(
            TableName=self.table_name,
            FilterExpression=f"found_at >= :since AND {IS_A_FINDING}",
            ExpressionAttributeValues={":since": number(since)},
        )
        with retryable("list the findings"):
            items = (item for page in pages for item in page["Items"])
            return sorted(_entries(items, on_poison), key=lambda entry: (-entry.found_at, entry.finding.id))

    def thread_of(self, entry: Entry, on_poison: Callable[[PoisonError], object]) -> list[Entry]:
        """The other findings of its thread, newest first."""
        if not entry.finding.thread:
            return []
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table_name, **newest_of_thread(entry.finding.thread)
        )
        with retryable("read a thread"):
            items = (item for page in pages for item in page["Items"])
            return [each for each in _entries(items, on_poison) if each.finding.id != entry.finding.id]

    def _life(self, state: State, by: str, note: str, until: int | None = None) -> Life:
        return Life(state, int(self.clock()), by[:MAX_BY_LETTERS], note[:MAX_NOTE_LETTERS], until)

    def _say(self, finding_id: str, life: Life) -> Life:
        """How it stands then."""
        known = self.entry(finding_id).life
        is_open_still = life.state is State.OPEN and known.state in {State.OPEN, State.SEEN_AGAIN}
        if known.covers(life) or is_open_still:
            return known
        is_snoozed = life.state is State.SNOOZED
        end = (life.until or 0) + KEPT_SECONDS
        waits = {"unpublished": {"S": SNOOZED_WORD}, "expires_at": number(end)} if is_snoozed else {}
        arguments = change(
            finding_id,
            {**life_attributes(life), **waits},
            without=(*LIFE_NAMES, *IN_OUTBOX_ONLY, "before"),
            only_if=IS_A_FINDING,
        )
        self._update(finding_id, arguments)
        return life

    def _update(self, finding_id: str, arguments: dict[str, Any]) -> None:
        try:
            with retryable("change a finding"):
                self.client.update_item(TableName=self.table_name, **arguments)
        except ClientError as error:
            if not is_condition_unmet(error):
                raise
            raise NoSuchFindingError(f"there is no finding {finding_id} any more") from error


def _entries(items: Iterable[Item], on_poison: Callable[[PoisonError], object]) -> Iterator[Entry]:
    for item in items:
        try:
            yield entry_of(item)
        except PoisonError as error:
            on_poison(error)


class Heeded(NamedTuple):
    """Whether people want to hear nothing of a finding; else the earlier one to tell with it."""

    is_silenced: bool
    earlier: Earlier | None


def heeded(findings: FindingTable, entry: Entry, now: float) -> Heeded:
    """What is silenced has been taken out of the outbox. What was said last of a thread holds; what was said of the
    finding itself, which has come back, is not what silences it.
    """
    earlier = findings.earlier(entry.finding)
    own = Earlier(entry.finding.id, entry.found_at, entry.before) if entry.before else None
    if earlier is None or (own and earlier.life.changed_at <= own.life.changed_at):
        return Heeded(is_silenced=False, earlier=own)
    if earlier.life.is_silent(now):
        findings.inherit(entry.finding.id, earlier)
        return Heeded(is_silenced=True, earlier=earlier)
    if earlier.life.is_resolved_before(entry.finding.last_seen) and entry.life.state is State.OPEN:
        findings.mark_seen_again(entry.finding.id)
    return Heeded(is_silenced=False, earlier=earlier)
