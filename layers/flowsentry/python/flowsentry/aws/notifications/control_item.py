"""Items of the findings table that are about alerts in general, not about one finding."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flowsentry.aws.findings.item import CONTROL_PREFIX, key_of
from flowsentry.aws.service_errors import is_written, retryable
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Values = Mapping[str, Any]
"""Attributes of an item, in the types of DynamoDB."""


class ControlItem(Value, frozen=True):
    """One item. All methods raise RetryableError when the table can't be reached."""

    name: str
    table_name: str
    client: "DynamoDBClient"
    clock: Callable[[], float] = time.time

    def read(self) -> Values:
        """The current attributes; none where there is no item."""
        with retryable("read a control item"):
            answer = self.client.get_item(TableName=self.table_name, Key=self._key, ConsistentRead=True)
        return answer.get("Item", {})

    def put_first(self, values: Values) -> bool:
        """Whether the item was created; false where there was one."""
        return self._put({**self._key, **values}, {"ConditionExpression": "attribute_not_exists(id)"})

    def put(self, values: Values) -> None:
        """Replaces the item."""
        self._put({**self._key, **values}, {})

    def change(self, values: Values, *, without: str = "", only_if: Values | None = None) -> bool:
        """Whether the attributes were set, and the attribute `without` removed: not where one of the attributes
        `only_if` has another value by now.
        """
        expected = only_if or {}
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        names = dict.fromkeys((*values, *expected, *([without] if without else [])))
        condition = " AND ".join(f"#{name} = :expected_{name}" for name in expected)
        update: Any = {
            "Key": self._key,
            "UpdateExpression": f"SET {sets}" + (f" REMOVE #{without}" if without else ""),
            "ExpressionAttributeNames": {f"#{name}": name for name in names},
            "ExpressionAttributeValues": {
                **{f":{name}": value for name, value in values.items()},
                **{f":expected_{name}": value for name, value in expected.items()},
            },
            **({"ConditionExpression": condition} if condition else {}),
        }
        return is_written("change a control item", lambda: self.client.update_item(TableName=self.table_name, **update))

    def _put(self, item: Values, condition: Any) -> bool:
        return is_written(
            "write a control item",
            lambda: self.client.put_item(TableName=self.table_name, Item=item, **condition),
        )

    @property
    def _key(self) -> dict[str, Any]:
        return key_of(f"{CONTROL_PREFIX}{self.name}")


def text_in(values: Values, name: str) -> str:
    """The text of an attribute; empty where there is none."""
    return str(values.get(name, {}).get("S", ""))


def number_in(values: Values, name: str) -> int:
    """The number of an attribute; 0 where there is none."""
    try:
        return int(values.get(name, {}).get("N", 0))
    except ValueError:
        return 0


def texts_in(values: Values, name: str) -> list[str]:
    """The list of texts of an attribute; empty where there is none."""
    return [str(each.get("S", "")) for each in values.get(name, {}).get("L", [])]


def texts(values: list[str]) -> dict[str, Any]:
    """The attribute that holds these texts."""
    return {"L": [{"S": each} for each in values]}
