"""Data streams: functions read them shard by shard, and discarded batches become objects."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from local.aws.deployment.verification import missing_resources
from local.aws.embedded import EmbeddedAws
from local.aws.messaging.kinesis import REQUIRED_ACTIONS
from tests.local.aws.conftest import ADMITS_S3, Function, FunctionFactory

REPORTS_BAD_RECORDS = """
import base64
texts = [(each["kinesis"]["sequenceNumber"], base64.b64decode(each["kinesis"]["data"])) for each in event["Records"]]
return {"batchItemFailures": [{"itemIdentifier": number} for number, text in texts if text.startswith(b"bad")]}
"""


class Stream:
    """A data stream, a bucket for discarded batches, and the permissions of functions that read it."""

    def __init__(self, aws: EmbeddedAws, shards: int = 1) -> None:
        self.aws = aws
        self.name = f"stream-{uuid4().hex[:8]}"
        aws.client("kinesis").create_stream(StreamName=self.name, ShardCount=shards)
        self.arn = f"arn:aws:kinesis:{aws.region}:{aws.account}:stream/{self.name}"
        self.bucket = f"failed-{uuid4().hex[:8]}"
        aws.client("s3").create_bucket(Bucket=self.bucket)
        self.grants = [(f"kinesis:{read}", self.arn) for read in REQUIRED_ACTIONS]
        self.grants.append(("s3:PutObject", f"arn:aws:s3:::{self.bucket}/aws/lambda/*"))

    def put(self, *texts: str, key: str = "key") -> None:
        records = [{"Data": text.encode(), "PartitionKey": key} for text in texts]
        self.aws.client("kinesis").put_records(StreamName=self.name, Records=records)

    def connect(self, function: Function, **more: Any) -> str:
        """Creates an event source mapping; returns its id."""
        wanted = {
            "StartingPosition": "TRIM_HORIZON",
            "MaximumRetryAttempts": 1,
            "DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:s3:::{self.bucket}"}},
            **more,
        }
        client = self.aws.client("lambda")
        created = client.create_event_source_mapping(EventSourceArn=self.arn, FunctionName=function.name, **wanted)
        return str(created["UUID"])

    def discarded(self) -> dict[str, Any]:
        """The records of discarded batches, by key."""
        s3 = self.aws.client("s3")
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]
        return {key: json.loads(s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()) for key in keys}


@pytest.fixture
def stream(aws: EmbeddedAws) -> Stream:
    return Stream(aws)


def texts(event: Any) -> list[str]:
    return [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]


def batches(function: Function) -> list[list[str]]:
    return [texts(event) for event in function.events]


def test_a_function_receives_records_in_lambdas_format(
    aws: EmbeddedAws, stream: Stream, function: FunctionFactory
) -> None:
    sees = function(allow=stream.grants)
    stream.connect(sees)
    stream.put("a", "b")
    aws.wait_until_quiet()
    records = [record for event in sees.events for record in event["Records"]]
    assert [base64.b64decode(record["kinesis"]["data"]) for record in records] == [b"a", b"b"]
    assert {record["eventSource"] for record in records} == {"aws:kinesis"}
    assert records[0]["eventID"] == f"shardId-000000000000:{records[0]['kinesis']['sequenceNumber']}"
    assert (records[0]["eventSourceARN"], records[0]["kinesis"]["partitionKey"]) == (stream.arn, "key")
    assert isinstance(records[0]["kinesis"]["approximateArrivalTimestamp"], float)


def test_older_records_are_read_from_the_trim_horizon_and_not_from_latest(
    aws: EmbeddedAws, stream: Stream, function: FunctionFactory
) -> None:
    stream.put("before")
    whole, latest = function(allow=stream.grants), function(allow=stream.grants)
    stream.connect(whole)
    stream.connect(latest, StartingPosition="LATEST")
    aws.wait_until_quiet()
    stream.put("after")
    aws.wait_until_quiet()
    assert (batches(whole), batches(latest)) == ([["before"], ["after"]], [["after"]])


def test_a_batch_is_delivered_when_it_is_full_or_its_window_ends(
    aws: EmbeddedAws, stream: Stream, function: FunctionFactory
) -> None:
    sees = function(allow=stream.grants)
    stream.put("a", "b", "c", "d", "e")
    stream.connect(sees, BatchSize=3, MaximumBatchingWindowInSeconds=5)
    aws.wait_until_quiet()
    assert batches(sees) == [["a", "b", "c"], ["d", "e"]]


def test_a_reported_record_is_discarded_and_later_records_are_processed(
    aws: EmbeddedAws, stream: Stream, function: FunctionFactory
) -> None:
    picky = function(REPORTS_BAD_RECORDS, allow=stream.grants)
    stream.put("a", "bad", "c")
    reports = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "BisectBatchOnFunctionError": True}
    mapping_id = stream.connect(picky, BatchSize=3, **reports)
    aws.wait_until_quiet()
    assert batches(picky) == [["a", "bad", "c"], ["bad", "c"], ["bad"], ["bad"], ["c"]]
    [(key, record)] = stream.discarded().items()
    assert key.startswith(f"aws/lambda/{mapping_id}/shardId-000000000000/20")
    assert texts(json.loads(record["payload"])) == ["bad"]
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    batch = record["KinesisBatchInfo"]
    assert (batch["batchSize"], batch["startSequenceNumber"], batch["streamArn"]) == (1, "2", stream.arn)
    assert batch["startSequenceNumber"] == batch["endSequenceNumber"]


def test_a_batch_that_fails_all_attempts_is_discarded_as_a_whole(
    aws: EmbeddedAws, stream: Stream, function: FunctionFactory
) -> None:
    fails = function("raise ValueError", allow=stream.grants)
    stream.put("a", "b")
    stream.connect(fails)
    aws.wait_until_quiet()
    assert batches(fails) == [["a", "b"]] * 2
    [record] = stream.discarded().values()
    assert texts(json.loads(record["payload"])) == ["a", "b"]
    assert record["KinesisBatchInfo"]["batchSize"] == 2


def test_the_object_of_a_discarded_batch_sends_an_object_event(
    aws: EmbeddedAws, stream: Stream, function: FunctionFactory
) -> None:
    queue = f"object-events-{uuid4().hex[:8]}"
    url = aws.client("sqs").create_queue(QueueName=queue, Attributes={"Policy": ADMITS_S3})["QueueUrl"]
    object_event = {"QueueArn": f"arn:aws:sqs:{aws.region}:{aws.account}:{queue}", "Events": ["s3:ObjectCreated:*"]}
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=stream.bucket, NotificationConfiguration={"QueueConfigurations": [object_event]}
    )
    stream.put("a")
    mapping_id = stream.connect(function("raise ValueError", allow=stream.grants), MaximumRetryAttempts=0)
    aws.wait_until_quiet()
    messages = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    records = [each for message in messages for each in json.loads(message["Body"]).get("Records", [])]
    assert [each["s3"]["object"]["key"].split("/")[2] for each in records] == [mapping_id]


def test_a_failing_shard_does_not_block_other_shards(aws: EmbeddedAws, function: FunctionFactory) -> None:
    stream = Stream(aws, shards=2)
    recovers = function("if 'YmFk' in str(event) and attempts < 5: raise ValueError", allow=stream.grants)
    stream.put("bad", key="a")
    stream.put("good", key="b")
    stream.connect(recovers, MaximumRetryAttempts=10)
    aws.wait_until_quiet()
    assert ["good"] in batches(recovers)
    assert batches(recovers)[-1] == ["bad"]
    assert stream.discarded() == {}


def test_a_function_without_permission_to_read_the_stream_is_not_invoked(aws: EmbeddedAws, stream: Stream) -> None:
    before = len(aws.failures())
    blind = FunctionFactory(aws)(allow=[grant for grant in stream.grants if grant[0] != "kinesis:GetRecords"])
    mapping_id = stream.connect(blind)
    stream.put("a")
    with pytest.raises(TimeoutError, match=r"is not allowed to kinesis:GetRecords on arn:aws:kinesis"):
        aws.wait_until_quiet(1)
    aws.client("lambda").delete_event_source_mapping(UUID=mapping_id)
    assert blind.events == []
    assert aws.failures()[before:]


def test_concurrent_writers_get_unique_sequence_numbers(aws: EmbeddedAws, stream: Stream) -> None:
    def put(number: int) -> str:
        response = aws.client("kinesis").put_record(StreamName=stream.name, Data=b"x", PartitionKey=str(number))
        return str(response["SequenceNumber"])

    with ThreadPoolExecutor(8) as executor:
        assert len(set(executor.map(put, range(32)))) == 32


def test_a_stream_has_all_properties_of_its_template(aws: EmbeddedAws) -> None:
    name = f"stack-{uuid4().hex[:8]}"
    properties = {
        "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
        "StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
        "RetentionPeriodHours": 48,
    }
    template = {"Resources": {"Stream": {"Type": "AWS::Kinesis::Stream", "Properties": properties}}}
    formation = aws.client("cloudformation")
    formation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    assert missing_resources(aws, name) == []
    [described] = formation.describe_stack_resources(StackName=name)["StackResources"]
    shards = aws.client("kinesis").list_shards(StreamName=described["PhysicalResourceId"])["Shards"]
    assert len(shards) == 4
