"""Tables: event source mappings of streams, filters, and conditional writes without races."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.embedded import EmbeddedAws
from local.aws.resources.dynamodb import passes
from tests.local.aws.conftest import Function, FunctionFactory

INSERTS = {"Filters": [{"Pattern": json.dumps({"eventName": ["INSERT"]})}]}


class Table:
    """A table with a stream of new images."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.name = f"table-{uuid4().hex[:8]}"
        created = aws.client("dynamodb").create_table(
            TableName=self.name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        self.stream_arn = created["TableDescription"]["LatestStreamArn"]

    def put(self, id_: str, **more: Any) -> None:
        self.aws.client("dynamodb").put_item(TableName=self.name, Item={"id": {"S": id_}}, **more)

    def connect(self, function: Function, **more: Any) -> None:
        self.aws.client("lambda").create_event_source_mapping(
            EventSourceArn=self.stream_arn, FunctionName=function.name, StartingPosition="TRIM_HORIZON", **more
        )


@pytest.fixture
def table(aws: EmbeddedAws) -> Table:
    return Table(aws)


def keys(function: Function) -> list[list[str]]:
    return [[record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]] for event in function.events]


def test_a_filter_for_inserts_delivers_only_new_items(
    aws: EmbeddedAws, table: Table, function: FunctionFactory
) -> None:
    sees = function()
    table.connect(sees, FilterCriteria=INSERTS)
    table.put("a")
    aws.client("dynamodb").update_item(
        TableName=table.name,
        Key={"id": {"S": "a"}},
        UpdateExpression="SET x = :x",
        ExpressionAttributeValues={":x": {"N": "1"}},
    )
    table.put("b")
    aws.wait_until_quiet()
    records = [record for event in sees.events for record in event["Records"]]
    assert [record["dynamodb"]["NewImage"]["id"]["S"] for record in records] == ["a", "b"]
    assert {record["eventName"] for record in records} == {"INSERT"}
    assert isinstance(records[0]["dynamodb"]["ApproximateCreationDateTime"], float | int)


def test_a_failed_batch_is_retried(aws: EmbeddedAws, table: Table, function: FunctionFactory) -> None:
    recovers = function("if attempts < 3: raise ValueError")
    table.connect(recovers, BatchSize=10)
    table.put("a")
    aws.wait_until_quiet()
    assert keys(recovers) == [["a"]] * 3


def test_a_bad_record_is_isolated_by_bisecting_and_discarded(
    aws: EmbeddedAws, table: Table, function: FunctionFactory
) -> None:
    for id_ in ("a", "bad", "c", "d"):
        table.put(id_)
    picky = function("if 'bad' in str(event): raise ValueError")
    table.connect(picky, BatchSize=4, MaximumRetryAttempts=1, BisectBatchOnFunctionError=True)
    aws.wait_until_quiet()
    assert keys(picky)[0] == ["a", "bad", "c", "d"]
    assert keys(picky).count(["bad"]) == 2
    assert ["a"] in keys(picky)
    assert keys(picky)[-1] == ["c", "d"]


def test_a_transaction_writes_all_items_or_none_into_the_table_and_its_stream(
    aws: EmbeddedAws, table: Table, function: FunctionFactory
) -> None:
    sees = function()
    table.connect(sees, FilterCriteria=INSERTS)

    def put_together(*ids: str) -> None:
        items = [{"TableName": table.name, "Item": {"id": {"S": id_}}} for id_ in ids]
        puts: Any = [{"Put": {**each, "ConditionExpression": "attribute_not_exists(id)"}} for each in items]
        aws.client("dynamodb").transact_write_items(TransactItems=puts)

    put_together("a", "b")
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        put_together("c", "a", "d")
    table.put("e")
    put_together("c", "f")
    aws.wait_until_quiet()
    assert [id_ for batch in keys(sees) for id_ in batch] == ["a", "b", "e", "c", "f"]
    with pytest.raises(ClientError, match="ValidationException"):
        put_together("g", "g")


def test_one_of_many_concurrent_writers_succeeds_if_the_item_must_not_exist(table: Table) -> None:
    def put(_number: int) -> bool:
        try:
            table.put("a", ConditionExpression="attribute_not_exists(id)")
        except ClientError as error:
            return error.response["Error"]["Code"] != "ConditionalCheckFailedException"
        return True

    with ThreadPoolExecutor(8) as executor:
        assert sum(executor.map(put, range(32))) == 1


@pytest.mark.parametrize(
    ("pattern", "is_passed"),
    [
        ({"eventName": ["INSERT"]}, True),
        ({"eventName": ["MODIFY", "REMOVE"]}, False),
        ({"dynamodb": {"NewImage": {"kind": {"S": ["port_scan"]}}}}, True),
        ({"dynamodb": {"NewImage": {"unpublished": [{"exists": False}]}}}, True),
        ({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["other"]}}}}, False),
    ],
)
def test_a_filter_pattern_matches_as_on_lambda(pattern: dict[str, Any], *, is_passed: bool) -> None:
    record = {"eventName": "INSERT", "dynamodb": {"NewImage": {"kind": {"S": "port_scan"}}}}
    assert passes(record, {"Filters": [{"Pattern": json.dumps(pattern)}]}) == is_passed


def test_every_record_passes_without_filters() -> None:
    assert passes({"eventName": "REMOVE"}, None)
