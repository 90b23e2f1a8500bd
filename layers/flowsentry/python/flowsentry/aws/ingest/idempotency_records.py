"""Powertools' idempotency records, extended by the number of runs that an object has interrupted, and by how far the
runs came with an object that is processed in parts.

Powertools writes a record before an object is processed, so the count costs no write of its own. The attribute `tries`
counts runs that began the object and have not recorded an end: one of them may still be going on, the others ended
with their function by time-out, memory or a crash. `next_line` and `part_lines` are a Progress (see object_part.py).
"""

import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyItemAlreadyExistsError
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from botocore.exceptions import BotoCoreError, ClientError

from flowsentry.aws.service_errors import is_condition_unmet, is_written
from flowsentry.decode.object_part import Progress
from flowsentry.errors import RetryableError
from flowsentry.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY_PREFIX = "object"
IN_PROGRESS = "INPROGRESS"
NAMES = {
    "#id": "id",
    "#expiry": "expiration",
    "#until": "in_progress_expiration",
    "#status": "status",
    "#tries": "tries",
    "#next": "next_line",
    "#most": "part_lines",
}
BEGIN = "SET #expiry = :expiry, #status = :inprogress, #until = :until ADD #tries :one REMOVE #result"
MAY_BEGIN = "attribute_not_exists(#id) OR #expiry < :now OR (#status = :inprogress AND #until < :now_ms)"
"""Powertools' own condition: there is no record, or it has expired, or the run that began the object has timed out."""


class IdempotencyRecords(DynamoDBPersistenceLayer):
    """Powertools' DynamoDB layer, whose writes also count `tries`. `earlier_interruptions` and `progress` belong to the
    object that was begun last; `rest` is where its next part begins, if this run has done a part of it.
    """

    def __init__(self, table_name: str, client: "DynamoDBClient", config: IdempotencyConfig) -> None:
        super().__init__(table_name, boto3_client=client)
        self.earlier_interruptions = 0
        self.progress = Progress()
        self.rest: Progress | None = None
        self._configuration = config

    def interrupted_runs(self, identity: str) -> int:
        """The number of runs that began this object and ended without recording it, without one that may still be
        going on; 0 when the table cannot be read. An object of which parts are done counts as one more, since it needs
        a run for itself as well.
        """
        try:
            key = self._get_key(self._id_of(identity))
            item = self.client.get_item(TableName=self.table_name, Key=key).get("Item", {})
            if item.get("status") != {"S": IN_PROGRESS}:
                return 0
            is_going_on = int(item["in_progress_expiration"]["N"]) > time.time() * 1_000
            return int(item.get("tries", {"N": "0"})["N"]) - is_going_on + ("next_line" in item)
        except (ClientError, BotoCoreError, KeyError, TypeError, ValueError) as error:
            logger().debug("idempotency record not read", extra={"identity": identity, "error": repr(error)})
            return 0

    def forget(self, identity: str) -> None:
        """Deletes the record; of an object of which parts are done only the count of tries. When the table cannot be
        reached, the record goes when it expires.
        """
        record: Any = {"TableName": self.table_name, "Key": self._get_key(self._id_of(identity))}
        unless_parts_are_done = "attribute_not_exists(next_line)"
        try:
            if not is_written(
                "forget an object",
                lambda: self.client.delete_item(**record, ConditionExpression=unless_parts_are_done),
            ):
                self.client.update_item(**record, UpdateExpression="REMOVE tries")
        except (ClientError, BotoCoreError, RetryableError) as error:
            logger().warning("idempotency record not deleted", extra={"identity": identity, "error": str(error)})

    def _id_of(self, identity: str) -> str:
        self.configure(config=self._configuration, function_name="", key_prefix=KEY_PREFIX)
        data: Any = identity
        return str(self._get_hashed_idempotency_key(data=data))

    def _put_record(self, data_record: DataRecord) -> None:
        now = time.time()
        until = data_record.in_progress_expiry_timestamp or int(now * 1000)
        values: Any = {
            ":expiry": {"N": str(data_record.expiry_timestamp)},
            ":inprogress": {"S": IN_PROGRESS},
            ":until": {"N": str(until)},
            ":now": {"N": str(int(now))},
            ":now_ms": {"N": str(int(now * 1000))},
            ":one": {"N": "1"},
        }
        try:
            answer = self._update(data_record, BEGIN, values, {"#result": "data"}, ConditionExpression=MAY_BEGIN)
        except ClientError as error:
            if not is_condition_unmet(error):
                raise
            raise self._already_exists(error) from error
        begun = answer["Attributes"]
        self.earlier_interruptions = int(begun["tries"]["N"]) - 1
        if "next_line" in begun:
            self.progress = Progress(int(begun["next_line"]["N"]), int(begun["part_lines"]["N"]))

    def _already_exists(self, error: ClientError) -> IdempotencyItemAlreadyExistsError:
        response: Any = error.response
        record = self._item_to_data_record(response["Item"]) if "Item" in response else None
        return IdempotencyItemAlreadyExistsError(old_data_record=record)

    def _update_record(self, data_record: DataRecord) -> None:
        values: Any = {
            ":expiry": {"N": str(data_record.expiry_timestamp)},
            ":status": {"S": data_record.status},
            ":result": {"S": data_record.response_data},
        }
        end = "SET #expiry = :expiry, #status = :status, #result = :result REMOVE #tries, #next, #most"
        self._update(data_record, end, values, {"#result": "data"})

    def _delete_record(self, data_record: DataRecord) -> None:
        """A run that ended by an error is no interruption; the interruptions before it stay counted, and the parts that
        are done stay recorded. After a part, interruptions are counted from zero.
        """
        if self.rest:
            self._record_rest(data_record, self.rest)
            return
        if not self.earlier_interruptions and self.progress == Progress():
            super()._delete_record(data_record)
            return
        values: Any = {":interrupted": {"N": str(self.earlier_interruptions)}, ":long_ago": {"N": "0"}}
        self._update(data_record, "SET #tries = :interrupted, #until = :long_ago", values, {})

    def _record_rest(self, data_record: DataRecord, rest: Progress) -> None:
        values: Any = {
            ":next": {"N": str(rest.next_line)},
            ":most": {"N": str(rest.part_lines)},
            ":long_ago": {"N": "0"},
        }
        self._update(data_record, "SET #next = :next, #most = :most, #until = :long_ago REMOVE #tries", values, {})

    def _update(
        self, record: DataRecord, expression: str, values: Any, more_names: dict[str, str], **arguments: Any
    ) -> Any:
        used = expression + arguments.get("ConditionExpression", "")
        return self.client.update_item(
            TableName=self.table_name,
            Key=self._get_key(record.idempotency_key),
            UpdateExpression=expression,
            ExpressionAttributeNames={name: each for name, each in (NAMES | more_names).items() if name in used},
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **arguments,
        )
