"""Findings in DynamoDB, put once. The table is also the outbox: findings that are `unpublished` wait for delivery."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from msgspec import Struct

from flowsentry.aws.batch_reads import BatchReads
from flowsentry.aws.concurrency import in_threads
from flowsentry.aws.findings.item import (
    IS_WAITING,
    OUTBOX_ATTRIBUTES,
    PUBLISHED_ATTRIBUTES,
    SNOOZED_PARTITION,
    TRIAGE_ATTRIBUTES,
    Entry,
    Item,
    change,
    entry_of,
    key_of,
    newest_of_thread,
    number,
    outbox_partition,
    triage_attributes,
    triage_of,
)
from flowsentry.aws.findings.transaction import are_put, in_transactions
from flowsentry.aws.service_errors import is_condition_unmet, is_written, retryable
from flowsentry.findings.canary import is_test_alert
from flowsentry.findings.finding import AnyIdentified, Finding, Identified
from flowsentry.findings.triage import Earlier, State, Triage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UNPUBLISHED_INDEX = "unpublished"
KEPT_SECONDS = 90 * 86_400
"""How long a finding is kept. Longer: more history. Shorter: a replay of old logs raises, and delivers, it again."""
MAX_EARLIER = 10
"""Findings of a thread, newest first, that are searched for the last triage. More: triage of an older finding applies,
and each alert reads more. Fewer: triage in answer to an old mail has no effect."""
READ_OF_TRIAGE: Any = {
    "ProjectionExpression": "#id, #state, #changed_at",
    "ExpressionAttributeNames": {f"#{name}": name for name in ("id", "state", "changed_at")},
    "ConsistentRead": True,
}
"""The attributes that show whether a finding is known. A consistent read: one that was just resolved may be new again.
"""


class FindingTable(Struct):
    """A FindingStore in a DynamoDB table, and the notifier's outbox. Findings before `observe_only_until` (Unix s) are
    recorded and not delivered, except test alerts.
    """

    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float] = time.time
    observe_only_until: int = 0
    sleep: Callable[[float], None] = time.sleep

    def unknown(self, findings: Sequence[AnyIdentified]) -> list[AnyIdentified]:
        """See FindingStore.unknown. A finding that was resolved before it was last seen counts as unknown."""
        keys = [key_of(finding_id) for finding_id in dict.fromkeys(finding.id for finding in findings)]
        reads = BatchReads(self.table_name, self.client, self.sleep, "findings")
        with retryable("look up findings"):
            triage_by_id = {item["id"]["S"]: triage_of(item) for item in reads.items(keys, READ_OF_TRIAGE)}
        return [each for each in findings if _may_be_new(each, triage_by_id.get(each.id))]

    def put_new(self, findings: Sequence[Finding]) -> list[Finding]:
        """See FindingStore.put_new. A finding that was resolved before it was last seen is new again."""
        with retryable("put findings"):
            new = in_threads(self._new_of, in_transactions(findings))
        return [finding for part in new for finding in part]

    def resolve(self, finding_ids: Sequence[str], note: str) -> None:
        """See FindingStore.resolve. Acknowledged and snoozed findings stay so, and an undelivered finding is not
        delivered.
        """
        triage = Triage(State.RESOLVED, int(self.clock()), note=note)
        open_states = {"open": {"S": State.OPEN.value}, "seen_again": {"S": State.SEEN_AGAIN.value}}
        for finding_id in finding_ids:
            self._change_if(
                change(
                    finding_id,
                    triage_attributes(triage),
                    without=(*TRIAGE_ATTRIBUTES, *OUTBOX_ATTRIBUTES, "before"),
                    only_if="attribute_exists(finding) AND "
                    "(attribute_not_exists(#state) OR #state IN (:open, :seen_again))",
                    given=open_states,
                )
            )

    def entry(self, finding_id: str) -> Entry | None:
        """The current entry. Raises PoisonError when the item is no finding."""
        with retryable("read a finding"):
            answer = self.client.get_item(TableName=self.table_name, Key=key_of(finding_id), ConsistentRead=True)
        return entry_of(answer["Item"]) if "Item" in answer else None

    def unpublished(self, partition: str) -> Iterator[Item]:
        """Items of an outbox partition, oldest first, read on demand in pages of 1 MB. The index is eventually
        consistent: it may contain findings that were just marked.
        """
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table_name,
            IndexName=UNPUBLISHED_INDEX,
            KeyConditionExpression="unpublished = :partition",
            ExpressionAttributeValues={":partition": {"S": partition}},
        )
        with retryable("read the outbox"):
            for page in pages:
                yield from page["Items"]

    def earlier(self, finding: Finding) -> Earlier | None:
        """The other finding of its thread with the latest triage, or the newest one."""
        if not finding.thread:
            return None
        with retryable("read a thread"):
            answer = self.client.query(TableName=self.table_name, **newest_of_thread(finding.thread), Limit=MAX_EARLIER)
        others = [item for item in answer["Items"] if item["id"]["S"] != finding.id]
        known = [Earlier(item["id"]["S"], int(item["found_at"]["N"]), triage_of(item)) for item in others]
        return max(known, key=lambda each: each.triage.changed_at, default=None)

    def claim(self, finding_id: str, seconds: int) -> bool:
        """Whether for so long only the caller delivers it to people; false when another run does, or it has left the
        outbox.
        """
        now = self.clock()
        return self._change_if(
            change(
                finding_id,
                {"claimed_until": number(now + seconds)},
                only_if="attribute_exists(unpublished) AND "
                "(attribute_not_exists(#claimed_until) OR #claimed_until <= :now)",
                given={"now": number(now)},
            )
        )

    def release(self, finding_id: str) -> None:
        """Ends the claim of a finding that could not be delivered."""
        self._change_if(
            {
                "Key": key_of(finding_id),
                "UpdateExpression": "REMOVE claimed_until",
                "ConditionExpression": "attribute_exists(claimed_until)",
            }
        )

    def mark_delivered(self, finding_id: str, *channels: str) -> None:
        """Records that these channels have it, while others are pending."""
        self._change_if(
            {
                "Key": key_of(finding_id),
                "UpdateExpression": "ADD delivered_to :channels",
                "ConditionExpression": "attribute_exists(unpublished)",
                "ExpressionAttributeValues": {":channels": {"SS": sorted(channels)}},
            }
        )

    def mark_published(self, finding_id: str, delivered_in: str = "") -> None:
        """Takes a finding out of the outbox; no effect on one that has left it or expired."""
        values = {"published_at": number(self.clock())} | (
            {"delivered_in": {"S": delivered_in}} if delivered_in else {}
        )
        self._change_if(change(finding_id, values, without=OUTBOX_ATTRIBUTES, **IS_WAITING))

    def mark_rate_limited(self, finding_id: str) -> None:
        """From now on it is delivered in a summary only."""
        values = {"rate_limited": {"BOOL": True}}
        self._change_if(change(finding_id, values, only_if="attribute_exists(unpublished)"))

    def mark_undelivered(self, finding_id: str, why: str) -> None:
        """Takes a finding out of the outbox without delivery, for this reason."""
        values = {"undelivered_reason": {"S": why}}
        condition = "attribute_exists(#unpublished)"
        self._change_if(change(finding_id, values, without=OUTBOX_ATTRIBUTES, only_if=condition))

    def mark_seen_again(self, finding_id: str) -> None:
        """Records that a finding of a resolved thread has come back."""
        triage = Triage(State.SEEN_AGAIN, changed_at=int(self.clock()))
        self._change_if(change(finding_id, triage_attributes(triage), only_if="attribute_exists(unpublished)"))

    def inherit_triage(self, finding_id: str, earlier: Earlier) -> None:
        """Takes a finding of a silenced thread out of the outbox, with the triage of the earlier one. In a snoozed
        thread the newest finding comes back when the snooze ends.
        """
        triage, is_snoozed = earlier.triage, earlier.triage.state is State.SNOOZED
        waits = {"unpublished": {"S": SNOOZED_PARTITION}, "expires_at": _end(triage.until or 0)} if is_snoozed else {}
        values = {**triage_attributes(triage), "undelivered_reason": {"S": triage.state.value}, **waits}
        self._change_if(change(finding_id, values, without=(*OUTBOX_ATTRIBUTES, *TRIAGE_ATTRIBUTES), **IS_WAITING))
        if is_snoozed:
            self._change_if(
                change(
                    earlier.finding_id,
                    {"undelivered_reason": {"S": triage.state.value}},
                    without=OUTBOX_ATTRIBUTES,
                    only_if="#unpublished = :snoozed",
                    given={"snoozed": {"S": SNOOZED_PARTITION}},
                )
            )

    def end_snooze(self, entry: Entry) -> None:
        """Puts a finding whose snooze ended back into the outbox, unless its triage changed in between."""
        now = int(self.clock())
        self._change_if(
            change(
                entry.finding.id,
                {**triage_attributes(Triage(changed_at=now)), **self._again(entry.finding, entry.triage)},
                without=(*TRIAGE_ATTRIBUTES, *OUTBOX_ATTRIBUTES, *PUBLISHED_ATTRIBUTES),
                only_if="#unpublished = :snoozed AND #until = :end",
                given={"snoozed": {"S": SNOOZED_PARTITION}, "end": number(entry.triage.until or 0)},
            )
        )

    def _new_of(self, findings: list[Finding]) -> list[Finding]:
        """The new ones of findings that are put together; one by one if any of them is known."""
        if len(findings) > 1 and are_put(self.table_name, self.client, list(map(self._new_item, findings))):
            return findings
        return [finding for finding in findings if self._put(finding)]

    def _put(self, finding: Finding) -> bool:
        try:
            self.client.put_item(
                TableName=self.table_name,
                Item=self._new_item(finding),
                ConditionExpression="attribute_not_exists(id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if not is_condition_unmet(error):
                raise
            there: Any = error.response.get("Item", {})
            return self._put_again(finding, triage_of(there))
        return True

    def _new_item(self, finding: Finding) -> dict[str, Any]:
        now = self.clock()
        why = self._undelivered_reason(finding)
        return {
            **key_of(finding.id),
            "finding": {"S": finding.to_json()},
            "kind": {"S": finding.kind},
            "severity": {"S": finding.severity.value},
            "state": {"S": State.OPEN.value},
            "found_at": number(now),
            "expires_at": _end(now),
            **({"thread": {"S": finding.thread}} if finding.thread else {}),
            **({"undelivered_reason": {"S": why}} if why else {"unpublished": {"S": outbox_partition(finding)}}),
        }

    def _undelivered_reason(self, finding: Finding) -> str:
        if is_test_alert(finding):
            return ""
        if finding.suppressed_by:
            return "suppressed"
        return "observed" if self.clock() < self.observe_only_until else ""

    def _put_again(self, finding: Finding, triage: Triage) -> bool:
        """Whether a known finding has come back after it was resolved; true once."""
        if not triage.is_resolved_before(finding.last_seen) or self._undelivered_reason(finding):
            return False
        seen_again = Triage(State.SEEN_AGAIN, changed_at=int(self.clock()))
        return self._change_if(
            change(
                finding.id,
                {**triage_attributes(seen_again), **self._again(finding, triage), "finding": {"S": finding.to_json()}},
                without=(*TRIAGE_ATTRIBUTES, *OUTBOX_ATTRIBUTES, *PUBLISHED_ATTRIBUTES),
                only_if="#state = :resolved AND #changed_at = :resolved_at",
                given={"resolved": {"S": State.RESOLVED.value}, "resolved_at": number(triage.changed_at)},
            )
        )

    def _again(self, finding: Finding, before: Triage) -> dict[str, Any]:
        """The attributes of a finding that returns to the outbox."""
        now = self.clock()
        return {
            "unpublished": {"S": outbox_partition(finding)},
            "waiting_since": number(now),
            "expires_at": _end(now),
            "before": {"M": triage_attributes(before)},
        }

    def _change_if(self, arguments: dict[str, Any]) -> bool:
        """Whether the condition held."""
        return is_written("change a finding", lambda: self.client.update_item(TableName=self.table_name, **arguments))


def _may_be_new(finding: Identified, triage: Triage | None) -> bool:
    """Whether putting the finding could change the table; `triage` is that of its item, if there is one."""
    return triage is None or triage.is_resolved_before(finding.last_seen)


def _end(since: float) -> dict[str, str]:
    return number(since + KEPT_SECONDS)
