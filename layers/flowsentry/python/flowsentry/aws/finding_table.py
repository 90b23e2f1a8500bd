"""Findings in DynamoDB, put once. The table is also the outbox: what is `unpublished` has yet to be told."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.findings import Audience, Finding

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UNPUBLISHED_INDEX = "unpublished"
KEPT_SECONDS = 90 * 86_400
"""How long a finding is remembered. Longer: more history. Shorter: old logs replayed raise it, and tell it, again."""


class Unpublished(NamedTuple):
    """A finding in the outbox and since when it is there, Unix seconds."""

    finding: Finding
    found_at: int


def finding_of(item: Mapping[str, Any]) -> Finding:
    """The finding in an item of the table or of its stream."""
    return Finding.from_json(item["finding"]["S"])


@dataclass
class FindingTable:
    """A FindingStore on a DynamoDB table, and the outbox of the notifier."""

    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float] = time.time

    def put_new(self, findings: Sequence[Finding]) -> list[Finding]:
        """See FindingStore.put_new."""
        with retryable("put findings"):
            return [finding for finding in findings if self._put(finding)]

    def is_unpublished(self, finding_id: str) -> bool:
        with retryable("read a finding"):
            answer = self.client.get_item(
                TableName=self.table_name,
                Key=_key(finding_id),
                ConsistentRead=True,
                ProjectionExpression="unpublished",
            )
        return "unpublished" in answer.get("Item", {})

    def unpublished(self, audience: Audience) -> Iterator[Unpublished]:
        """What has yet to be told, oldest first. An index is read a moment late: what was just marked may be in it."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table_name,
            IndexName=UNPUBLISHED_INDEX,
            KeyConditionExpression="unpublished = :audience",
            ExpressionAttributeValues={":audience": {"S": audience}},
        )
        with retryable("read the outbox"):
            for page in pages:
                for item in page["Items"]:
                    yield Unpublished(finding_of(item), int(item["found_at"]["N"]))

    def mark_published(self, finding_id: str) -> None:
        """Takes a finding out of the outbox; nothing happens for one that is out or forgotten already."""
        self._update_if(
            Key=_key(finding_id),
            UpdateExpression="SET published_at = :now REMOVE unpublished",
            ConditionExpression="attribute_exists(unpublished)",
            ExpressionAttributeValues={":now": {"N": str(int(self.clock()))}},
        )

    def _put(self, finding: Finding) -> bool:
        now = int(self.clock())
        try:
            self.client.put_item(
                TableName=self.table_name,
                Item={
                    "id": {"S": finding.id},
                    "finding": {"S": finding.to_json()},
                    "kind": {"S": finding.kind},
                    "severity": {"S": finding.severity},
                    "found_at": {"N": str(now)},
                    "unpublished": {"S": finding.audience},
                    "expires_at": {"N": str(now + KEPT_SECONDS)},
                },
                ConditionExpression="attribute_not_exists(id)",
            )
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _update_if(self, **update: Any) -> None:
        try:
            with retryable("mark a finding as published"):
                self.client.update_item(TableName=self.table_name, **update)
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise


def _key(finding_id: str) -> dict[str, Any]:
    return {"id": {"S": finding_id}}
