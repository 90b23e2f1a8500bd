"""Subscription filters with functions and data streams as destinations: payloads, control messages and patterns."""

import base64
import gzip
import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.embedded import EmbeddedAws
from local.aws.monitoring import subscriptions
from tests.local.aws.conftest import Function, FunctionFactory


def payloads(function: Function) -> list[Any]:
    return [json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"]))) for event in function.events]


@pytest.fixture
def group(aws: EmbeddedAws) -> str:
    name = f"flow-logs-{uuid4().hex[:8]}"
    aws.client("logs").create_log_group(logGroupName=name)
    aws.client("logs").create_log_stream(logGroupName=name, logStreamName="eni-1-all")
    return name


def subscribe(aws: EmbeddedAws, group: str, function: Function, pattern: str = "") -> None:
    aws.client("logs").put_subscription_filter(
        logGroupName=group, filterName="to-function", filterPattern=pattern, destinationArn=function.arn
    )


def put(aws: EmbeddedAws, group: str, *lines: str) -> int:
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines]
    aws.client("logs").put_log_events(logGroupName=group, logStreamName="eni-1-all", logEvents=events)
    return now


def test_a_function_receives_log_events_in_cloudwatchs_format(
    aws: EmbeddedAws, group: str, function: FunctionFactory
) -> None:
    sees = function()
    subscribe(aws, group, sees)
    now = put(aws, group, "2 line one", "2 line two")
    aws.wait_until_quiet()
    [payload] = payloads(sees)
    ids = [event.pop("id") for event in payload["logEvents"]]
    assert all(isinstance(id_, str) for id_ in ids)
    assert payload == {
        "messageType": "DATA_MESSAGE",
        "owner": aws.account,
        "logGroup": group,
        "logStream": "eni-1-all",
        "subscriptionFilters": ["to-function"],
        "logEvents": [{"timestamp": now, "message": "2 line one"}, {"timestamp": now, "message": "2 line two"}],
    }


def test_only_log_events_that_match_the_pattern_are_delivered(
    aws: EmbeddedAws, group: str, function: FunctionFactory
) -> None:
    sees = function()
    subscribe(aws, group, sees, pattern="REJECT")
    put(aws, group, "2 ACCEPT OK", "2 REJECT OK")
    put(aws, group, "2 ACCEPT OK")
    aws.wait_until_quiet()
    assert [[event["message"] for event in payload["logEvents"]] for payload in payloads(sees)] == [["2 REJECT OK"]]


class Stream:
    """A data stream of four shards, a role that may write to it, and its records."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.name = f"stream-{uuid4().hex[:8]}"
        aws.client("kinesis").create_stream(StreamName=self.name, ShardCount=4)
        self.arn = f"arn:aws:kinesis:{aws.region}:{aws.account}:stream/{self.name}"
        self.role = FunctionFactory(aws).role([("kinesis:PutRecord", self.arn)])

    def subscribe(self, group: str, **more: str) -> None:
        wanted = {"filterPattern": "", "destinationArn": self.arn, "roleArn": self.role, **more}
        self.aws.client("logs").put_subscription_filter(logGroupName=group, filterName="to-stream", **wanted)

    def records(self) -> list[dict[str, Any]]:
        kinesis = self.aws.client("kinesis")
        shards = kinesis.list_shards(StreamName=self.name)["Shards"]
        start = {"StreamName": self.name, "ShardIteratorType": "TRIM_HORIZON"}
        iterators = [kinesis.get_shard_iterator(ShardId=each["ShardId"], **start)["ShardIterator"] for each in shards]
        return [each for iterator in iterators for each in kinesis.get_records(ShardIterator=iterator)["Records"]]


@pytest.fixture
def stream(aws: EmbeddedAws) -> Stream:
    return Stream(aws)


def test_log_events_of_one_request_are_one_compressed_stream_record(
    aws: EmbeddedAws, group: str, stream: Stream
) -> None:
    stream.subscribe(group, filterPattern="REJECT")
    now = put(aws, group, "2 REJECT OK", "2 ACCEPT OK")
    [record] = stream.records()
    envelope = json.loads(gzip.decompress(record["Data"]))
    assert [(event["timestamp"], event["message"]) for event in envelope["logEvents"]] == [(now, "2 REJECT OK")]
    assert (envelope["messageType"], envelope["logGroup"]) == ("DATA_MESSAGE", group)


def test_partition_keys_are_the_same_by_log_stream_and_differ_with_random_distribution(
    aws: EmbeddedAws, group: str, stream: Stream
) -> None:
    keys: dict[str, set[str]] = {}
    for distribution in ("ByLogStream", "Random"):
        stream.subscribe(group, distribution=distribution)
        [described] = aws.client("logs").describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
        assert described["distribution"] == distribution
        before = {record["PartitionKey"] for record in stream.records()}
        for _ in range(5):
            put(aws, group, "2 line")
        keys[distribution] = {record["PartitionKey"] for record in stream.records()} - before
    assert {name: len(each) for name, each in keys.items()} == {"ByLogStream": 1, "Random": 5}


def test_a_changed_destination_replaces_the_previous_one(
    aws: EmbeddedAws, group: str, stream: Stream, function: FunctionFactory
) -> None:
    sees = function()
    subscribe(aws, group, sees)
    for destination in ({"destinationArn": stream.arn, "roleArn": stream.role}, {"destinationArn": sees.arn}):
        same = {"logGroupName": group, "filterName": "to-function", "filterPattern": ""}
        aws.client("logs").put_subscription_filter(**same, **destination)
        put(aws, group, destination["destinationArn"])
        aws.wait_until_quiet()
    assert len(stream.records()) == 1
    assert [[event["message"] for event in payload["logEvents"]] for payload in payloads(sees)] == [[sees.arn]]
    [described] = aws.client("logs").describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    assert described["destinationArn"] == sees.arn


def test_a_stream_without_a_role_that_may_write_to_it_is_rejected(aws: EmbeddedAws, group: str, stream: Stream) -> None:
    with pytest.raises(ClientError, match="Could not deliver test message"):
        stream.subscribe(group, roleArn=FunctionFactory(aws).role([("kinesis:GetRecords", stream.arn)]))
    with pytest.raises(ClientError, match="vendor kinesis cannot be used without roleArn"):
        aws.client("logs").put_subscription_filter(
            logGroupName=group, filterName="to-stream", filterPattern="", destinationArn=stream.arn
        )


@pytest.mark.usefixtures("_control_messages_enabled")
def test_a_new_stream_destination_receives_one_control_message(aws: EmbeddedAws, group: str, stream: Stream) -> None:
    stream.subscribe(group)
    stream.subscribe(group, filterPattern="REJECT")
    aws.wait_until_quiet()
    [record] = stream.records()
    assert json.loads(gzip.decompress(record["Data"]))["messageType"] == "CONTROL_MESSAGE"


@pytest.fixture
def _control_messages_enabled() -> Iterator[None]:
    subscriptions.set_control_messages(enabled=True)
    yield
    subscriptions.set_control_messages(enabled=False)


@pytest.mark.usefixtures("_control_messages_enabled")
def test_a_new_function_destination_receives_one_control_message(
    aws: EmbeddedAws, group: str, function: FunctionFactory
) -> None:
    sees = function()
    subscribe(aws, group, sees)
    subscribe(aws, group, sees, pattern="REJECT")
    aws.wait_until_quiet()
    assert [payload["messageType"] for payload in payloads(sees)] == ["CONTROL_MESSAGE"]
