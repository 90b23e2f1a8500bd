"""A fast in-memory DynamoDB client with one table and the expressions that findings use."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

ITEMS_A_PAGE = 500
"""About 1 MB of findings, the page size of DynamoDB."""
MAX_TRANSACTION_ITEMS = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""
ATOM = re.compile(r"attribute_(not_)?exists\((\S+?)\)|(\S+) (=|<>|<=) (:\w+)")
Item = dict[str, Any]
Around = Callable[[str], Any]
"""Returns the context of a call of that name, which may fail before or after the call takes effect."""


@contextmanager
def undisturbed(_: str) -> Iterator[None]:
    yield


@dataclass
class FindingsClient:
    """Behaves like boto3's client for the calls of FindingTable and HourlyQuota."""

    around: Around = undisturbed
    items: dict[str, Item] = field(default_factory=dict)
    by_partition: dict[str, dict[str, Item]] = field(default_factory=dict)

    def get_item(self, *, Key: Item, **_: Any) -> Item:  # noqa: N803 - AWS's
        with self.around("get_item"):
            item = self.items.get(Key["id"]["S"])
            return {"Item": dict(item)} if item else {}

    def put_item(self, *, Item: Item, ConditionExpression: str, **given: Any) -> Item:  # noqa: N803 - AWS's
        with self.around("put_item"):
            there = self.items.get(Item["id"]["S"], {})
            _require(holds(ConditionExpression, there, given), there)
            self._write(dict(Item))
            return {}

    def transact_write_items(self, *, TransactItems: list[Item]) -> Item:  # noqa: N803 - AWS's
        with self.around("transact_write_items"):
            puts = [each["Put"] for each in TransactItems]
            ids = [put["Item"]["id"]["S"] for put in puts]
            if len(set(ids)) < len(ids) or len(ids) > MAX_TRANSACTION_ITEMS:
                raise ClientError({"Error": {"Code": "ValidationException", "Message": ""}}, "TransactWriteItems")
            there = [self.items.get(each, {}) for each in ids]
            if not all(holds(put["ConditionExpression"], item, put) for put, item in zip(puts, there, strict=True)):
                raise ClientError(
                    {"Error": {"Code": "TransactionCanceledException", "Message": ""}}, "TransactWriteItems"
                )
            for put in puts:
                self._write(dict(put["Item"]))
            return {}

    def update_item(self, *, Key: Item, ConditionExpression: str, UpdateExpression: str, **given: Any) -> Item:  # noqa: N803
        with self.around("update_item"):
            there = self.items.get(Key["id"]["S"], {})
            _require(holds(ConditionExpression, there, given), there)
            self._write(updated({**Key, **there}, UpdateExpression, given))
            return {}

    def query(self, *, ExpressionAttributeValues: Item, Limit: int, **_: Any) -> Item:  # noqa: N803 - AWS's
        """The findings of a thread, newest first."""
        with self.around("query"):
            thread = ExpressionAttributeValues[":thread"]
            found = [item for item in self.items.values() if item.get("thread") == thread]
            return {"Items": sorted(found, key=lambda item: -int(item["found_at"]["N"]))[:Limit]}

    def get_paginator(self, _: str) -> "FindingsClient":
        return self

    def paginate(self, *, ExpressionAttributeValues: Item, **_: Any) -> Iterator[Item]:  # noqa: N803 - AWS's
        """The findings in the outbox, oldest first."""
        partition = ExpressionAttributeValues[":partition"]["S"]
        found = sorted(self.by_partition.get(partition, {}).values(), key=lambda item: int(item["found_at"]["N"]))
        for start in range(0, max(1, len(found)), ITEMS_A_PAGE):
            with self.around("query"):
                page = {"Items": found[start : start + ITEMS_A_PAGE]}
            yield page

    def _write(self, item: Item) -> None:
        finding_id = item["id"]["S"]
        before = self.items.get(finding_id, {}).get("unpublished")
        if before:
            del self.by_partition[before["S"]][finding_id]
        self.items[finding_id] = item
        if "unpublished" in item:
            self.by_partition.setdefault(item["unpublished"]["S"], {})[finding_id] = item


def holds(condition: str, item: Item, given: Mapping[str, Any]) -> bool:
    """Whether a condition holds; it may have AND, OR in brackets, and the comparisons of ATOM."""
    parts = (
        part.strip().removeprefix("(").removesuffix(")") if " OR " in part else part
        for part in condition.split(" AND ")
    )
    return all(any(_atom(each.strip(), item, given) for each in part.split(" OR ")) for part in parts)


def _atom(text: str, item: Item, given: Mapping[str, Any]) -> bool:
    match = ATOM.fullmatch(text)
    if match is None:
        raise NotImplementedError(text)
    negated, asked, name, sign, value = match.groups()
    if asked:
        return (_named(asked, given) in item) is not bool(negated)
    left, right = item.get(_named(name, given)), given["ExpressionAttributeValues"][value]
    if sign == "<=":
        return left is not None and float(left["N"]) <= float(right["N"])
    return (left == right) is (sign == "=")


def updated(item: Item, expression: str, given: Mapping[str, Any]) -> Item:
    """The item after SET, REMOVE and ADD (to a string set)."""
    values = given.get("ExpressionAttributeValues", {})
    for verb, rest in re.findall(r"(SET|REMOVE|ADD) (.*?)(?= SET | REMOVE | ADD |$)", expression):
        for part in rest.split(", "):
            name, _, value = part.replace(" = ", " ").partition(" ")
            name = _named(name, given)
            if verb == "SET":
                item[name] = values[value]
            elif verb == "REMOVE":
                item.pop(name, None)
            else:
                item[name] = {"SS": sorted({*item.get(name, {}).get("SS", []), *values[value]["SS"]})}
    return item


def _named(name: str, given: Mapping[str, Any]) -> str:
    return str(given.get("ExpressionAttributeNames", {}).get(name, name))


def _require(is_met: bool, there: Item) -> None:  # noqa: FBT001 - what was found out
    if not is_met:
        answer: Any = {"Error": {"Code": "ConditionalCheckFailedException"}, "Item": there}
        raise ClientError(answer, "Write")
