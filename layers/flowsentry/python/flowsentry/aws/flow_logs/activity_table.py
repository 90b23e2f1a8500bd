"""When records of each flow log were last processed, and how many, by the hour: items of the evidence table."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flowsentry.aws.concurrency import in_threads
from flowsentry.aws.service_errors import retryable
from flowsentry.records.flow_logs import Activity
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SECONDS_AN_HOUR = 3_600
KEPT_SECONDS = 30 * 86_400
"""How long an hour is kept. Longer: the alert about a flow log that stopped long ago still says when. Shorter: after
this time it reads as if the flow log had never delivered."""
HOURS_READ = 2
"""The newest hours with records that are read of each flow log: the current one may have just begun. More: shares of
skipped records are those of a longer time. Fewer: those of a few minutes."""


class ActivityTable(Value, frozen=True):
    """The partition key of an item is `flow-log <id>`, the sort key (`day`, the table's name for it) the Unix second at
    which its hour begins.
    """

    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float] = time.time

    def add(self, flow_log_id: str, records: int, skipped: int) -> None:
        """Adds to the current hour of a flow log. Concurrent calls add up; a repeated call counts twice, which
        changes a share and no time. Raises RetryableError, and any error of botocore.
        """
        now = int(self.clock())
        values = {":now": now, ":end": now + KEPT_SECONDS, ":records": records, ":skipped": skipped}
        with retryable("record the activity of a flow log"):
            self.client.update_item(
                TableName=self.table_name,
                Key={**_partition(flow_log_id), "day": {"N": str(now // SECONDS_AN_HOUR * SECONDS_AN_HOUR)}},
                UpdateExpression="SET seen_at = :now, expires_at = :end ADD #records :records, skipped :skipped",
                ExpressionAttributeNames={"#records": "records"},
                ExpressionAttributeValues={name: {"N": str(value)} for name, value in values.items()},
            )

    def newest(self, flow_log_ids: Iterable[str]) -> dict[str, Activity]:
        """The activity in the newest HOURS_READ hours that have any, by flow log; none for those without. Raises
        RetryableError.
        """
        ids = sorted(set(flow_log_ids))
        with retryable("read the activity of flow logs"):
            found = in_threads(self._newest, ids)
        return {id_: activity for id_, activity in zip(ids, found, strict=True) if activity}

    def _newest(self, flow_log_id: str) -> Activity | None:
        answer = self.client.query(
            TableName=self.table_name,
            KeyConditionExpression="#source = :source",
            ExpressionAttributeNames={"#source": "source"},
            ExpressionAttributeValues={":source": _partition(flow_log_id)["source"]},
            ScanIndexForward=False,
            Limit=HOURS_READ,
        )
        hours = [Activity(*(_number(item, name) for name in _COUNTED)) for item in answer["Items"]]
        return sum(hours[1:], hours[0]) if hours else None


_COUNTED = ("seen_at", "records", "skipped")


def _partition(flow_log_id: str) -> Any:
    return {"source": {"S": f"flow-log {flow_log_id}"}}


def _number(item: Any, name: str) -> int:
    """A number of an item; 0 for anything else, as of an item that somebody else wrote."""
    text = item.get(name, {}).get("N", "0")
    return int(text) if text.isdecimal() else 0
