"""Marks of objects in progress, which outlive a function that is killed, and how many of them nobody took back.

The mark is the record that Powertools writes before an object is begun, so that it costs no write of its own. A record
has `tries`: those begun of which no end is known. The one that goes on is one of them; the others ended with their
function, by time, memory or a crash.
"""

import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyItemAlreadyExistsError
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from botocore.exceptions import BotoCoreError, ClientError

from flowsentry.aws.service_errors import is_condition_unmet
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
}
BEGINS = "SET #expiry = :expiry, #status = :inprogress, #until = :until ADD #tries :one REMOVE #result"
MAY_BEGIN = "attribute_not_exists(#id) OR #expiry < :now OR (#status = :inprogress AND #until < :now_ms)"
"""As Powertools says it: nobody began, or it is forgotten, or whoever began is past the end of their time."""


class ProcessingMarks(DynamoDBPersistenceLayer):
    """Powertools' layer, whose writes count tries. `earlier_deaths` is of the object that was begun last."""

    def __init__(self, table_name: str, client: "DynamoDBClient", config: IdempotencyConfig) -> None:
        super().__init__(table_name, boto3_client=client)
        self.earlier_deaths = 0
        self._configuration = config

    def deaths(self, identity: str) -> int:
        """Tries of this object that ended without a word, but for one that may still go on; none where the table can't
        be asked.
        """
        try:
            key = self._get_key(self._id_of(identity))
            item = self.client.get_item(TableName=self.table_name, Key=key).get("Item", {})
            if item.get("status") != {"S": IN_PROGRESS}:
                return 0
            is_going_on = int(item["in_progress_expiration"]["N"]) > time.time() * 1_000
            return int(item["tries"]["N"]) - is_going_on
        except (ClientError, BotoCoreError, KeyError, TypeError, ValueError) as error:
            logger().debug("no mark", extra={"identity": identity, "error": repr(error)})
            return 0

    def forget(self, identity: str) -> None:
        """The record is gone; where the table can't be reached, it is forgotten when it expires."""
        try:
            self.client.delete_item(TableName=self.table_name, Key=self._get_key(self._id_of(identity)))
        except (ClientError, BotoCoreError) as error:
            logger().warning("mark not removed", extra={"identity": identity, "error": str(error)})

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
            answer = self._update(data_record, BEGINS, values, {"#result": "data"}, ConditionExpression=MAY_BEGIN)
        except ClientError as error:
            if not is_condition_unmet(error):
                raise
            raise self._already(error) from error
        self.earlier_deaths = int(answer["Attributes"]["tries"]["N"]) - 1

    def _already(self, error: ClientError) -> IdempotencyItemAlreadyExistsError:
        told: Any = error.response
        record = self._item_to_data_record(told["Item"]) if "Item" in told else None
        return IdempotencyItemAlreadyExistsError(old_data_record=record)

    def _update_record(self, data_record: DataRecord) -> None:
        values: Any = {
            ":expiry": {"N": str(data_record.expiry_timestamp)},
            ":status": {"S": data_record.status},
            ":result": {"S": data_record.response_data},
        }
        ends = "SET #expiry = :expiry, #status = :status, #result = :result REMOVE #tries"
        self._update(data_record, ends, values, {"#result": "data"})

    def _delete_record(self, data_record: DataRecord) -> None:
        """A try that ended by an error is no death; those before it stay counted."""
        if not self.earlier_deaths:
            super()._delete_record(data_record)
            return
        values: Any = {":deaths": {"N": str(self.earlier_deaths)}, ":long_ago": {"N": "0"}}
        self._update(data_record, "SET #tries = :deaths, #until = :long_ago", values, {})

    def _update(self, record: DataRecord, expression: str, values: Any, more: dict[str, str], **rest: Any) -> Any:
        said = expression + rest.get("ConditionExpression", "")
        return self.client.update_item(
            TableName=self.table_name,
            Key=self._get_key(record.idempotency_key),
            UpdateExpression=expression,
            ExpressionAttributeNames={name: each for name, each in (NAMES | more).items() if name in said},
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **rest,
        )
