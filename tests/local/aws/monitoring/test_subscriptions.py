"""Log groups, and the functions and data streams that subscribe to them: payloads, probes and patterns."""

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
from tests.local.aws.conftest import Function, Maker


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


def test_log_events_reach_a_function_as_cloudwatch_sends_them(aws: EmbeddedAws, group: str, function: Maker) -> None:
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


def test_a_filter_lets_only_its_pattern_through(aws: EmbeddedAws, group: str, function: Maker) -> None:
    sees = function()
    subscribe(aws, group, sees, pattern="REJECT")
    put(aws, group, "2 ACCEPT OK", "2 REJECT OK")
    put(aws, group, "2 ACCEPT OK")
    aws.wait_until_quiet()
    assert [[event["message"] for event in payload["logEvents"]] for payload in payloads(sees)] == [["2 REJECT OK"]]


class Stream:
    """A data stream of four shards, a role that may put records into it, and what was put."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.name = f"stream-{uuid4().hex[:8]}"
        aws.client("kinesis").create_stream(StreamName=self.name, ShardCount=4)
        self.arn = f"arn:aws:kinesis:{aws.region}:{aws.account}:stream/{self.name}"
        self.role = Maker(aws).role([("kinesis:PutRecord", self.arn)])

    def subscribe(self, group: str, **more: str) -> None:
        wanted = {"filterPattern": "", "destinationArn": self.arn, "roleArn": self.role, **more}
        self.aws.client("logs").put_subscription_filter(logGroupName=group, filterName="to-stream", **wanted)

    def records(self) -> list[dict[str, Any]]:
        kinesis = self.aws.client("kinesis")
        told = kinesis.list_shards(StreamName=self.name)["Shards"]
        where = {"StreamName": self.name, "ShardIteratorType": "TRIM_HORIZON"}
        iterators = [kinesis.get_shard_iterator(ShardId=each["ShardId"], **where)["ShardIterator"] for each in told]
        return [each for iterator in iterators for each in kinesis.get_records(ShardIterator=iterator)["Records"]]


@pytest.fixture
def stream(aws: EmbeddedAws) -> Stream:
    return Stream(aws)


def test_log_events_are_one_record_of_a_stream_compressed_as_for_a_function(
    aws: EmbeddedAws, group: str, stream: Stream
) -> None:
    stream.subscribe(group, filterPattern="REJECT")
    now = put(aws, group, "2 REJECT OK", "2 ACCEPT OK")
    [record] = stream.records()
    envelope = json.loads(gzip.decompress(record["Data"]))
    assert [(event["timestamp"], event["message"]) for event in envelope["logEvents"]] == [(now, "2 REJECT OK")]
    assert (envelope["messageType"], envelope["logGroup"]) == ("DATA_MESSAGE", group)


def test_by_log_stream_one_shard_gets_all_and_by_chance_every_record_its_own(
    aws: EmbeddedAws, group: str, stream: Stream
) -> None:
    keys: dict[str, set[str]] = {}
    for distribution in ("ByLogStream", "Random"):
        stream.subscribe(group, distribution=distribution)
        [told] = aws.client("logs").describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
        assert told["distribution"] == distribution
        before = {record["PartitionKey"] for record in stream.records()}
        for _ in range(5):
            put(aws, group, "2 line")
        keys[distribution] = {record["PartitionKey"] for record in stream.records()} - before
    assert {name: len(each) for name, each in keys.items()} == {"ByLogStream": 1, "Random": 5}


def test_a_filter_changes_its_destination_in_place(
    aws: EmbeddedAws, group: str, stream: Stream, function: Maker
) -> None:
    sees = function()
    subscribe(aws, group, sees)
    for destination in ({"destinationArn": stream.arn, "roleArn": stream.role}, {"destinationArn": sees.arn}):
        where = {"logGroupName": group, "filterName": "to-function", "filterPattern": ""}
        aws.client("logs").put_subscription_filter(**where, **destination)
        put(aws, group, destination["destinationArn"])
        aws.wait_until_quiet()
    assert len(stream.records()) == 1
    assert [[event["message"] for event in payload["logEvents"]] for payload in payloads(sees)] == [[sees.arn]]
    [told] = aws.client("logs").describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    assert told["destinationArn"] == sees.arn


def test_a_role_that_may_not_put_records_is_refused_as_is_none(aws: EmbeddedAws, group: str, stream: Stream) -> None:
    with pytest.raises(ClientError, match="Could not deliver test message"):
        stream.subscribe(group, roleArn=Maker(aws).role([("kinesis:GetRecords", stream.arn)]))
    with pytest.raises(ClientError, match="vendor kinesis cannot be used without roleArn"):
        aws.client("logs").put_subscription_filter(
            logGroupName=group, filterName="to-stream", filterPattern="", destinationArn=stream.arn
        )


@pytest.mark.usefixtures("_probing")
def test_a_stream_is_probed_when_it_becomes_the_destination(aws: EmbeddedAws, group: str, stream: Stream) -> None:
    stream.subscribe(group)
    stream.subscribe(group, filterPattern="REJECT")
    aws.wait_until_quiet()
    [record] = stream.records()
    assert json.loads(gzip.decompress(record["Data"]))["messageType"] == "CONTROL_MESSAGE"


@pytest.fixture
def _probing() -> Iterator[None]:
    subscriptions.set_probes(enabled=True)
    yield
    subscriptions.set_probes(enabled=False)


@pytest.mark.usefixtures("_probing")
def test_a_new_filter_probes_its_function_once(aws: EmbeddedAws, group: str, function: Maker) -> None:
    sees = function()
    subscribe(aws, group, sees)
    subscribe(aws, group, sees, pattern="REJECT")
    aws.wait_until_quiet()
    assert [payload["messageType"] for payload in payloads(sees)] == ["CONTROL_MESSAGE"]


@pytest.mark.parametrize(
    ("pattern", "passes"),
    [
        ("", True),
        ("REJECT", True),
        ("ACCEPT", False),
        ("REJECT OK", True),
        ("-REJECT", False),
        ("-NODATA", True),
        ("?ACCEPT ?REJECT", True),
        ('"REJECT OK"', True),
        ('"OK REJECT"', False),
    ],
)
def test_patterns_of_terms_mean_what_they_mean_on_aws(pattern: str, *, passes: bool) -> None:
    assert subscriptions.matches(pattern, "2 10.0.0.1 REJECT OK") == passes


def test_patterns_of_other_kinds_are_refused_rather_than_guessed() -> None:
    with pytest.raises(NotImplementedError):
        subscriptions.matches("[version, account, ...]", "2 123456789012")
