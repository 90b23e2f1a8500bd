"""Findings in DynamoDB, put once. The table is also the outbox: what is `unpublished` has yet to be told."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from flowsentry.aws.batch_reads import BatchReads
from flowsentry.aws.concurrency import in_threads
from flowsentry.aws.findings.item import (
    IN_OUTBOX_ONLY,
    IS_WAITING,
    OUT_OF_IT_ONLY,
    SNOOZED_WORD,
    TRIAGE_NAMES,
    Entry,
    Item,
    change,
    entry_of,
    key_of,
    newest_of_thread,
    number,
    outbox_word,
    triage_attributes,
    triage_of,
)
from flowsentry.aws.service_errors import is_condition_unmet, retryable
from flowsentry.findings.finding import Finding
from flowsentry.findings.triage import Earlier, State, Triage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UNPUBLISHED_INDEX = "unpublished"
KEPT_SECONDS = 90 * 86_400
"""How long a finding is remembered. Longer: more history. Shorter: old logs replayed raise it, and tell it, again."""
EARLIER_LOOKED_AT = 10
"""Findings of a thread, newest first, among which the last word of a person is looked for. More: a word about an older
one is heeded, and each alert reads more. Fewer: whoever answers an old mail is not heard."""
FINDING_TRIAGE: Any = {
    "ProjectionExpression": "#id, #state, #changed_at",
    "ExpressionAttributeNames": {f"#{name}": name for name in ("id", "state", "changed_at")},
    "ConsistentRead": True,
}
"""What tells whether a finding is known. Read as it is now: one that was just resolved may be new once more."""


@dataclass
class FindingTable:
    """A FindingStore on a DynamoDB table, and the outbox of the notifier. What is found before `observe_only_until`
    (Unix s) is recorded, and never told.
    """

    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float] = time.time
    observe_only_until: int = 0
    sleep: Callable[[float], None] = time.sleep

    def unknown(self, findings: Sequence[Finding]) -> list[Finding]:
        """See FindingStore.unknown. One that a person resolved before it was last seen counts as not known."""
        keys = [key_of(finding_id) for finding_id in dict.fromkeys(finding.id for finding in findings)]
        reads = BatchReads(self.table_name, self.client, self.sleep, "findings")
        with retryable("look up findings"):
            finding_triage = {item["id"]["S"]: triage_of(item) for item in reads.items(keys, FINDING_TRIAGE)}
        return [each for each in findings if _may_be_new(each, finding_triage.get(each.id))]

    def put_new(self, findings: Sequence[Finding]) -> list[Finding]:
        """See FindingStore.put_new. One that a person resolved before it was last seen is new once more."""
        with retryable("put findings"):
            are_new = in_threads(self._put, findings)
        return [finding for finding, is_new in zip(findings, are_new, strict=True) if is_new]

    def resolve(self, finding_ids: Sequence[str], note: str) -> None:
        """See FindingStore.resolve. What a person acknowledged or snoozed stays so, and what is not told yet is not
        told.
        """
        triage = Triage(State.RESOLVED, int(self.clock()), note=note)
        open_states = {"open": {"S": State.OPEN.value}, "seen_again": {"S": State.SEEN_AGAIN.value}}
        for finding_id in finding_ids:
            self._change_if(
                change(
                    finding_id,
                    triage_attributes(triage),
                    without=(*TRIAGE_NAMES, *IN_OUTBOX_ONLY, "before"),
                    only_if="attribute_exists(finding) AND "
                    "(attribute_not_exists(#state) OR #state IN (:open, :seen_again))",
                    given=open_states,
                )
            )

    def entry(self, finding_id: str) -> Entry | None:
        """What the table has by now. Raises PoisonError when that is no finding."""
        with retryable("read a finding"):
            answer = self.client.get_item(TableName=self.table_name, Key=key_of(finding_id), ConsistentRead=True)
        return entry_of(answer["Item"]) if "Item" in answer else None

    def unpublished(self, word: str) -> Iterator[Item]:
        """Items in the outbox under one of its words, oldest first, a page of 1 MB at a time, as they are asked for. An
        index is read a moment late: what was just marked may be in it.
        """
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table_name,
            IndexName=UNPUBLISHED_INDEX,
            KeyConditionExpression="unpublished = :word",
            ExpressionAttributeValues={":word": {"S": word}},
        )
        with retryable("read the outbox"):
            for page in pages:
                yield from page["Items"]

    def earlier(self, finding: Finding) -> Earlier | None:
        """The newest other finding of its thread, or the one that a person spoke of last."""
        if not finding.thread:
            return None
        with retryable("read a thread"):
            answer = self.client.query(
                TableName=self.table_name, **newest_of_thread(finding.thread), Limit=EARLIER_LOOKED_AT
            )
        others = [item for item in answer["Items"] if item["id"]["S"] != finding.id]
        known = [Earlier(item["id"]["S"], int(item["found_at"]["N"]), triage_of(item)) for item in others]
        return max(known, key=lambda each: each.triage.changed_at, default=None)

    def claim(self, finding_id: str, seconds: int) -> bool:
        """Whether for so long only the caller wakes people about it; false where another does, or all is told."""
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
        """What was claimed and could not be told is anybody's again."""
        self._change_if(
            {
                "Key": key_of(finding_id),
                "UpdateExpression": "REMOVE claimed_until",
                "ConditionExpression": "attribute_exists(claimed_until)",
            }
        )

    def mark_told(self, finding_id: str, *channels: str) -> None:
        """Remembers that channels have it, while others have yet to be told."""
        self._change_if(
            {
                "Key": key_of(finding_id),
                "UpdateExpression": "ADD told :channels",
                "ConditionExpression": "attribute_exists(unpublished)",
                "ExpressionAttributeValues": {":channels": {"SS": sorted(channels)}},
            }
        )

    def mark_published(self, finding_id: str, told_in: str = "") -> None:
        """Takes a finding out of the outbox; nothing happens for one that is out or forgotten already."""
        values = {"published_at": number(self.clock())} | ({"told_in": {"S": told_in}} if told_in else {})
        self._change_if(change(finding_id, values, without=IN_OUTBOX_ONLY, **IS_WAITING))

    def mark_held(self, finding_id: str) -> None:
        """It is not told by itself any more, but summed up with others."""
        values = {"held": {"BOOL": True}}
        self._change_if(change(finding_id, values, only_if="attribute_exists(unpublished)"))

    def mark_untold(self, finding_id: str, why: str) -> None:
        """Takes a finding out of the outbox that nobody is told of."""
        values = {"untold": {"S": why}}
        condition = "attribute_exists(#unpublished)"
        self._change_if(change(finding_id, values, without=IN_OUTBOX_ONLY, only_if=condition))

    def mark_seen_again(self, finding_id: str) -> None:
        """What was thought to be over is not."""
        triage = Triage(State.SEEN_AGAIN, changed_at=int(self.clock()))
        self._change_if(change(finding_id, triage_attributes(triage), only_if="attribute_exists(unpublished)"))

    def inherit(self, finding_id: str, earlier: Earlier) -> None:
        """Takes a finding out of the outbox whose like people want to hear nothing of, and lets it stand as that one
        does. Of a thread that is snoozed, the newest comes back.
        """
        triage, is_snoozed = earlier.triage, earlier.triage.state is State.SNOOZED
        waits = {"unpublished": {"S": SNOOZED_WORD}, "expires_at": _end(triage.until or 0)} if is_snoozed else {}
        values = {**triage_attributes(triage), "untold": {"S": triage.state.value}, **waits}
        self._change_if(change(finding_id, values, without=(*IN_OUTBOX_ONLY, *TRIAGE_NAMES), **IS_WAITING))
        if is_snoozed:
            self._change_if(
                change(
                    earlier.finding_id,
                    {"untold": {"S": triage.state.value}},
                    without=IN_OUTBOX_ONLY,
                    only_if="#unpublished = :snoozed",
                    given={"snoozed": {"S": SNOOZED_WORD}},
                )
            )

    def wake(self, entry: Entry) -> None:
        """Puts a finding whose snooze is over into the outbox again, unless somebody said something else meanwhile."""
        now = int(self.clock())
        self._change_if(
            change(
                entry.finding.id,
                {**triage_attributes(Triage(changed_at=now)), **self._again(entry.finding, entry.triage)},
                without=(*TRIAGE_NAMES, *IN_OUTBOX_ONLY, *OUT_OF_IT_ONLY),
                only_if="#unpublished = :snoozed AND #until = :end",
                given={"snoozed": {"S": SNOOZED_WORD}, "end": number(entry.triage.until or 0)},
            )
        )

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
        why = self._why_untold(finding)
        return {
            **key_of(finding.id),
            "finding": {"S": finding.to_json()},
            "kind": {"S": finding.kind},
            "severity": {"S": finding.severity.value},
            "state": {"S": State.OPEN.value},
            "found_at": number(now),
            "expires_at": _end(now),
            **({"thread": {"S": finding.thread}} if finding.thread else {}),
            **({"untold": {"S": why}} if why else {"unpublished": {"S": outbox_word(finding)}}),
        }

    def _why_untold(self, finding: Finding) -> str:
        if finding.suppressed_by:
            return "suppressed"
        return "observed" if self.clock() < self.observe_only_until else ""

    def _put_again(self, finding: Finding, triage: Triage) -> bool:
        """Whether a finding that is there already has come back after a person resolved it; true once."""
        if not triage.is_resolved_before(finding.last_seen) or self._why_untold(finding):
            return False
        seen_again = Triage(State.SEEN_AGAIN, changed_at=int(self.clock()))
        return self._change_if(
            change(
                finding.id,
                {**triage_attributes(seen_again), **self._again(finding, triage), "finding": {"S": finding.to_json()}},
                without=(*TRIAGE_NAMES, *IN_OUTBOX_ONLY, *OUT_OF_IT_ONLY),
                only_if="#state = :resolved AND #changed_at = :resolved_at",
                given={"resolved": {"S": State.RESOLVED.value}, "resolved_at": number(triage.changed_at)},
            )
        )

    def _again(self, finding: Finding, before: Triage) -> dict[str, Any]:
        """What a finding gets that goes into the outbox once more."""
        now = self.clock()
        return {
            "unpublished": {"S": outbox_word(finding)},
            "waiting_since": number(now),
            "expires_at": _end(now),
            "before": {"M": triage_attributes(before)},
        }

    def _change_if(self, arguments: dict[str, Any]) -> bool:
        """Whether the condition held."""
        try:
            with retryable("change a finding"):
                self.client.update_item(TableName=self.table_name, **arguments)
        except ClientError as error:
            if not is_condition_unmet(error):
                raise
            return False
        return True


def _may_be_new(finding: Finding, triage: Triage | None) -> bool:
    """Whether putting it could change something; `triage` is that of the finding in the table, where there is one."""
    return triage is None or triage.is_resolved_before(finding.last_seen)


def _end(since: float) -> dict[str, str]:
    return number(since + KEPT_SECONDS)
