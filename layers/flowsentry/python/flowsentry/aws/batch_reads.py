"""BatchGetItem for any number of keys: in parts of a hundred, with retries of unprocessed keys."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from flowsentry.aws.concurrency import in_threads
from flowsentry.errors import RetryableError
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_A_CALL = 100
"""DynamoDB's limit for BatchGetItem."""
MAX_READ_TRIES = 6
"""Attempts for keys that DynamoDB left unprocessed, with waits of 0.05 s, doubling. More: a batch waits longer than 1.6
s in a slow minute of DynamoDB. Fewer: it is retried as a whole more often."""

Item = Mapping[str, Any]


class BatchReads(Value, frozen=True):
    """Reads of one table; `what` names its content in error messages."""

    table_name: str
    client: "DynamoDBClient"
    sleep: Callable[[float], None]
    what: str

    def items(self, keys: Sequence[Item], arguments: Item) -> list[Item]:
        """The items of these distinct keys, in any order; `arguments` are those of the read beside its keys. Raises
        RetryableError when keys stay unprocessed.
        """
        parts = [keys[start : start + KEYS_A_CALL] for start in range(0, len(keys), KEYS_A_CALL)]
        read = in_threads(partial(self._part, arguments), parts)
        return [item for items in read for item in items]

    def _part(self, arguments: Item, keys: Sequence[Item]) -> list[Item]:
        request: Any = {"Keys": list(keys), **arguments}
        items: list[Item] = []
        for attempt in range(MAX_READ_TRIES):
            if attempt:
                self.sleep(0.05 * 2 ** (attempt - 1))
            answer: Any = self.client.batch_get_item(RequestItems={self.table_name: request})
            items += answer["Responses"].get(self.table_name, [])
            if not answer["UnprocessedKeys"]:
                return items
            request = answer["UnprocessedKeys"][self.table_name]
        raise RetryableError(f"could not read {self.what}: {len(request['Keys'])} keys stay unprocessed")
