"""Triage of findings by people, in the table: acknowledge, snooze, resolve, reopen, each with a name and a note."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from flowsentry.aws.findings.item import (
    OUTBOX_ATTRIBUTES,
    SNOOZED_PARTITION,
    TRIAGE_ATTRIBUTES,
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
from flowsentry.findings.triage import Earlier, State, Triage, TriageActions
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

IS_A_FINDING = "attribute_exists(finding)"


class NoSuchFindingError(Exception):
    """The table has no such finding: the id is mistyped, or the finding expired."""


class FindingTriage(TriageActions, Value, frozen=True):
    """Triage in the findings table. A repeated call changes nothing; an undelivered finding that is acknowledged,
    snoozed or resolved is not delivered. All methods raise RetryableError when the table can't be reached.
    """

    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float] = time.time

    def entry(self, finding_id: str) -> Entry:
        """Raises NoSuchFindingError."""
        with retryable("read a finding"):
            answer = self.client.get_item(TableName=self.table_name, Key=key_of(finding_id), ConsistentRead=True)
        if "finding" not in answer.get("Item", {}):
            raise NoSuchFindingError(f"there is no finding {finding_id}")
        return entry_of(answer["Item"])

    def newest(self, since: int, on_poison: Callable[[PoisonError], object]) -> list[Entry]:
        """The findings since then (Unix s), newest first. `on_poison` gets the errors of items that are no findings."""
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

    def _set_triage(self, finding_id: str, triage: Triage) -> Triage:
        """The resulting triage."""
        known = self.entry(finding_id).triage
        if not known.is_changed_by(triage):
            return known
        is_snoozed = triage.state is State.SNOOZED
        end = (triage.until or 0) + KEPT_SECONDS
        waits = {"unpublished": {"S": SNOOZED_PARTITION}, "expires_at": number(end)} if is_snoozed else {}
        arguments = change(
            finding_id,
            {**triage_attributes(triage), **waits},
            without=(*TRIAGE_ATTRIBUTES, *OUTBOX_ATTRIBUTES, "before"),
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
    """Whether a finding's thread is silenced; if not, the earlier finding to mention in the alert."""

    is_silenced: bool
    earlier: Earlier | None


def thread_triage(findings: FindingTable, entry: Entry, now: float) -> ThreadTriage:
    """The triage of the finding's thread. A silenced finding is taken out of the outbox. The latest triage of the
    thread applies, except what was set on the finding itself, which has come back since.
    """
    earlier = findings.earlier(entry.finding)
    own = Earlier(entry.finding.id, entry.found_at, entry.before) if entry.before else None
    if earlier is None or (own and earlier.triage.changed_at <= own.triage.changed_at):
        return ThreadTriage(is_silenced=False, earlier=own)
    if earlier.triage.is_silent(now):
        findings.inherit_triage(entry.finding.id, earlier)
        return ThreadTriage(is_silenced=True, earlier=earlier)
    if earlier.triage.is_resolved_before(entry.finding.last_seen) and entry.triage.state is State.OPEN:
        findings.mark_seen_again(entry.finding.id)
    return ThreadTriage(is_silenced=False, earlier=earlier)
