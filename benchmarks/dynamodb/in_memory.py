"""DynamoDB behind boto3 without a network: what a client costs the processor, all but the socket and TLS.

Requests are answered before they are sent (botocore's event `before-send`), so that serializing, signing and parsing
are botocore's own. It knows the conditions of puts and of first writes, and refuses what DynamoDB refuses of a
transaction: more than 100 items, an item twice.
"""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from flowsentry.aws.clients import BOUNDED

MAX_TRANSACTION_ITEMS = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""
KEYS = {"findings": ("id",), "evidence": ("source", "day")}
"""The key attributes of each table."""

Item = dict[str, Any]
_VERBS = ("SET", "ADD", "REMOVE", "DELETE")


class _Body(BytesIO):
    def stream(self, **_: Any) -> Any:
        yield self.read()


@dataclass
class DynamoDBInMemory:
    """The tables by name, the calls by operation, and the seconds of processor time that answering took."""

    tables: dict[str, dict[str, Item]] = field(default_factory=lambda: {name: {} for name in KEYS})
    calls: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def client(self) -> Any:
        session = boto3.Session("made", "made", region_name="eu-central-1")
        client = session.client("dynamodb", config=BOUNDED)
        answered: Any = self._answered
        client.meta.events.register("before-send.dynamodb", answered)
        return client

    def _answered(self, request: Any, **_: Any) -> AWSResponse:
        began = time.thread_time()
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        self.calls[operation] += 1
        status, answer = getattr(self, f"_{operation}")(json.loads(request.body))
        body = json.dumps(answer).encode()
        headers = HTTPHeaders.from_dict({"content-length": str(len(body))})
        self.seconds += time.thread_time() - began
        return AWSResponse(request.url, status, headers, _Body(body))

    def _BatchGetItem(self, asked: Any) -> tuple[int, Any]:  # noqa: N802 - the operation
        [(table, request)] = asked["RequestItems"].items()
        items = self.tables[table]
        found = [items[name] for key in request["Keys"] if (name := _name(table, key)) in items]
        return 200, {"Responses": {table: found}, "UnprocessedKeys": {}}

    def _PutItem(self, asked: Any) -> tuple[int, Any]:  # noqa: N802
        table, item = asked["TableName"], asked["Item"]
        if (there := self.tables[table].get(_name(table, item))) is not None:
            return 400, _refused("ConditionalCheckFailedException", Item=there)
        self.tables[table][_name(table, item)] = item
        return 200, {}

    def _TransactWriteItems(self, asked: Any) -> tuple[int, Any]:  # noqa: N802
        puts = [each["Put"] for each in asked["TransactItems"]]
        names = [(each["TableName"], _name(each["TableName"], each["Item"])) for each in puts]
        if len(names) > MAX_TRANSACTION_ITEMS or len(set(names)) < len(names):
            return 400, _refused("ValidationException")
        there = [self.tables[table].get(name) for table, name in names]
        if any(there):
            reasons = [{"Code": "ConditionalCheckFailed", "Item": each} if each else {"Code": "None"} for each in there]
            return 400, _refused("TransactionCanceledException", CancellationReasons=reasons)
        for (table, name), each in zip(names, puts, strict=True):
            self.tables[table][name] = each["Item"]
        return 200, {}

    def _UpdateItem(self, asked: Any) -> tuple[int, Any]:  # noqa: N802
        table, key = asked["TableName"], asked["Key"]
        item = {**self.tables[table].get(_name(table, key), key)}
        names, values = asked.get("ExpressionAttributeNames", {}), asked["ExpressionAttributeValues"]
        verb = attribute = ""
        for word in asked["UpdateExpression"].replace(",", " ").replace(" = ", " ").split():
            verb = word if word in _VERBS else verb
            if word.startswith(":"):
                item[attribute] = _united(item.get(attribute), values[word]) if verb == "ADD" else values[word]
            attribute = names.get(word, word)
        self.tables[table][_name(table, key)] = item
        return 200, {"Attributes": item} if asked.get("ReturnValues") == "ALL_NEW" else {}

    def _Query(self, _asked: Any) -> tuple[int, Any]:  # noqa: N802
        return 200, {"Items": [], "Count": 0}

    def _GetItem(self, asked: Any) -> tuple[int, Any]:  # noqa: N802
        table = asked["TableName"]
        item = self.tables[table].get(_name(table, asked["Key"]))
        return 200, {"Item": item} if item else {}


def _name(table: str, item: Item) -> str:
    return "|".join(next(iter(item[key].values())) for key in KEYS[table])


def _united(known: Item | None, added: Item) -> Item:
    [(kind, value)] = added.items()
    if known is None:
        return added
    if kind == "N":
        return {"N": str(int(known["N"]) + int(value))}
    return {kind: sorted({*known[kind], *value})}


def _refused(code: str, **more: Any) -> Item:
    return {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code, **more}
