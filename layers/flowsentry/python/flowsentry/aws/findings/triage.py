"""What people say of findings, kept in the table: acknowledged, snoozed, resolved, reopened, each by whom and why."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from flowsentry.aws.findings.item import (
    IN_OUTBOX_ONLY,
    SNOOZED_WORD,
    TRIAGE_NAMES,
    Entry,
    Item,
    change,
    entry_of,
    key_of,
    newest_of_thread,
    number,
    triage_attributes,
)
from flowsentry.aws.findings.table import KEPT_SECONDS, FindingTable
from flowsentry.aws.service_errors import is_condition_unmet, retryable
from flowsentry.errors import PoisonError
from flowsentry.findings.triage import MAX_BY_LETTERS, MAX_NOTE_LETTERS, Earlier, State, Triage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

IS_A_FINDING = "attribute_exists(finding)"


class NoSuchFindingError(Exception):
    """The table has no such finding: the id is mistyped, or the finding was forgotten after its time."""


@dataclass(frozen=True)
class FindingTriage:
    """The findings table, for people. Saying the same again changes nothing; what was not told yet of a finding that is
    acknowledged, snoozed or resolved is not told. Whatever is called raises RetryableError when the table can't be
    reached.
    """

    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float] = time.time

    def acknowledge(self, finding_id: str, by: str, note: str = "") -> Triage:
        """Known: its like is not told on other days either."""
        return self._say(finding_id, self._triage(State.ACKNOWLEDGED, by, note))

    def snooze(self, finding_id: str, until: int, by: str, note: str = "") -> Triage:
        """Not now: it is told again at `until` (Unix s), and its like not before that."""
        return self._say(finding_id, self._triage(State.SNOOZED, by, note, until))

    def resolve(self, finding_id: str, by: str, note: str = "") -> Triage:
        """Over: when it is seen again, on this day or another, it is told as that."""
        return self._say(finding_id, self._triage(State.RESOLVED, by, note))

    def reopen(self, finding_id: str, by: str, note: str = "") -> Triage:
        """Not over, and to be heard of: its like is told again."""
        return self._say(finding_id, self._triage(State.OPEN, by, note))

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

    def _triage(self, state: State, by: str, note: str, until: int | None = None) -> Triage:
        return Triage(state, int(self.clock()), by[:MAX_BY_LETTERS], note[:MAX_NOTE_LETTERS], until)

    def _say(self, finding_id: str, triage: Triage) -> Triage:
        """How it stands then."""
        known = self.entry(finding_id).triage
        is_open_still = triage.state is State.OPEN and known.state in {State.OPEN, State.SEEN_AGAIN}
        if known.covers(triage) or is_open_still:
            return known
        is_snoozed = triage.state is State.SNOOZED
        end = (triage.until or 0) + KEPT_SECONDS
        waits = {"unpublished": {"S": SNOOZED_WORD}, "expires_at": number(end)} if is_snoozed else {}
        arguments = change(
            finding_id,
            {**triage_attributes(triage), **waits},
            without=(*TRIAGE_NAMES, *IN_OUTBOX_ONLY, "before"),
            only_if=IS_A_FINDING,
        )
        self._update(finding_id, arguments)
        return triage

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


class ThreadTriage(NamedTuple):
    """Whether people want to hear nothing of a finding; else the earlier one to tell with it."""

    is_silenced: bool
    earlier: Earlier | None


def thread_triage(findings: FindingTable, entry: Entry, now: float) -> ThreadTriage:
    """What is silenced has been taken out of the outbox. What was said last of a thread holds; what was said of the
    finding itself, which has come back, is not what silences it.
    """
    earlier = findings.earlier(entry.finding)
    own = Earlier(entry.finding.id, entry.found_at, entry.before) if entry.before else None
    if earlier is None or (own and earlier.triage.changed_at <= own.triage.changed_at):
        return ThreadTriage(is_silenced=False, earlier=own)
    if earlier.triage.is_silent(now):
        findings.inherit(entry.finding.id, earlier)
        return ThreadTriage(is_silenced=True, earlier=earlier)
    if earlier.triage.is_resolved_before(entry.finding.last_seen) and entry.triage.state is State.OPEN:
        findings.mark_seen_again(entry.finding.id)
    return ThreadTriage(is_silenced=False, earlier=earlier)
