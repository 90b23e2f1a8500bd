"""S3 objects and CloudWatch Logs events as AWS delivers them."""

import gzip
import re
import time
from collections import Counter

import boto3
import pytest
from moto import mock_aws

from flowsentry.decode import object_texts
from flowsentry.records.fields import DEFAULT_NAMES
from local.traffic.delivery import (
    EventBatch,
    FlowLog,
    RefusedEventsError,
    event_batches,
    objects,
    put_events,
    put_objects,
)
from local.traffic.generation import Traffic
from local.traffic.records import ALL_NAMES, Record, line

FLOW_LOG = FlowLog("fl-0a1b2c3d4e5f60718", "123456789012", "eu-west-1", ALL_NAMES, "flows/")
KEY = re.compile(
    r"flows/AWSLogs/123456789012/vpcflowlogs/eu-west-1/\d{4}/\d\d/\d\d/"
    r"123456789012_vpcflowlogs_eu-west-1_fl-0a1b2c3d4e5f60718_\d{8}T\d\d[0-5][05]Z_[0-9a-f]{8}\.log\.gz"
)


def lines_of(records: list[Record]) -> Counter[str]:
    return Counter(line(record, ALL_NAMES) for record in records)


def test_the_objects_have_every_record_once_under_a_header(traffic: Traffic) -> None:
    found: Counter[str] = Counter()
    for key, body in objects(traffic.records["shop"], FLOW_LOG):
        header, *lines = gzip.decompress(body).decode().splitlines()
        assert KEY.fullmatch(key)
        assert header == " ".join(ALL_NAMES)
        found.update(lines)
    assert found == lines_of(traffic.records["shop"])


def test_an_object_has_the_records_that_end_in_its_five_minutes(traffic: Traffic) -> None:
    end = ALL_NAMES.index("end")
    for _, body in objects(traffic.records["shop"], FLOW_LOG):
        ends = [int(each.split(" ")[end]) for each in gzip.decompress(body).decode().splitlines()[1:]]
        assert len({value // 300 for value in ends}) == 1


def test_the_pipeline_reads_the_objects(traffic: Traffic) -> None:
    _, body = next(objects(traffic.records["shop"], FLOW_LOG))
    (text,) = object_texts([body])
    assert text.names == ALL_NAMES


def test_the_events_have_every_record_once_in_its_interfaces_stream(traffic: Traffic) -> None:
    found: Counter[str] = Counter()
    for batch in event_batches(traffic.records["office"], ALL_NAMES):
        interface = batch.log_stream.removesuffix("-all")
        assert all(f" {interface} " in message for _, message in batch.events)
        found.update(message for _, message in batch.events)
    assert found == lines_of(traffic.records["office"])


def test_an_event_has_the_records_start_as_timestamp_and_events_are_in_order(traffic: Traffic) -> None:
    start = DEFAULT_NAMES.index("start")
    for batch in event_batches(traffic.records["office"], DEFAULT_NAMES, seconds=3600):
        times = [at for at, _ in batch.events]
        assert times == sorted(times)
        assert times == [int(message.split(" ")[start]) * 1000 for _, message in batch.events]


def test_no_call_is_larger_than_put_log_events_allows(traffic: Traffic) -> None:
    busy = [{**record, "interface-id": "eni-1"} for record in traffic.records["office"]]
    batches = list(event_batches(busy, ALL_NAMES, seconds=10**9))
    assert len(batches) > 1
    for batch in batches:
        assert len(batch.events) <= 10_000
        assert sum(len(message) + 26 for _, message in batch.events) <= 1_048_576
        assert batch.events[-1][0] - batch.events[0][0] < 86_400_000


def test_objects_are_put_into_the_bucket() -> None:
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="flow-logs")
        assert put_objects(s3, "flow-logs", [("a/b.log.gz", b"1"), ("a/c.log.gz", b"2")]) == 2
        assert s3.get_object(Bucket="flow-logs", Key="a/c.log.gz")["Body"].read() == b"2"


def test_missing_log_streams_are_created() -> None:
    with mock_aws():
        logs = boto3.client("logs", region_name="eu-west-1")
        logs.create_log_group(logGroupName="flows")
        logs.create_log_stream(logGroupName="flows", logStreamName="eni-1-all")
        at = int(time.time()) * 1000
        batches = [EventBatch("eni-1-all", ((at, "one"), (at, "two"))), EventBatch("eni-2-all", ((at, "three"),))]
        count = put_events(logs, "flows", batches)
        streams = logs.describe_log_streams(logGroupName="flows")["logStreams"]
    assert count == 3
    assert [stream["logStreamName"] for stream in streams] == ["eni-1-all", "eni-2-all"]


def test_rejected_events_raise_refused_events_error() -> None:
    with mock_aws():
        logs = boto3.client("logs", region_name="eu-west-1")
        logs.create_log_group(logGroupName="flows")
        with pytest.raises(RefusedEventsError, match="eni-1-all"):
            put_events(logs, "flows", [EventBatch("eni-1-all", ((1_000_000_000_000, "very old"),))])
